import { sendJson } from './http'

// The Supabase-compatible surface, as our own pages use it: the refresh token stays in an HttpOnly cookie that the server
// sets because of the X-Tessera-Session header, and answers come with an empty `refresh_token`.

export interface GotrueSession {
  access_token: string
  /** Seconds since 1970. */
  expires_at: number
  refresh_token: string
}

export type MailKind = 'signup' | 'recovery' | 'magiclink' | 'email_change' | 'invite' | 'email'
export type MailProof = { type: MailKind, token_hash: string } | { type: MailKind, email: string, token: string }
export type SignOutScope = 'local' | 'global' | 'others'

export function gotrue(anonKey: string) {
  const base = '/auth/v1'
  const headers = {
    'apikey': anonKey,
    'X-Tessera-Session': 'cookie',
    'X-Supabase-Api-Version': '2024-01-01',
  }
  const post = <T>(path: string, body: unknown, token?: string) => sendJson<T>(base + path, { method: 'POST', body, headers, token })
  const back = (url: string) => `?redirect_to=${encodeURIComponent(url)}`

  return {
    password: (email: string, password: string) => post<GotrueSession>('/token?grant_type=password', { email, password }),
    refresh: () => post<GotrueSession>('/token?grant_type=refresh_token', {}),
    signUp: (email: string, password: string, redirectTo: string) =>
      post<Partial<GotrueSession>>(`/signup${back(redirectTo)}`, { email, password }),
    verify: (proof: MailProof) => post<Partial<GotrueSession>>('/verify', proof),
    resend: (type: 'signup', email: string, redirectTo: string) => post<object>(`/resend${back(redirectTo)}`, { type, email }),
    recover: (email: string, redirectTo: string) => post<object>(`/recover${back(redirectTo)}`, { email }),
    updatePassword: (token: string, password: string) => sendJson<object>(`${base}/user`, {
      method: 'PUT',
      body: { password },
      headers,
      token,
    }),
    logout: (token: string, scope: SignOutScope) => sendJson<void>(`${base}/logout?scope=${scope}`, { method: 'POST', headers, token }),
  }
}

/** The password grant without any cookie: the session it starts belongs to the caller's memory alone. */
export function passwordGrant(origin: string, anonKey: string, email: string, password: string): Promise<GotrueSession> {
  return sendJson(`${origin}/auth/v1/token?grant_type=password`, {
    body: { email, password },
    headers: { 'apikey': anonKey, 'X-Supabase-Api-Version': '2024-01-01' },
    credentials: 'omit',
  })
}
