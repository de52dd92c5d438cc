import type { Call } from './http'
import type { Me, Model, PublicConfig, TestUser, TestUserSession, TokenVerdict } from './types'
import { sendJson } from './http'

const base = '/api/v1'

export function fetchPublicConfig(): Promise<PublicConfig> {
  return sendJson(`${base}/public-config`)
}

/** The calls that need a signed-in user. `authorised` adds the token and retries once after a refresh. */
export function consoleApi(authorised: <T>(url: string, call?: Call) => Promise<T>) {
  return {
    me: () => authorised<Me>(`${base}/me`),
    syncUser: () => authorised<Me>(`${base}/auth/sync-user`, { method: 'POST' }),
    inspectToken: (token: string) => authorised<TokenVerdict>(`${base}/auth/inspect-token`, {
      body: { token },
    }),
    models: async () => (await authorised<{ data: Model[] }>(`${base}/llm/app/models`)).data,
    testUsers: async () => (await authorised<{ data: TestUser[] }>(`${base}/llm/tests/mail-users`)).data,
    createTestUser: (body: { username_prefix: string, mail_api_key?: string, force_new?: boolean }, headers?: Record<string, string>) =>
      authorised<TestUserSession>(`${base}/llm/tests/create-mail-user`, { body, headers }),
    refreshTestUser: (id: string, headers?: Record<string, string>) =>
      authorised<TestUserSession>(`${base}/llm/tests/mail-users/${encodeURIComponent(id)}/refresh`, { method: 'POST', headers }),
    anonymousToken: (headers?: Record<string, string>) =>
      authorised<TestUserSession>(`${base}/llm/tests/anon-token`, { method: 'POST', headers }),
  }
}
