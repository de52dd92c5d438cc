import type { Choices, PendingView } from './api'
import type { FlowEvent } from './flow'
import { computed, shallowRef, watch } from 'vue'
import { asFault } from '@/api/fault'
import { useAction } from '@/lib/useAction'
import { useCountdown } from '@/lib/useCountdown'
import { useSession } from '@/stores/session'
import { thirdPartyApi } from './api'
import { initialFlow, reduceFlow } from './flow'

/** Drives the state machine of `flow.ts` by the server's answers. Nothing of it is kept in this browser. */
export function usePendingFlow() {
  const session = useSession()
  const state = shallowRef(initialFlow)
  const countdown = useCountdown()
  let credentials = { email: '', password: '' }

  function dispatch(event: FlowEvent): void {
    state.value = reduceFlow(state.value, event)
    const pending = 'pending' in event
      ? event.pending
      : null
    // The server's clock says how long; this browser's may be wrong.
    if (pending)
      countdown.startUntil(Date.now() + Date.parse(pending.expires_at) - Date.parse(pending.server_time))
  }

  watch(countdown.left, (left, before) => {
    if (left === 0 && before > 0)
      dispatch({ type: 'timeUp' })
  })

  const call = useAction(async (work: () => Promise<FlowEvent>) => {
    try {
      dispatch(await work())
    }
    catch (error) {
      dispatch({
        type: 'refused',
        fault: asFault(error),
      })
      throw error
    }
  })

  const answer = (type: 'loaded' | 'codeSent' | 'codeVerified' | 'proven', ask: () => Promise<PendingView>) =>
    call.run(async () => ({ type, pending: await ask() }))

  function complete(choices: Choices): Promise<boolean> {
    const path = state.value.path
    dispatch({ type: 'completing' })
    return call.run(async () => ({ type: 'completed', redirectTo: (await thirdPartyApi[path](choices)).redirect_to }))
  }

  return {
    state,
    dispatch,
    pending: call.pending,
    waitSeconds: call.waitSeconds,
    secondsLeft: computed(() => countdown.left.value),
    load: () => answer('loaded', thirdPartyApi.pending),
    cancel: () => call.run(async () => {
      await thirdPartyApi.cancel()
      return { type: 'cancelled' }
    }),
    sendCode: (email: string) => answer('codeSent', () => thirdPartyApi.sendCode(email)),
    verifyCode: (code: string) => answer('codeVerified', () => thirdPartyApi.verifyCode(code)),
    provePassword(email: string, password: string) {
      credentials = { email, password }
      return answer('proven', () => thirdPartyApi.prove(credentials))
    },
    proveTotp: (totp: string) => answer('proven', () => thirdPartyApi.prove({ ...credentials, totp })),
    proveSession: () => answer('proven', async () => thirdPartyApi.proveBySession(await session.accessToken())),
    complete,
  }
}
