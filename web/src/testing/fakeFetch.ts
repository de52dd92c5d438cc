import { vi } from 'vitest'

export interface SentCall {
  url: string
  method: string
  headers: Headers
  body: unknown
  credentials: RequestCredentials | undefined
}

/** Answers `fetch` with what `answer` makes of each call, and records the calls. Restored after the test. */
export function fakeFetch(answer: (call: SentCall) => Response | Promise<Response>): SentCall[] {
  const calls: SentCall[] = []
  vi.stubGlobal('fetch', async (url: string, init: RequestInit = {}) => {
    const call: SentCall = {
      url,
      method: init.method ?? 'GET',
      headers: new Headers(init.headers),
      body: typeof init.body === 'string'
        ? JSON.parse(init.body)
        : undefined,
      credentials: init.credentials,
    }
    calls.push(call)
    init.signal?.throwIfAborted()
    return answer(call)
  })
  return calls
}

export function json(body: unknown, status = 200, headers: Record<string, string> = {}): Response {
  return new Response(JSON.stringify(body), {
    status,
    headers: { 'Content-Type': 'application/json', ...headers },
  })
}
