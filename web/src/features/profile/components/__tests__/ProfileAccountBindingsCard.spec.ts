import { flushPromises } from '@vue/test-utils'
import { describe, expect, it, vi } from 'vitest'
import { useSession } from '@/stores/session'
import { fakeFetch, json } from '@/testing/fakeFetch'
import { mountPage } from '@/testing/mountPage'
import ProfileAccountBindingsCard from '../ProfileAccountBindingsCard.vue'

const email = {
  identity_id: 'i-1',
  provider: 'email',
  id: 'u-1',
  created_at: '2026-01-01T00:00:00Z',
  identity_data: { email: 'a@example.com' },
}
const github = {
  identity_id: 'i-2',
  provider: 'github',
  id: '123456789',
  created_at: '2026-01-02T00:00:00Z',
  last_sign_in_at: '2026-01-03T00:00:00Z',
  identity_data: { name: 'Octo', avatar_url: 'https://pictures.example/o.png' },
}
const config = {
  sources: [
    { name: 'github', type: 'github', display_name: 'GitHub' },
    { name: 'linuxdo', type: 'linuxdo', display_name: 'LINUX DO' },
  ],
}

async function show(identities: unknown[]) {
  const mounted = await mountPage(ProfileAccountBindingsCard, {
    props: { identities },
    config,
  })
  vi.spyOn(useSession(), 'accessToken').mockResolvedValue('token')
  return mounted.wrapper
}

describe('profileAccountBindingsCard', () => {
  it('lists what is bound, the account there masked, names for reference', async () => {
    const row = (await show([email, github])).get('[data-testid=binding-github]')
    expect(row.text()).toContain('GitHub')
    expect(row.text()).toContain('12•••89')
    expect(row.text()).not.toContain('123456789')
    expect(row.text()).toContain('Octo')
    expect(row.text()).toContain('A picture at pictures.example')
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
