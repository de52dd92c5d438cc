import type { ApiFault } from '@/api/fault'
import { computed, readonly, ref, shallowRef } from 'vue'
import { asFault } from '@/api/fault'
import { useCountdown } from '@/lib/useCountdown'

/**
 * Runs one asynchronous action at a time and keeps what a form needs to know about it: whether it is under way, what
 * went wrong, and for how many seconds the server asked to wait. A second call while one runs is dropped.
 */
export function useAction<Args extends unknown[]>(action: (...args: Args) => Promise<void>) {
  const pending = ref(false)
  const fault = shallowRef<ApiFault | null>(null)
  const wait = useCountdown()

  async function run(...args: Args): Promise<boolean> {
    if (pending.value)
      return false
    pending.value = true
    fault.value = null
    try {
      await action(...args)
      return true
    }
    catch (error) {
      fault.value = asFault(error)
      if (fault.value.retryAfter)
        wait.start(fault.value.retryAfter)
      return false
    }
    finally {
      pending.value = false
    }
  }

  return {
    run,
    fault,
    pending: readonly(pending),
    waitSeconds: wait.left,
    blocked: computed(() => pending.value || wait.left.value > 0),
  }
}
