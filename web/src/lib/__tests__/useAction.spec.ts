import { beforeEach, describe, expect, it, vi } from 'vitest'
import { effectScope } from 'vue'
import { ApiFault } from '@/api/fault'
import { useAction } from '../useAction'

function inScope<T>(make: () => T): T {
  return effectScope().run(make)!
}

describe('useAction', () => {
  beforeEach(() => {
    vi.useFakeTimers({ now: 1_000_000 })
    return () => vi.useRealTimers()
  })

  it('drops a second call while the first runs', async () => {
    const finish: (() => void)[] = []
    const work = vi.fn(() => new Promise<void>(resolve => finish.push(resolve)))
    const action = inScope(() => useAction(work))
    const first = action.run()
    expect(action.pending.value).toBe(true)
    expect(await action.run()).toBe(false)
    finish[0]!()
    expect(await first).toBe(true)
    expect(work).toHaveBeenCalledTimes(1)
    expect(action.pending.value).toBe(false)
  })

  it('counts down the wait that the server asks for, and blocks meanwhile', async () => {
    const action = inScope(() => useAction(() => Promise.reject(new ApiFault({ status: 429, code: 'over_request_rate_limit', retryAfter: 3 }))))
    expect(await action.run()).toBe(false)
    expect(action.fault.value?.code).toBe('over_request_rate_limit')
    expect(action.waitSeconds.value).toBe(3)
    expect(action.blocked.value).toBe(true)
    await vi.advanceTimersByTimeAsync(2000)
    expect(action.waitSeconds.value).toBe(1)
    await vi.advanceTimersByTimeAsync(1000)
    expect(action.blocked.value).toBe(false)
  })

  it('forgets the last fault when it is run again', async () => {
    let fails = true
    const action = inScope(() => useAction(async () => {
      if (fails)
        throw new TypeError('Failed to fetch')
    }))
    await action.run()
    expect(action.fault.value?.code).toBe('network_unreachable')
    fails = false
    await action.run()
    expect(action.fault.value).toBeNull()
  })
})
