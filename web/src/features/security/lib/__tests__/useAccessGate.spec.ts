import { createPinia, setActivePinia } from 'pinia'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { ApiFault } from '@/api/fault'
import { useAccessGate } from '../useAccessGate'

const needed = (code: string) => new ApiFault({ status: 403, code })

describe('useAccessGate', () => {
  beforeEach(() => setActivePinia(createPinia()))

  it.each(['session.confirmation_needed', 'reauthentication_needed'])('asks for %s, and makes the call again once it is confirmed', async (code) => {
    const gate = useAccessGate()
    const call = vi.fn<() => Promise<string>>().mockRejectedValueOnce(needed(code)).mockResolvedValueOnce('done')
    const result = gate.confirmed(call)
    await vi.waitFor(() => expect(gate.waiting).not.toBeNull())
    gate.settle(true)
    await expect(result).resolves.toBe('done')
    expect(call).toHaveBeenCalledTimes(2)
    expect(gate.waiting).toBeNull()
  })

  it('does not make the call again when the person changes their mind, and shows no fault', async () => {
    const gate = useAccessGate()
    const call = vi.fn().mockRejectedValue(needed('session.confirmation_needed'))
    const result = gate.confirmed(call)
    await vi.waitFor(() => expect(gate.waiting).not.toBeNull())
    gate.settle(false)
    await expect(result).rejects.toMatchObject({ code: 'aborted' })
    expect(call).toHaveBeenCalledTimes(1)
  })

  it('asks once: a second refusal is the answer', async () => {
    const gate = useAccessGate()
    const result = gate.confirmed(() => Promise.reject(needed('session.confirmation_needed')))
    await vi.waitFor(() => expect(gate.waiting).not.toBeNull())
    gate.settle(true)
    await expect(result).rejects.toMatchObject({ code: 'session.confirmation_needed' })
    expect(gate.waiting).toBeNull()
  })

  it('leaves every other refusal alone', async () => {
    const gate = useAccessGate()
    await expect(gate.confirmed(() => Promise.reject(needed('access.administrator_only')))).rejects.toMatchObject({ code: 'access.administrator_only' })
    expect(gate.waiting).toBeNull()
  })
})
