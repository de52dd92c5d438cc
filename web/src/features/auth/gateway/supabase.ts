import type { AuthError, Session } from '@supabase/auth-js'
import type { AuthGateway, SessionToken } from './port'
import type { PublicConfig } from '@/api/types'
import { AuthClient } from '@supabase/auth-js'
import { ApiFault } from '@/api/fault'

/**
 * A Supabase project as the authentication server, through its own client. The client keeps the session in this
 * browser's storage, as it does in any app of the project; only the code flow with PKCE is used, and only our callback
 * page reads a `?code=`.
 */
export function supabaseGateway(project: NonNullable<PublicConfig['supabase']>): AuthGateway {
  const client = new AuthClient({
    url: `${project.url.replace(/\/$/, '')}/auth/v1`,
    headers: { apikey: project.anon_key, Authorization: `Bearer ${project.anon_key}` },
    storageKey: 'tessera.supabase',
    flowType: 'pkce',
    detectSessionInUrl: false,
    autoRefreshToken: false,
    persistSession: true,
  })
  const callback = (next: string) => `${location.origin}/auth/callback?next=${encodeURIComponent(next)}`

  return {
    async renew() {
      const { data } = await client.getSession()
      if (!data.session)
        return null
      const { data: renewed, error } = await client.refreshSession()
      if (error && (error.status ?? 0) >= 400 && (error.status ?? 0) < 500 && error.status !== 429)
        return null
      return tokenOf(renewed.session, error)
    },
    async signIn(email, password) {
      const { data, error } = await client.signInWithPassword({ email, password })
      return tokenOf(data.session, error)
    },
    async signUp(email, password, next) {
      const { data, error } = await client.signUp({
        email,
        password,
        options: {
          emailRedirectTo: callback(next),
        },
      })
      if (error)
        throw faultOfAuth(error)
      return data.session
        ? tokenOf(data.session, null)
        : null
    },
    async verify(proof) {
      const { data, error } = await client.verifyOtp(proof)
      return tokenOf(data.session, error)
    },
    async resendConfirmation(email, next) {
      refuse((await client.resend({
        type: 'signup',
        email,
        options: {
          emailRedirectTo: callback(next),
        },
      })).error)
    },
    async sendRecovery(email) {
      refuse((await client.resetPasswordForEmail(email, {
        redirectTo: callback('/auth/reset-password'),
      })).error)
    },
    async setPassword(_token, password) {
      refuse((await client.updateUser({ password })).error)
    },
    async exchange(code) {
      const { data, error } = await client.exchangeCodeForSession(code)
      return tokenOf(data.session, error)
    },
    async signOut(_token, scope) {
      refuse((await client.signOut({ scope })).error)
    },
  }
}

function refuse(error: AuthError | null): void {
  if (error)
    throw faultOfAuth(error)
}

function tokenOf(session: Session | null, error: AuthError | null): SessionToken {
  refuse(error)
  if (!session)
    throw new ApiFault({ code: 'unexpected_response' })
  return { accessToken: session.access_token, expiresAt: session.expires_at ?? Math.floor(Date.now() / 1000) + session.expires_in }
}

function faultOfAuth(error: AuthError): ApiFault {
  const unreachable = error.name === 'AuthRetryableFetchError'
  return new ApiFault({
    status: error.status ?? 0,
    code: unreachable
      ? 'network_unreachable'
      : String(error.code ?? 'internal'),
    message: error.message,
    // The client does not hand on the Retry-After header; the project's default for mails is one a minute.
    retryAfter: error.status === 429
      ? 60
      : 0,
    cause: error,
  })
}
