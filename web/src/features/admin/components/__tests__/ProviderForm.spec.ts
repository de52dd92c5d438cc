import { flushPromises } from '@vue/test-utils'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { ApiFault } from '@/api/fault'
import { mountPage } from '@/testing/mountPage'
import ProviderForm from '../ProviderForm.vue'

const admin = vi.hoisted(() => ({
  createProvider: vi.fn(),
  changeProvider: vi.fn(),
}))
vi.mock('@/api/admin', () => ({
  adminApi: () => admin,
}))

const kind = {
  type: 'oidc',
  display_name: 'OpenID Connect',
  is_single: false,
  fields: [
    {
      name: 'issuer',
      kind: 'text',
      default: '',
      help: 'The issuer.',
    },
    {
      name: 'client_secret',
      kind: 'secret',
      default: '',
      help: 'The secret.',
    },
    {
      name: 'scopes',
      kind: 'list',
      default: 'openid,profile',
      help: 'Scopes.',
    },
  ],
}
const provider = {
  name: 'lab',
  type: 'oidc',
  display_name: 'Laboratory',
  is_enabled: false,
  origin: 'administration',
  version: 4,
  config: {
    issuer: 'https://id.example.com',
    scopes: ['openid', 'profile'],
  },
  secrets: { client_secret: true },
  redirect_uri: 'https://t.example/auth/v1/callback/lab',
  updated_at: null,
}

const show = async (of: typeof provider | null) => (await mountPage(ProviderForm, {
  props: { kind, provider: of, taken: [] },
})).wrapper

describe('providerForm', () => {
  beforeEach(() => {
    admin.changeProvider.mockReset().mockResolvedValue(provider)
    admin.createProvider.mockReset().mockResolvedValue(provider)
  })

  it('never shows a secret, and sends none that was not typed', async () => {
    const wrapper = await show(provider)
    const secret = wrapper.get<HTMLInputElement>('[data-testid=field-client_secret]')
    expect(secret.element.value).toBe('')
    expect(secret.attributes('type')).toBe('password')
    await wrapper.get('[data-testid=field-issuer]').setValue('https://other.example.com')
    await wrapper.get('form').trigger('submit')
    await flushPromises()
    expect(admin.changeProvider).toHaveBeenCalledExactlyOnceWith('lab', {
      version: 4,
      config: { issuer: 'https://other.example.com' },
      secrets: {},
    })
  })

  it('reads a list as it is typed', async () => {
    const wrapper = await show(null)
    await wrapper.get('[data-testid=provider-name]').setValue('lab')
    await wrapper.get('[data-testid=field-scopes]').setValue('openid email,  groups')
    await wrapper.get('[data-testid=field-client_secret]').setValue('s3cret')
    await wrapper.get('form').trigger('submit')
    await flushPromises()
    expect(admin.createProvider.mock.lastCall![0]).toMatchObject({
      name: 'lab',
      type: 'oidc',
      is_enabled: false,
      config: {
        scopes: ['openid', 'email', 'groups'],
      },
      secrets: { client_secret: 's3cret' },
    })
  })

  it('puts the server\'s reasons at their fields', async () => {
    admin.changeProvider.mockRejectedValue(new ApiFault({
      status: 422,
      code: 'provider.settings_invalid',
      fields: { 'config.issuer': 'must begin with https://' },
    }))
    const wrapper = await show(provider)
    await wrapper.get('[data-testid=field-issuer]').setValue('http://x')
    await wrapper.get('form').trigger('submit')
    await flushPromises()
    expect(wrapper.text()).toContain('must begin with https://')
    expect(wrapper.get('[data-testid=field-issuer]').attributes('aria-invalid')).toBe('true')
  })
})
