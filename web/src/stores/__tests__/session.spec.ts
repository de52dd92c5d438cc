import type { AuthGateway, SessionToken } from '@/features/auth/gateway/port'
import { createPinia, setActivePinia } from 'pinia'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { ApiFault } from '@/api/fault'
import { fakeFetch, json } from '@/testing/fakeFetch'
import { useSession } from '../session'

const me = { id: 'u1', email: 'a@example.com', is_admin: false }
const later = () => Math.floor(Date.now() / 1000) + 3600
const token = (name: string, expiresAt = later()): SessionToken => ({ accessToken: name, expiresAt })

function gatewayWith(parts: Partial<AuthGateway>): AuthGateway {
  const refuse = () => Promise.reject(new Error('unexpected use of the gateway'))
  return {
    renew: refuse,
    signIn: refuse,
    signUp: refuse,
    verify: refuse,
    resendConfirmation: refuse,
    sendRecovery: refuse,
    setPassword: refuse,
    exchange: refuse,
    signOut: refuse,
    ...parts,
  }
}

async function signedIn(parts: Partial<AuthGateway> = {}) {
  fakeFetch(() => json(me))
  const session = useSession()
  session.connect(gatewayWith({
    signIn: async () => token('t1'),
    ...parts,
  }))
  await session.signIn('a@example.com', 'secret-secret')
  return session
}

describe('session store', () => {
  beforeEach(() => {
    setActivePinia(createPinia())
  })

  it('signs in, and keeps the token out of all storage', async () => {
    const session = await signedIn()
    expect(session.signedIn).toBe(true)
    expect(await session.accessToken()).toBe('t1')
    const kept = JSON.stringify({ ...localStorage }) + JSON.stringify({ ...sessionStorage }) + document.cookie
    expect(kept).not.toContain('t1')
  })

  it('is not signed in when the account cannot be read', async () => {
    fakeFetch(() => json({ code: 'internal', detail: 'no' }, 500))
    const session = useSession()
    session.connect(gatewayWith({
      signIn: async () => token('t1'),
    }))
    await expect(session.signIn('a@example.com', 'x')).rejects.toMatchObject({ status: 500 })
    expect(session.signedIn).toBe(false)
  })

  it('waits halfway for the second factor, and goes in with it', async () => {
    const refusal = () => json({ code: 'access.second_factor_needed', detail: 'no' }, 403)
    const calls = fakeFetch(call => new Request(call.url).url.includes('second-factor')
      ? json({
          access_token: 't2',
          expires_at: new Date(Date.now() + 3600_000).toISOString(),
        })
      : call.headers.get('Authorization') === 'Bearer t2'
        ? json(me)
        : refusal())
    const session = useSession()
    session.connect(gatewayWith({
      signIn: async () => token('t1'),
    }))
    await session.signIn('a@example.com', 'x')
    expect(session.signedIn).toBe(false)
    expect(session.halfway).toBe(true)
    await session.showSecondFactor('123456')
    expect(session.signedIn).toBe(true)
    expect(session.halfway).toBe(false)
    expect(await session.accessToken()).toBe('t2')
    expect(calls.length).toBeGreaterThan(2)
  })

  it('renews once for many callers', async () => {
    const soon = () => Math.floor(Date.now() / 1000) + 5
    const renew = vi.fn(async () => token('t2', soon()))
    const session = await signedIn({
      renew,
      signIn: async () => token('t1', soon()),
    })
    renew.mockClear()
    const tokens = await Promise.all(Array.from({ length: 20 }, () => session.accessToken()))
    expect(tokens).toEqual(Array.from({ length: 20 }).fill('t2'))
    expect(renew).toHaveBeenCalledTimes(1)
  })

  it('tries a refused call once more with a renewed token', async () => {
    const renew = vi.fn(async () => token('t2'))
    const session = await signedIn({ renew })
    const calls = fakeFetch(call => call.headers.get('Authorization') === 'Bearer t2'
      ? json({ data: [] })
      : json({ code: 'bad_jwt' }, 401))
    expect(await session.api.models()).toEqual([])
    expect(calls.map(call => call.headers.get('Authorization'))).toEqual(['Bearer t1', 'Bearer t2'])
    expect(renew).toHaveBeenCalledTimes(1)
  })

  it('gives up after the second refusal', async () => {
    const session = await signedIn({
      renew: async () => token('t2'),
    })
    const calls = fakeFetch(() => json({ code: 'bad_jwt' }, 401))
    await expect(session.api.models()).rejects.toMatchObject({ status: 401 })
    expect(calls).toHaveLength(2)
  })

  it('ends when the server knows no session any more, and tells the other tabs', async () => {
    const heard: unknown[] = []
    const other = new BroadcastChannel('tessera.session')
    other.onmessage = event => heard.push(event.data)
    const session = await signedIn({
      renew: async () => null,
    })
    fakeFetch(() => json({ code: 'session_not_found' }, 401))
    await expect(session.api.models()).rejects.toMatchObject({ code: 'signed_out' })
    expect(session.signedIn).toBe(false)
    expect(session.endedElsewhere).toBe(true)
    await vi.waitFor(() => expect(heard).toEqual([
      { type: 'signed-in', userId: 'u1' },
      { type: 'signed-out' },
    ]))
    other.close()
  })

  it('follows another tab out and in', async () => {
    const session = await signedIn({
      renew: async () => token('t3'),
    })
    const other = new BroadcastChannel('tessera.session')
    other.postMessage({ type: 'signed-out' })
    await vi.waitFor(() => expect(session.signedIn).toBe(false))
    other.postMessage({ type: 'signed-in', userId: 'u1' })
    await vi.waitFor(() => expect(session.signedIn).toBe(true))
    expect(await session.accessToken()).toBe('t3')
    other.close()
  })

  it('does not ask for a session where none was before, unless it must', async () => {
    const renew = vi.fn(async () => null)
    const session = useSession()
    session.connect(gatewayWith({ renew }))
    await session.restore()
    expect(renew).not.toHaveBeenCalled()
    await session.restore(true)
    expect(renew).toHaveBeenCalledTimes(1)
    expect(session.endedElsewhere).toBe(false)
  })

  it('stays signed in when a renewal merely cannot reach the server', async () => {
    const session = await signedIn({
      renew: () => Promise.reject(new TypeError('Failed to fetch')),
    })
    vi.useFakeTimers({
      toFake: ['Date'],
      now: Date.now() + 3_600_000,
    })
    await expect(session.accessToken()).rejects.toThrow('Failed to fetch')
    expect(session.signedIn).toBe(true)
    expect(session.endedElsewhere).toBe(false)
    vi.useRealTimers()
  })

  it.each(['local', 'global'] as const)('signs out (%s) and forgets', async (scope) => {
    const signOut = vi.fn(async () => {})
    const session = await signedIn({ signOut })
    await session.signOut(scope)
    expect(signOut).toHaveBeenCalledWith(expect.objectContaining({ accessToken: 't1' }), scope)
    expect(session.signedIn).toBe(false)
    expect(localStorage.getItem('tessera.signed-in')).toBeNull()
  })

  it('stays signed in when only the others are signed out', async () => {
    const session = await signedIn({
      signOut: async () => {},
    })
    await session.signOut('others')
    expect(session.signedIn).toBe(true)
  })

  it('does not pretend to have signed out when the server refused', async () => {
    const session = await signedIn({
      signOut: () => Promise.reject(new ApiFault({ status: 500, code: 'internal' })),
    })
    await expect(session.signOut('global')).rejects.toMatchObject({ code: 'internal' })
    expect(session.signedIn).toBe(true)
  })
})
