import { describe, expect, it } from 'vitest'
import { forgetInbox, holdResend, pendingInbox, rememberInbox, resendHeldUntil } from '../pendingInbox'

describe('pendingInbox', () => {
  it('survives a reload and starts the wait for another mail', () => {
    const before = Date.now()
    rememberInbox({ kind: 'signup', email: 'a@example.com', next: '/ai/jwt' })
    expect(pendingInbox()).toEqual({ kind: 'signup', email: 'a@example.com', next: '/ai/jwt' })
    expect(resendHeldUntil()).toBeGreaterThanOrEqual(before + 60_000)
    forgetInbox()
    expect(pendingInbox()).toBeNull()
    expect(resendHeldUntil()).toBe(0)
  })

  it('waits as long as the server asks', () => {
    expect(holdResend(30, 1_000_000)).toBe(1_030_000)
    expect(resendHeldUntil()).toBe(1_030_000)
  })

  it.each([
    '',
    'nonsense',
    '{}',
    '{"kind":"other","email":"a"}',
    '[]',
    'null',
    '7',
  ])('takes nothing from %j', (stored) => {
    sessionStorage.setItem('tessera.inbox', stored)
    expect(pendingInbox()).toBeNull()
  })

  it('does not trust a stored place to go to', () => {
    sessionStorage.setItem('tessera.inbox', JSON.stringify({ kind: 'signup', email: 'a@example.com', next: '//evil.example' }))
    expect(pendingInbox()?.next).toBe('/')
  })
})
