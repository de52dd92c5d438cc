import { flushPromises } from '@vue/test-utils'
import { describe, expect, it, vi } from 'vitest'
import { mountPage } from '@/testing/mountPage'
import CredentialsForm from '../CredentialsForm.vue'

const idle = { fault: null, pending: false, waitSeconds: 0 }

async function fill(kind: 'signIn' | 'signUp', email: string, password: string) {
  const { wrapper } = await mountPage(CredentialsForm, {
    props: { kind, ...idle },
  })
  // The form puts the cursor in its first field a moment after it appears; nobody types faster.
  await vi.waitFor(() => expect(document.activeElement).toBe(wrapper.get('input[type=email]').element))
  await wrapper.get('input[type=email]').setValue(email)
  await wrapper.get('input[type=password]').setValue(password)
  await wrapper.get('form').trigger('submit')
  await flushPromises()
  return wrapper
}

describe('credentialsForm', () => {
  it('hands over what was typed, the address trimmed and the password untouched', async () => {
    const wrapper = await fill('signIn', ' a@example.com ', ' pass word ')
    expect(wrapper.emitted('submit')).toEqual([
      [
        { email: 'a@example.com', password: ' pass word ' },
      ],
    ])
  })

  it('names each wrong field beside it and goes to the first', async () => {
    const wrapper = await fill('signIn', 'not an address', '')
    expect(wrapper.emitted('submit')).toBeUndefined()
    expect(wrapper.text()).toContain('Enter an address like name@example.com')
    expect(wrapper.text()).toContain('Enter your password')
    expect(document.activeElement).toBe(wrapper.get('input[type=email]').element)
    expect(wrapper.get('input[type=email]').attributes('aria-invalid')).toBe('true')
  })

  it('goes to the password when only that is wrong, and keeps the address', async () => {
    const wrapper = await fill('signUp', 'a@example.com', 'short')
    expect(wrapper.text()).toContain('The password needs at least 8 characters')
    expect(document.activeElement).toBe(wrapper.get('input[type=password]').element)
    expect((wrapper.get('input[type=email]').element as HTMLInputElement).value).toBe('a@example.com')
  })

  it('counts characters, not code units', async () => {
    expect((await fill('signUp', 'a@example.com', '😀😀😀😀')).emitted('submit')).toBeUndefined()
    expect((await fill('signUp', 'a@example.com', '一二三四五六七八')).emitted('submit')).toHaveLength(1)
  })

  it('lets a short existing password try', async () => {
    expect((await fill('signIn', 'a@example.com', 'x')).emitted('submit')).toHaveLength(1)
  })

  it('cannot be sent twice, or before the wait is over', async () => {
    const { wrapper } = await mountPage(CredentialsForm, {
      props: { kind: 'signIn', ...idle, pending: true },
    })
    expect(wrapper.get('button[type=submit]').attributes('disabled')).toBeDefined()
    await wrapper.setProps({ pending: false, waitSeconds: 9 })
    expect(wrapper.get('button[type=submit]').attributes('disabled')).toBeDefined()
    expect(wrapper.get('button[type=submit]').text()).toBe('Wait 9 s')
    await wrapper.setProps({ waitSeconds: 0 })
    expect(wrapper.get('button[type=submit]').attributes('disabled')).toBeUndefined()
  })

  it.each([
    ['signIn', 'current-password'],
    ['signUp', 'new-password'],
  ] as const)('tells password managers what it is (%s)', async (kind, autocomplete) => {
    const { wrapper } = await mountPage(CredentialsForm, {
      props: { kind, ...idle },
    })
    expect(wrapper.get('input[type=email]').attributes('autocomplete')).toBe(kind === 'signIn'
      ? 'username webauthn'
      : 'username')
    expect(wrapper.get('input[type=password]').attributes('autocomplete')).toBe(autocomplete)
  })
})
