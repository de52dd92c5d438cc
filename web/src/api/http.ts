import { newRequestId } from '@/lib/requestId'
import { faultOf } from './fault'

export interface Call {
  method?: 'GET' | 'POST' | 'PUT' | 'DELETE'
  body?: unknown
  token?: string | null
  headers?: Record<string, string>
  signal?: AbortSignal
  /** `omit` leaves the browser's cookies out and ignores those of the answer. */
  credentials?: RequestCredentials
}

/** Sends one call; answers of 400 and more are thrown as an `ApiFault`. */
export async function send(url: string, call: Call = {}): Promise<Response> {
  const headers = new Headers({ Accept: 'application/json', ...call.headers })
  if (call.body !== undefined)
    headers.set('Content-Type', 'application/json')
  if (call.token)
    headers.set('Authorization', `Bearer ${call.token}`)
  if (url.startsWith('/') && !headers.has('X-Request-Id'))
    headers.set('X-Request-Id', newRequestId())
  const response = await fetch(url, {
    method: call.method ?? (call.body === undefined
      ? 'GET'
      : 'POST'),
    headers,
    body: call.body === undefined
      ? undefined
      : JSON.stringify(call.body),
    signal: call.signal,
    credentials: call.credentials ?? 'same-origin',
    cache: 'no-store',
    redirect: 'error',
  })
  if (!response.ok)
    throw await faultOf(response)
  return response
}

/** Sends one call and reads the JSON of its answer; undefined for an empty one. */
export async function sendJson<T>(url: string, call: Call = {}): Promise<T> {
  const response = await send(url, call)
  if (response.status === 204)
    return undefined as T
  return await response.json() as T
}
