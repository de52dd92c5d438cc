import type { SessionToken } from '@/features/auth/gateway/port'
import { sendJson } from '@/api/http'

// The account's own part of the Supabase-compatible surface: identities and factors.

export interface Factor { id: string, status: 'verified' | 'unverified', friendly_name?: string, factor_type: string, created_at: string }
export interface Account { id: string, email: string, new_email?: string, factors?: Factor[] }
export interface Enrolment {
  id: string
  /** `qr_code` is an SVG document. */
  totp: { qr_code: string, secret: string, uri: string }
}

/** The calls of the account page; `token` gives the user's access token. */
export function accountApi(anonKey: string, token: () => Promise<string | null>) {
  const headers = { 'apikey': anonKey, 'X-Tessera-Session': 'cookie', 'X-Supabase-Api-Version': '2024-01-01' }
  async function call<T>(method: 'GET' | 'POST' | 'DELETE', path: string, body?: unknown): Promise<T> {
    return sendJson<T>(`/auth/v1${path}`, {
      method,
      body,
      headers,
      token: await token(),
    })
  }
  return {
    account: () => call<Account>('GET', '/user'),
    unbind: (identityId: string) => call<object>('DELETE', `/user/identities/${identityId}`),
    enrol: (name: string) => call<Enrolment>('POST', '/factors', { factor_type: 'totp', friendly_name: name }),
    remove: (factorId: string) => call<object>('DELETE', `/factors/${factorId}`),
    /** Shows the factor's code; the session goes on with a second factor, and with another token. */
    async confirm(factorId: string, code: string): Promise<SessionToken> {
      const challenge = await call<{ id: string }>('POST', `/factors/${factorId}/challenge`, {})
      const session = await call<{ access_token: string, expires_at: number }>('POST', `/factors/${factorId}/verify`, { challenge_id: challenge.id, code })
      return { accessToken: session.access_token, expiresAt: session.expires_at }
    },
  }
}
