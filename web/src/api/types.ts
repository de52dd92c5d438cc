// Bodies of the console surface (/api/v1), snake_case as on the wire.

/** `GET /public-config`: what anyone may know about this server before signing in. */
export interface PublicConfig {
  mode: 'embedded' | 'supabase'
  site_name: string
  version: string
  demo: boolean
  external_url: string
  anon_key: string
  supabase: { url: string, anon_key: string } | null
  signup_enabled: boolean
  anonymous_enabled: boolean
  autoconfirm: boolean
  password_min_length: number
  test_users_enabled: boolean
  simulators: { name: string, label: string, url: string }[]
}

/** `GET /me`. Times are RFC 3339. */
export interface Me {
  id: string
  email: string
  is_admin: boolean
  is_anonymous: boolean
  issuer: string
  provider: string
  subject: string
  nickname: string
  avatar_url: string
  created_at: string
  last_sign_in_at: string | null
}

export interface TokenCheck {
  name: string
  ok: boolean
  detail: string
}

/** `POST /auth/inspect-token`. Times are RFC 3339; null or empty when the token does not say. */
export interface TokenVerdict {
  valid: boolean
  checks: TokenCheck[]
  issuer: string
  kid: string
  alg: string
  subject: string
  role: string
  is_anonymous: boolean
  issued_at: string | null
  expires_at: string | null
  server_time: string
}

export interface Model {
  name: string
  label: string
  dialects: string[]
  default: boolean
}

/** `POST /llm/tests/create-mail-user`; `expires_at` in seconds since 1970. */
export interface TestUserSession {
  username: string
  email: string
  password: string
  access_token: string
  refresh_token: string
  expires_at: number
  token_type: string
  reused: boolean
  request_id: string
}

export interface TestUser {
  id: string
  username: string
  email: string
  created_at: string
  last_used_at: string | null
}
