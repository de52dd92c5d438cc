import { defineStore } from 'pinia'
import { shallowRef } from 'vue'
import { ApiFault } from '@/api/fault'

/** Answers that mean: show again that it is you. The second is how the Supabase-compatible surface says it. */
const askAgain = new Set(['session.confirmation_needed', 'reauthentication_needed'])

/**
 * Sensitive changes need a recent proof. A call that is refused for want of one opens the dialog, and is made again when
 * access was confirmed there. There is one dialog, in App.vue.
 */
export const useAccessGate = defineStore('access-gate', () => {
  const waiting = shallowRef<{ settle: (confirmed: boolean) => void } | null>(null)

  function ask(): Promise<boolean> {
    waiting.value?.settle(false)
    return new Promise<boolean>((resolve) => {
      waiting.value = {
        settle: (confirmed) => {
          waiting.value = null
          resolve(confirmed)
        },
      }
    })
  }

  async function confirmed<T>(call: () => Promise<T>): Promise<T> {
    try {
      return await call()
    }
    catch (error) {
      if (!(error instanceof ApiFault) || !askAgain.has(error.code))
        throw error
      if (!await ask())
        throw new ApiFault({ code: 'aborted' })
      return call()
    }
  }

  return {
    waiting,
    confirmed,
    settle: (isConfirmed: boolean) => waiting.value?.settle(isConfirmed),
  }
})
