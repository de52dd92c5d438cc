import { tab } from '@/lib/deviceStorage'
import { safeRedirect } from '@/lib/safeRedirect'

/** A mail that someone in this tab waits for. Kept through reloads; the address stays out of the page's own address. */
export interface PendingInbox {
  kind: 'signup' | 'recovery'
  email: string
  /** Where to go once confirmed. */
  next: string
}

const inboxKey = 'tessera.inbox'
const resendKey = 'tessera.resend-at'
/** Servers send one mail per address and minute. */
const resendSeconds = 60

export function rememberInbox(inbox: PendingInbox): void {
  tab.set(inboxKey, JSON.stringify(inbox))
  holdResend()
}

export function pendingInbox(): PendingInbox | null {
  try {
    const found = JSON.parse(tab.get(inboxKey) ?? 'null') as Partial<PendingInbox> | null
    if (!found || typeof found.email !== 'string' || (found.kind !== 'signup' && found.kind !== 'recovery'))
      return null
    return {
      kind: found.kind,
      email: found.email,
      next: safeRedirect(found.next),
    }
  }
  catch {
    return null
  }
}

export function forgetInbox(): void {
  tab.set(inboxKey, null)
  tab.set(resendKey, null)
}

/** Starts the wait until the next mail may be asked for; returns its end in milliseconds since 1970. */
export function holdResend(seconds = resendSeconds, now = Date.now()): number {
  const until = now + seconds * 1000
  tab.set(resendKey, String(until))
  return until
}

export function resendHeldUntil(): number {
  return Number(tab.get(resendKey)) || 0
}
