import type { RouteLocationNormalized } from 'vue-router'
import { createPinia, setActivePinia } from 'pinia'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { useSession } from '@/stores/session'
import { guard } from '../guard'

function to(fullPath: string, access?: 'user' | 'admin' | 'guest', query: Record<string, string> = {}): RouteLocationNormalized {
  return {
    fullPath,
    path: fullPath,
    meta: { access },
    query,
  } as unknown as RouteLocationNormalized
}

describe('guard', () => {
  beforeEach(() => {
    setActivePinia(createPinia())
  })

  it('sends a stranger to sign in and remembers the page', async () => {
    vi.spyOn(useSession(), 'restore').mockResolvedValue()
    expect(await guard(to('/ai/jwt?x=1', 'user'))).toEqual({
      name: 'login',
      query: { redirect: '/ai/jwt?x=1' },
    })
    expect(await guard(to('/', 'user'))).toEqual({ name: 'login', query: {} })
  })

  it('asks for a lost session before it sends anyone away', async () => {
    const session = useSession()
    const restore = vi.spyOn(session, 'restore').mockImplementation(async () => {
      session.me = { id: 'u1' } as never
    })
    expect(await guard(to('/ai/jwt', 'user'))).toBe(true)
    expect(restore).toHaveBeenCalledWith(true)
  })

  it('lets everyone see public pages', async () => {
    expect(await guard(to('/docs/api'))).toBe(true)
    expect(await guard(to('/login', 'guest'))).toBe(true)
  })

  it('shows the administration to administrators; to others it is not there', async () => {
    const session = useSession()
    vi.spyOn(session, 'restore').mockResolvedValue()
    expect(await guard(to('/admin/users', 'admin'))).toEqual({
      name: 'login',
      query: { redirect: '/admin/users' },
    })
    session.me = { id: 'u1', is_admin: false } as never
    expect(await guard(to('/admin/users', 'admin'))).toEqual({
      name: 'not-found',
      params: {
        pathMatch: ['admin', 'users'],
      },
    })
    session.me = { id: 'u1', is_admin: true } as never
    expect(await guard(to('/admin/users', 'admin'))).toBe(true)
  })

  it.each([
    ['/ai/jwt', '/ai/jwt'],
    ['//evil.example', '/'],
    ['/login', '/'],
  ])('sends the signed-in past the entrance, %s to %s', async (redirect, place) => {
    useSession().me = { id: 'u1' } as never
    expect(await guard(to('/login', 'guest', { redirect }))).toBe(place)
  })
})
