import type { AccessMethod } from '@/api/types'
import { flushPromises } from '@vue/test-utils'
import { describe, expect, it, vi } from 'vitest'
import { ApiFault } from '@/api/fault'
import { useSession } from '@/stores/session'
import { mountPage } from '@/testing/mountPage'
import { useAccessGate } from '../../lib/useAccessGate'
import ConfirmAccessDialog from '../ConfirmAccessDialog.vue'

const access = (methods: AccessMethod[]) => ({
  confirmed_until: null,
  server_time: '',
  second_factor_needed: false,
  methods,
})
const dialog = () => document.querySelector<HTMLElement>('[role=dialog]')

async function open(methods: AccessMethod[]) {
  await mountPage(ConfirmAccessDialog)
  const api = useSession().api
  vi.spyOn(api, 'access').mockResolvedValue(access(methods))
  const confirm = vi.spyOn(api, 'confirmAccess').mockResolvedValue(access(methods))
  const call = vi.fn<() => Promise<string>>().mockRejectedValueOnce(new ApiFault({ code: 'session.confirmation_needed' })).mockResolvedValue('done')
  const result = useAccessGate().confirmed(call)
  result.catch(() => {})
  await flushPromises()
  return { confirm, result, api }
}

async function type(selector: string, text: string) {
  const input = dialog()!.querySelector<HTMLInputElement>(selector)!
  input.value = text
  input.dispatchEvent(new Event('input', { bubbles: true }))
  await flushPromises()
}

async function submit() {
  dialog()!.querySelector('form')!.dispatchEvent(new Event('submit', { bubbles: true, cancelable: true }))
  await flushPromises()
}

describe('confirmAccessDialog', () => {
  it('asks for the password, and lets the call go on', async () => {
    const { confirm, result } = await open(['password', 'email'])
    await type('input[type=password]', 'correct-horse-9')
    await submit()
    expect(confirm).toHaveBeenCalledWith({ password: 'correct-horse-9' })
    await expect(result).resolves.toBe('done')
  })

  it('prefers the second factor, and takes a recovery code in its place', async () => {
    const { confirm, result } = await open(['totp'])
    dialog()!.querySelector<HTMLElement>('[data-testid=other-code]')!.click()
    await flushPromises()
    await type('[data-testid=recovery-code] input, input[data-testid=recovery-code]', 'abcde-fghjk')
    await submit()
    expect(confirm).toHaveBeenCalledWith({ code: 'abcde-fghjk' })
    await expect(result).resolves.toBe('done')
  })

  it('mails a code only when it is asked to', async () => {
    const { api, confirm } = await open(['email'])
    const send = vi.spyOn(api, 'sendAccessCode').mockResolvedValue(undefined)
    expect(dialog()!.querySelector('input')).toBeNull()
    dialog()!.querySelector<HTMLElement>('[data-testid=mail-code]')!.click()
    await flushPromises()
    expect(send).toHaveBeenCalledOnce()
    await type('input', '123456')
    expect(confirm).toHaveBeenCalledWith({ email_code: '123456' })
  })

  it('says what was wrong, and stays', async () => {
    const { confirm } = await open(['password'])
    confirm.mockRejectedValueOnce(new ApiFault({ status: 422, code: 'session.password_wrong' }))
    await type('input[type=password]', 'wrong')
    await submit()
    expect(dialog()!.querySelector('[role=alert]')!.textContent).toContain('The password is wrong.')
    expect(useAccessGate().waiting).not.toBeNull()
  })

  it('says so when nothing can confirm this session', async () => {
    await open([])
    expect(dialog()!.textContent).toContain('cannot be confirmed here')
  })
})
