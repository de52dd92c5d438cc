import { flushPromises } from '@vue/test-utils'
import { describe, expect, it, vi } from 'vitest'
import { useSession } from '@/stores/session'
import { fakeFetch, json } from '@/testing/fakeFetch'
import { mountPage } from '@/testing/mountPage'
import ProfileAccountBindingsCard from '../ProfileAccountBindingsCard.vue'

const email = {
  identity_id: 'i-1',
  type: 'email',
  source: '',
  display_name: 'email',
  account: 'a@example.com',
  nickname: '',
  avatar_url: '',
  bound_at: '2026-01-01T00:00:00Z',
  last_used_at: null,
}
const github = {
  ...email,
  identity_id: 'i-2',
  type: 'github',
  source: 'github',
  display_name: 'GitHub',
  account: '12•••89',
  nickname: 'Octo',
  avatar_url: '/api/v1/me/bindings/i-2/avatar',
  last_used_at: '2026-01-03T00:00:00Z',
}
const issuer = (name: string, display: string) => ({
  ...email,
  identity_id: `i-${name}`,
  type: 'oidc',
  source: name,
  display_name: display,
  account: 'su•••ct',
})
const config = {
  sources: [
    { name: 'github', type: 'github', display_name: 'GitHub' },
    { name: 'linuxdo', type: 'linuxdo', display_name: 'LINUX DO' },
    { name: 'corp', type: 'oidc', display_name: 'Corp SSO' },
    { name: 'school', type: 'oidc', display_name: 'School' },
  ],
}

async function show(bindings: unknown[]) {
  // The card's pictures come by calls of the page's own.
  URL.createObjectURL = () => 'blob:picture'
  URL.revokeObjectURL = () => {}
  const mounted = await mountPage(ProfileAccountBindingsCard, {
    props: { bindings: [] },
    config,
  })
  const session = useSession()
  vi.spyOn(session, 'accessToken').mockResolvedValue('token')
  vi.spyOn(session.api, 'picture').mockResolvedValue(new Blob(['picture']))
  await mounted.wrapper.setProps({ bindings })
  await flushPromises()
  return mounted.wrapper
}

describe('profileAccountBindingsCard', () => {
  it('lists what is bound, the account there masked, names and pictures for reference', async () => {
    const row = (await show([email, github])).get('[data-testid=binding-github]')
    expect(row.text()).toContain('GitHub')
    expect(row.text()).toContain('12•••89')
    expect(row.get('[data-testid=suggested-nickname]').text()).toBe('Octo')
    expect(row.get('img').attributes('src')).toBe('blob:picture')
  })

  it('calls each OpenID issuer by its own name', async () => {
    const wrapper = await show([
      issuer('corp', 'Corp SSO'),
      issuer('school', 'School'),
    ])
    expect(wrapper.get('[data-testid=binding-corp]').text()).toContain('Corp SSO')
    expect(wrapper.get('[data-testid=binding-school]').text()).toContain('School')
    expect(wrapper.find('[data-testid=bind-corp]').exists()).toBe(false)
  })

  it('takes a suggestion over by a press, and by nothing else', async () => {
    const wrapper = await show([email, github])
    const session = useSession()
    const avatar = vi.spyOn(session.api, 'setAvatar').mockResolvedValue({ nickname: '', avatar_url: '/avatars/x' } as never)
    const nickname = vi.spyOn(session.api, 'changeNickname').mockResolvedValue({ nickname: 'Octo' } as never)
    await wrapper.get('[data-testid=take-avatar]').trigger('click')
    await flushPromises()
    expect(avatar).toHaveBeenCalledWith({ identity_id: 'i-2' })
    expect(nickname).not.toHaveBeenCalled()
    await wrapper.get('[data-testid=take-nickname]').trigger('click')
    await flushPromises()
    expect(nickname).toHaveBeenCalledWith('Octo')
    expect(wrapper.find('[data-testid=take-nickname]').exists()).toBe(false)
  })

  it('offers those that are not bound', async () => {
    const wrapper = await show([email, github])
    expect(wrapper.find('[data-testid=bind-linuxdo]').exists()).toBe(true)
    expect(wrapper.find('[data-testid=bind-github]').exists()).toBe(false)
  })

  it('will not remove the last way in, and says why', async () => {
    const wrapper = await show([github])
    const button = wrapper.get('button[aria-label="Unbind GitHub"]')
    expect(button.attributes('disabled')).toBeDefined()
    expect(document.getElementById(button.attributes('aria-describedby')!)?.textContent).toContain('last way into your account')
  })

  it('asks before it unbinds', async () => {
    const wrapper = await show([email, github])
    const calls = fakeFetch(() => json({}))
    await wrapper.get('button[aria-label="Unbind GitHub"]').trigger('click')
    await flushPromises()
    expect(document.querySelector('[data-testid=confirm-unbind]')).not.toBeNull()
    expect(calls).toHaveLength(0)
  })
})
