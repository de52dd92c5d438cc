import type { components } from './schema'

// Bodies of the console surface (/api/v1), generated from docs/openapi.json; here they get short names.

type Schemas = components['schemas']

/** `GET /public-config`: what anyone may know about this server before signing in. */
export type PublicConfig = Omit<Schemas['PublicConfig'], 'supabase' | 'simulators' | '$schema'> & {
  /** The document cannot say of a named object that it may be null; it is outside of supabase mode. */
  supabase: Schemas['SupabaseProject'] | null
  simulators: Schemas['Simulator'][]
}

/** `GET /me`. Times are RFC 3339. */
export type Me = Schemas['Person']
/** `GET /me/bindings`: a way to sign in, and what its provider suggests. */
export type Binding = Schemas['Binding']
/** `PUT /me/avatar`: exactly one of them. */
export type AvatarChoice = Pick<Schemas['AvatarInputBody'], 'data_url'> | Pick<Schemas['AvatarInputBody'], 'url'> | Pick<Schemas['AvatarInputBody'], 'identity_id'>
/** `GET /me/access`: until when sensitive changes are allowed, and how that is shown. */
export type Access = Omit<Schemas['AccessView'], 'methods' | '$schema'> & { methods: AccessMethod[] }
export type AccessMethod = 'password' | 'totp' | 'passkey' | 'email'
/** `POST /me/access`: exactly one of them. */
export type AccessProof = Omit<Schemas['AccessProof'], '$schema'>
export type DeviceSession = Omit<Schemas['SessionView'], 'methods'> & { methods: string[] }
export type RecoveryCodes = Omit<Schemas['RecoveryCodesView'], '$schema'>
export type TokenVerdict = Omit<Schemas['TokenVerdict'], 'checks'> & { checks: Schemas['TokenCheck'][] }
export type TestUser = Schemas['TestUser']
/** `expires_at` is in seconds since 1970. */
export type TestUserSession = Schemas['TestUserSession']
export type TestUserRequest = Schemas['CreateTestUserInputBody']

export type Model = Schemas['Model']
export type MessageRequest = Schemas['MessageRequest']
export type CreatedMessage = Schemas['MessageAccepted']
