import { flushPromises } from '@vue/test-utils'
import { createPinia, setActivePinia } from 'pinia'
import { describe, expect, it, vi } from 'vitest'
import { useAccessGate } from '@/features/security/lib/useAccessGate'
import { useSession } from '@/stores/session'
import { json } from '@/testing/fakeFetch'

describe('calls of administrators', () => {
  it('ask for a proof where the server wants one, and are made again with their body', async () => {
    setActivePinia(createPinia())
    const session = useSession()
    session.replace({ accessToken: 'token', expiresAt: Date.now() / 1000 + 3600 })
    const bodies: unknown[] = []
    vi.stubGlobal('fetch', async (request: Request) => {
      bodies.push(await request.json())
      return bodies.length === 1
        ? json({ code: 'session.confirmation_needed', detail: '' }, 403)
        : json({ id: 'u1' })
    })
    const answer = session.admin.setRole('0190b7a2-7e57-7000-8000-000000000001', true)
    await vi.waitFor(() => expect(useAccessGate().waiting).not.toBeNull())
    useAccessGate().settle(true)
    await flushPromises()
    expect(await answer).toEqual({ id: 'u1' })
    expect(bodies).toEqual([
      { is_admin: true },
      { is_admin: true },
    ])
  })
})
