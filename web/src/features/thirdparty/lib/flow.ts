import type { PendingView } from './api'
import type { ApiFault } from '@/api/fault'

// The choice after a provider has said who somebody is, as a state machine without side effects:
//
//   loading ─> choose ─create─> [email ─> emailCode ─> conflict?] ─> adopt ─> completing ─> done
//                 └────bind───> reauth (password) ─> totp? ─────────> adopt
//
// and from anywhere: expired, cancelled, failed. What the server says wins: `loaded` resumes where it stands.

export type Step = 'loading' | 'choose' | 'email' | 'emailCode' | 'conflict' | 'reauth' | 'totp' | 'adopt' | 'completing'
  | 'done' | 'cancelled' | 'expired' | 'failed'
export type Path = 'create' | 'bind'

export interface FlowState {
  step: Step
  path: Path
  pending: PendingView | null
  /** What went wrong in this step, or for good in `failed`. */
  fault: ApiFault | null
  redirectTo: string
}

export type FlowEvent
  = | { type: 'loaded' | 'codeSent' | 'codeVerified' | 'proven', pending: PendingView }
    | { type: 'chooseCreate' | 'chooseBind' | 'otherEmail' | 'back' | 'completing' | 'timeUp' | 'cancelled' }
    | { type: 'completed', redirectTo: string }
    | { type: 'refused', fault: ApiFault }

export const initialFlow: FlowState = {
  step: 'loading',
  path: 'create',
  pending: null,
  fault: null,
  redirectTo: '/',
}

/** Faults that end the flow, whatever was being done. */
const endings: Record<string, Step> = {
  'pendingauth.session_unknown': 'expired',
  'pendingauth.flow_unknown': 'expired',
  'provider.denied': 'cancelled',
  'access_denied': 'cancelled',
  'pendingauth.too_many_proofs': 'failed',
  'identity.identity_taken': 'failed',
}
/** Faults that ask for something first. */
const detours: Record<string, [Step, Path]> = {
  'pendingauth.email_required': ['email', 'create'],
  'pendingauth.email_has_account': ['conflict', 'create'],
  'pendingauth.proof_missing': ['reauth', 'bind'],
  'pendingauth.totp_required': ['totp', 'bind'],
}
const over: Step[] = [
  'done',
  'cancelled',
  'expired',
  'failed',
]

/** The state after an event. Nothing leads out of an end. */
export function reduceFlow(state: FlowState, event: FlowEvent): FlowState {
  if (over.includes(state.step))
    return state
  const to = (step: Step, more: Partial<FlowState> = {}): FlowState => ({
    ...state,
    fault: null,
    ...more,
    step,
  })
  switch (event.type) {
    case 'loaded':
      return resume(event.pending)
    case 'codeSent':
      return to('emailCode', { pending: event.pending, path: 'create' })
    case 'codeVerified':
      return to(afterEmail(event.pending), { pending: event.pending, path: 'create' })
    case 'proven':
      return to('adopt', { pending: event.pending, path: 'bind' })
    case 'chooseCreate':
      return to(state.pending
        ? afterEmail(state.pending)
        : 'loading', { path: 'create' })
    case 'chooseBind':
      return to(state.pending?.is_proven ? 'adopt' : 'reauth', { path: 'bind' })
    case 'otherEmail':
      return to('email', { path: 'create' })
    case 'back':
      return to('choose')
    case 'completing':
      return state.step === 'adopt'
        ? to('completing')
        : state
    case 'completed':
      return to('done', { redirectTo: event.redirectTo })
    case 'timeUp':
      return to('expired')
    case 'cancelled':
      return to('cancelled')
    case 'refused':
      return refused(state, event.fault)
  }
}

function refused(state: FlowState, fault: ApiFault): FlowState {
  const end = endings[fault.code]
  if (end)
    return { ...state, step: end, fault }
  const detour = detours[fault.code]
  // A form that asks for more is no failure; only an answer to the completion shows why it leads back.
  if (detour) {
    return {
      ...state,
      step: detour[0],
      path: detour[1],
      fault: state.step === 'completing'
        ? fault
        : null,
    }
  }
  if (state.step === 'loading')
    return { ...state, step: 'failed', fault }
  return {
    ...state,
    step: state.step === 'completing'
      ? 'adopt'
      : state.step,
    fault,
  }
}

function afterEmail(pending: PendingView): Step {
  if (pending.email_verified)
    return pending.email_has_account ? 'conflict' : 'adopt'
  return pending.email_required ? 'email' : 'adopt'
}

function resume(pending: PendingView): FlowState {
  const at = (step: Step, path: Path = 'create'): FlowState => ({ ...initialFlow, step, path, pending })
  if (pending.is_proven)
    return at('adopt', 'bind')
  if (pending.email_verified)
    return at(afterEmail(pending))
  if (pending.email && pending.code_expires_at && pending.code_expires_at > pending.server_time)
    return at('emailCode')
  return at('choose')
}
