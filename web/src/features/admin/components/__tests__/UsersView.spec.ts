import { flushPromises } from '@vue/test-utils'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { ApiFault } from '@/api/fault'
import { mountPage } from '@/testing/mountPage'
import UsersView from '../../views/UsersView.vue'

const admin = vi.hoisted(() => ({
  users: vi.fn(),
}))
vi.mock('@/api/admin', () => ({
  adminApi: () => admin,
}))

const ada = {
  id: '0190b7a2-7e57-7000-8000-000000000001',
  email: 'ada@example.com',
  nickname: '<b>Ada</b>',
  avatar_url: '',
  status: 'active',
  signup_source: 'email',
  bindings: ['email', 'github'],
  is_admin: true,
  is_anonymous: false,
  is_confirmed: true,
  created_at: '2026-01-01T00:00:00Z',
  last_login_at: '2026-01-02T00:00:00Z',
  last_active_at: null,
  disabled_until: null,
}
const pageOf = (data: unknown[], next: string | null = null, isCut = false) => ({ data, next, is_cut: isCut })

function wide(matches: boolean): void {
  vi.stubGlobal('matchMedia', () => ({
    matches,
    addEventListener: () => {},
    removeEventListener: () => {},
  }))
}

const lastAsked = () => admin.users.mock.lastCall![0] as Record<string, unknown>

describe('usersView', () => {
  beforeEach(() => {
    wide(true)
    admin.users.mockReset().mockResolvedValue(pageOf([ada]))
  })

  it('shows users with their names as text, their ways to sign in, and a dash where nothing happened', async () => {
    const { wrapper } = await mountPage(UsersView)
    const row = wrapper.get('[data-testid=user-row]')
    expect(row.text()).toContain('<b>Ada</b>')
    expect(row.find('b').exists()).toBe(false)
    expect(row.text()).toContain('E-mail, GitHub')
    expect(row.text()).toContain('Administrator')
    expect(row.text()).toContain('—')
  })

  it('sorts by a column, turns it round, and says so to everybody', async () => {
    const { wrapper, router } = await mountPage(UsersView)
    await wrapper.get('[data-testid=sort-last_active_at]').trigger('click')
    await flushPromises()
    expect(lastAsked()).toMatchObject({ sort: 'last_active_at', order: 'desc' })
    expect(wrapper.get('th[aria-sort=descending]').text()).toContain('Last active')
    await wrapper.get('[data-testid=sort-last_active_at]').trigger('click')
    await flushPromises()
    expect(lastAsked()).toMatchObject({ sort: 'last_active_at', order: 'asc' })
    expect(router.currentRoute.value.query).toEqual({ sort: 'last_active_at', order: 'asc' })
  })

  it('takes search, filters and order from the address, and nothing that it does not know', async () => {
    await mountPage(UsersView, { at: '/admin-users?q=ad&status=disabled&source=github&sort=password_hash' })
    expect(lastAsked()).toMatchObject({
      search: 'ad',
      status: 'disabled',
      source: 'github',
      sort: 'created_at',
    })
  })

  it('goes forward and back by the cursors of the pages', async () => {
    admin.users.mockResolvedValue(pageOf([ada], 'next-1'))
    const { wrapper } = await mountPage(UsersView)
    expect(lastAsked().cursor).toBeUndefined()
    await wrapper.get('[data-testid=page-forward]').trigger('click')
    await flushPromises()
    expect(lastAsked().cursor).toBe('next-1')
    expect(wrapper.text()).toContain('Page 2')
    await wrapper.get('[data-testid=page-back]').trigger('click')
    await flushPromises()
    expect(lastAsked().cursor).toBeUndefined()
  })

  it('goes to the first page when what is listed changes', async () => {
    admin.users.mockResolvedValue(pageOf([ada], 'next-1'))
    const { wrapper, router } = await mountPage(UsersView)
    await wrapper.get('[data-testid=page-forward]').trigger('click')
    await flushPromises()
    await router.replace({
      query: { status: 'disabled' },
    })
    await flushPromises()
    expect(lastAsked()).toMatchObject({ status: 'disabled', cursor: undefined })
    expect(wrapper.text()).toContain('Page 1')
  })

  it('says that nobody matches, that a search was cut, and what failed', async () => {
    admin.users.mockResolvedValueOnce(pageOf([]))
    const { wrapper, router } = await mountPage(UsersView, { at: '/admin-users?q=zz' })
    expect(wrapper.get('[data-testid=no-users]').text()).toContain('No user matches')
    admin.users.mockResolvedValueOnce(pageOf([ada], null, true))
    await router.replace({
      query: { q: 'a' },
    })
    await flushPromises()
    expect(wrapper.find('[data-testid=search-cut]').exists()).toBe(true)
    admin.users.mockRejectedValueOnce(new ApiFault({ status: 500, code: 'internal.unexpected', requestId: 'r-1' }))
    await router.replace({
      query: { q: 'ab' },
    })
    await flushPromises()
    expect(wrapper.get('[data-testid=fault]').text()).toContain('r-1')
  })

  it('is a list of cards where a table would be too wide', async () => {
    wide(false)
    const { wrapper } = await mountPage(UsersView)
    expect(wrapper.find('table').exists()).toBe(false)
    expect(wrapper.get('[data-testid=user-cards]').text()).toContain('ada@example.com')
    expect(wrapper.find('[data-testid=sort-select]').exists()).toBe(true)
  })
})
