import type { MailProof, SignOutScope } from '@/api/gotrue'

/** What a page may hold of a session: the short-lived token, in memory. */
export interface SessionToken {
  accessToken: string
  /** Seconds since 1970. */
  expiresAt: number
}

/**
 * The authentication server behind the pages: our own (`embedded`) or a Supabase project (`supabase`).
 * Every method throws an `ApiFault`.
 */
export interface AuthGateway {
  /** The session that this browser already has, renewed; null when there is none. */
  renew: () => Promise<SessionToken | null>
  signIn: (email: string, password: string) => Promise<SessionToken>
  /** Null when the address has to be confirmed first. */
  signUp: (email: string, password: string, next: string) => Promise<SessionToken | null>
  /** Consumes the link or code of a mail. Null when another mail is still to be followed: both sides of a change confirm. */
  verify: (proof: MailProof) => Promise<SessionToken | null>
  resendConfirmation: (email: string, next: string) => Promise<void>
  sendRecovery: (email: string) => Promise<void>
  setPassword: (token: SessionToken, password: string) => Promise<void>
  /** Trades the one-time code of a redirect for a session (PKCE). */
  exchange: (code: string) => Promise<SessionToken>
  signOut: (token: SessionToken, scope: SignOutScope) => Promise<void>
}
