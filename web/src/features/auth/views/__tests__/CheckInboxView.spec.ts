import { flushPromises } from '@vue/test-utils'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { ApiFault } from '@/api/fault'
import { useSession } from '@/stores/session'
import { mountPage } from '@/testing/mountPage'
import { rememberInbox } from '../../lib/pendingInbox'
import CheckInboxView from '../CheckInboxView.vue'

async function paste(wrapper: Awaited<ReturnType<typeof mountPage>>['wrapper'], code: string) {
  await wrapper.get('input').setValue(code)
  await flushPromises()
}

describe('checkInboxView', () => {
  beforeEach(() => void vi.useFakeTimers({
    toFake: ['setInterval', 'clearInterval', 'Date'],
  }))
  afterEach(() => void vi.useRealTimers())

  it('sends the code when it is complete, as text with its zeros', async () => {
    rememberInbox({ kind: 'signup', email: 'a@example.com', next: '/jwt-test' })
    const { wrapper, router } = await mountPage(CheckInboxView)
    const verify = vi.spyOn(useSession(), 'verify').mockResolvedValue(true)
    await paste(wrapper, ' 012-340\n')
    expect(verify).toHaveBeenCalledExactlyOnceWith({ type: 'signup', email: 'a@example.com', token: '012340' })
    expect(router.currentRoute.value.fullPath).toBe('/jwt-test')
  })

  it('waits for the whole code', async () => {
    rememberInbox({ kind: 'signup', email: 'a@example.com', next: '/' })
    const { wrapper } = await mountPage(CheckInboxView)
    const verify = vi.spyOn(useSession(), 'verify').mockResolvedValue(true)
    await paste(wrapper, '12345x')
    await wrapper.get('form').trigger('submit')
    await flushPromises()
    expect(verify).not.toHaveBeenCalled()
    expect(wrapper.get('button[type=submit]').attributes('disabled')).toBeDefined()
  })

  it('goes on to choose a password after a recovery code', async () => {
    rememberInbox({ kind: 'recovery', email: 'a@example.com', next: '/' })
    const { wrapper, router } = await mountPage(CheckInboxView)
    vi.spyOn(useSession(), 'verify').mockResolvedValue(true)
    await paste(wrapper, '123456')
    expect(router.currentRoute.value.name).toBe('reset-password')
  })

  it('says that a code is wrong and empties the field', async () => {
    rememberInbox({ kind: 'signup', email: 'a@example.com', next: '/' })
    const { wrapper } = await mountPage(CheckInboxView)
    vi.spyOn(useSession(), 'verify').mockRejectedValue(new ApiFault({ status: 403, code: 'otp_expired' }))
    await paste(wrapper, '123456')
    expect(wrapper.get('[role=alert]').text()).toContain('The code or link is wrong or has expired.')
    expect(wrapper.get('input').element.value).toBe('')
  })

  it('holds the next mail back for a minute, also after a reload', async () => {
    rememberInbox({ kind: 'signup', email: 'a@example.com', next: '/' })
    const first = await mountPage(CheckInboxView)
    expect(first.wrapper.get('[data-testid=resend]').text()).toBe('Send again in 60 s')
    await vi.advanceTimersByTimeAsync(20_000)
    first.wrapper.unmount()
    const { wrapper } = await mountPage(CheckInboxView)
    const button = wrapper.get('[data-testid=resend]')
    expect(button.text()).toBe('Send again in 40 s')
    expect(button.attributes('disabled')).toBeDefined()
    await vi.advanceTimersByTimeAsync(40_000)
    expect(button.text()).toBe('Send again')
    const resend = vi.spyOn(useSession(), 'resendConfirmation').mockResolvedValue(undefined)
    await button.trigger('click')
    await flushPromises()
    expect(resend).toHaveBeenCalledWith('a@example.com', '/')
    expect(button.text()).toBe('Send again in 60 s')
  })

  it('waits as long as a refusal says', async () => {
    rememberInbox({ kind: 'recovery', email: 'a@example.com', next: '/' })
    const { wrapper } = await mountPage(CheckInboxView)
    await vi.advanceTimersByTimeAsync(60_000)
    vi.spyOn(useSession(), 'sendRecovery').mockRejectedValue(new ApiFault({ status: 429, code: 'over_email_send_rate_limit', retryAfter: 25 }))
    await wrapper.get('[data-testid=resend]').trigger('click')
    await flushPromises()
    expect(wrapper.get('[data-testid=resend]').text()).toBe('Send again in 25 s')
    expect(wrapper.get('[role=alert]').text()).toContain('Too many e-mails were asked for.')
  })

  it('has a way out when there is nothing to wait for', async () => {
    const { wrapper } = await mountPage(CheckInboxView)
    expect(wrapper.text()).toContain('No e-mail to wait for')
  })
})
