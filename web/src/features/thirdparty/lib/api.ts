import type { components } from '@/api/schema'
import { send, sendJson } from '@/api/http'

// Signing in through other providers, as our own pages do it: the pending sign-in is named by an HttpOnly cookie, and
// the header says that the request comes from one of these pages.

type Schemas = components['schemas']

/** A provider that the server offers. */
export type SignInSource = Schemas['SignInSource']
/** `GET /auth/pending`: a sign-in that waits for the person's choice. Times are RFC 3339. */
export type PendingView = Omit<Schemas['PendingView'], '$schema'>

export interface Choices { adopt_nickname: boolean, adopt_avatar: boolean }
export interface Proof { email: string, password: string, totp?: string }
export interface Outset { provider: string, channel?: string, redirect_to?: string }

const headers = { 'X-Tessera-Session': 'cookie' }
const base = '/api/v1/auth'

function post<T>(path: string, body: unknown, token?: string | null): Promise<T> {
  return sendJson<T>(base + path, { method: 'POST', body, headers, token })
}

export const thirdPartyApi = {
  start: (outset: Outset) => post<{ url: string }>('/flows', outset),
  startBind: (outset: Outset, token: string | null) => post<{ url: string }>('/bindings', outset, token),
  pending: () => sendJson<PendingView>(`${base}/pending`, { headers }),
  /** The provider's picture, in our server's encoding; `path` is the `avatar_url` of the pending sign-in. */
  picture: async (path: string) => (await send(path, {
    headers: { ...headers, Accept: 'image/*' },
  })).blob(),
  cancel: () => sendJson<void>(`${base}/pending`, { method: 'DELETE', headers }),
  sendCode: (email: string) => post<PendingView>('/pending/email', { email }),
  verifyCode: (code: string) => post<PendingView>('/pending/email/verify', { code }),
  prove: (proof: Proof) => post<PendingView>('/pending/proof', proof),
  proveBySession: (token: string | null) => sendJson<PendingView>(`${base}/pending/session`, { method: 'POST', headers, token }),
  create: (choices: Choices) => post<{ redirect_to: string }>('/pending/create', choices),
  bind: (choices: Choices) => post<{ redirect_to: string }>('/pending/bind', choices),
}

/** Which of WeChat's two ways fits this browser: inside WeChat (`mp`), or a code to scan (`open`). Others have one way. */
export function channelOf(type: string, userAgent = navigator.userAgent): string | undefined {
  if (type !== 'wechat')
    return undefined
  return /MicroMessenger/i.test(userAgent)
    ? 'mp'
    : 'open'
}
