import { newRequestId } from '@/lib/requestId'
import { faultOf } from './fault'

export interface Call {
  method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  body?: unknown
  token?: string | null
  headers?: Record<string, string>
  signal?: AbortSignal
  /** `omit` leaves the browser's cookies out and ignores those of the answer. */
  credentials?: RequestCredentials
}

const always = { cache: 'no-store', redirect: 'error' } as const

/** Sends one call; answers of 400 and more are thrown as an `ApiFault`. */
export async function send(url: string, call: Call = {}): Promise<Response> {
  const headers = new Headers({ Accept: 'application/json', ...call.headers })
  if (call.body !== undefined)
    headers.set('Content-Type', 'application/json')
  if (call.token)
    headers.set('Authorization', `Bearer ${call.token}`)
  // Elsewhere (a Supabase project) the header would have to be allowed for other origins first.
  if (url.startsWith('/') && !headers.has('X-Request-Id'))
    headers.set('X-Request-Id', newRequestId())
  return orFault(await fetch(url, {
    ...always,
    method: call.method ?? (call.body === undefined
      ? 'GET'
      : 'POST'),
    headers,
    body: call.body === undefined
      ? undefined
      : JSON.stringify(call.body),
    signal: call.signal,
    credentials: call.credentials ?? 'same-origin',
  }))
}

/** Sends one call and reads the JSON of its answer; undefined for an empty one. */
export async function sendJson<T>(url: string, call: Call = {}): Promise<T> {
  const response = await send(url, call)
  if (response.status === 204)
    return undefined as T
  return await response.json() as T
}

/** Sends a request made elsewhere, with a token and a request id of its own. Its body can be sent again afterwards. */
export async function sendRequest(request: Request, token?: string): Promise<Response> {
  const headers = new Headers(request.headers)
  if (token)
    headers.set('Authorization', `Bearer ${token}`)
  if (!headers.has('X-Request-Id'))
    headers.set('X-Request-Id', newRequestId())
  return orFault(await fetch(request.clone(), { ...always, headers }))
}

async function orFault(response: Response): Promise<Response> {
  if (!response.ok)
    throw await faultOf(response)
  return response
}
