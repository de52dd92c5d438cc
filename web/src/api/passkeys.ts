import type { AuthenticationResponseJSON, PublicKeyCredentialCreationOptionsJSON, PublicKeyCredentialRequestOptionsJSON, RegistrationResponseJSON } from '@simplewebauthn/browser'
import type { GotrueSession } from './gotrue'
import { sendJson } from './http'

// Passkeys, on the Supabase-compatible surface: the SDK's own endpoints, with our pages' cookie for the session.

/** A ceremony that has begun; `expires_at` is in seconds since 1970. */
interface Asked<Options> { challenge_id: string, options: Options, expires_at: number }
export interface Passkey { id: string, friendly_name?: string, created_at: string, last_used_at?: string }

const base = '/auth/v1/passkeys'

export function passkeysApi(anonKey: string, token: () => Promise<string | null>) {
  const headers = { 'apikey': anonKey, 'X-Tessera-Session': 'cookie', 'X-Supabase-Api-Version': '2024-01-01' }
  const anyone = <T>(path: string, body: unknown) => sendJson<T>(base + path, { method: 'POST', body, headers })
  async function mine<T>(method: 'GET' | 'POST' | 'PATCH' | 'DELETE', path: string, body?: unknown): Promise<T> {
    return sendJson<T>(base + path, {
      method,
      body,
      headers,
      token: await token(),
    })
  }
  return {
    askSignIn: () => anyone<Asked<PublicKeyCredentialRequestOptionsJSON>>('/authentication/options', {}),
    signIn: (challengeId: string, credential: AuthenticationResponseJSON) =>
      anyone<GotrueSession>('/authentication/verify', { challenge_id: challengeId, credential }),
    list: () => mine<Passkey[]>('GET', ''),
    askRegistration: () => mine<Asked<PublicKeyCredentialCreationOptionsJSON>>('POST', '/registration/options', {}),
    register: (challengeId: string, credential: RegistrationResponseJSON) =>
      mine<Passkey>('POST', '/registration/verify', { challenge_id: challengeId, credential }),
    rename: (id: string, name: string) => mine<Passkey>('PATCH', `/${id}`, { friendly_name: name }),
    remove: (id: string) => mine<void>('DELETE', `/${id}`),
  }
}
