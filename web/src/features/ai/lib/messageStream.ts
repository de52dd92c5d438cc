import type { CreatedMessage, MessageRequest } from '@/api/types'
import { EventSourceParserStream } from 'eventsource-parser/stream'
import { ApiFault, asFault } from '@/api/fault'
import { send, sendJson } from '@/api/http'

/** One frame of a message's event stream, as it came. */
export interface StreamFrame {
  /** Milliseconds since the message was sent. */
  at: number
  id: string
  event: string
  data: string
  /** The `request_id` inside the data; empty when there is none. */
  requestId: string
  /** The data as an object; null when it is not one. */
  fields: Readonly<Record<string, unknown>> | null
}

interface Access {
  token: string
  requestId: string
  signal: AbortSignal
}

/** Creates a message; its work starts at once on the server. */
export function createMessage(request: MessageRequest, access: Access): Promise<CreatedMessage> {
  return sendJson('/api/v1/messages', {
    body: request,
    token: access.token,
    headers: { 'X-Request-Id': access.requestId },
    credentials: 'omit',
    signal: access.signal,
  })
}

export interface Following extends Access {
  message: CreatedMessage
  /** Continue after this event; empty for the beginning. */
  lastEventId: string
  since: number
  onFrame: (frame: StreamFrame) => void
  onReconnect: (attempt: number) => void
}

const terminal = new Set(['completed', 'error'])
const attempts = 5
const firstDelay = 300

/**
 * Reads a message's events until the terminal one. A connection that breaks before it is opened again after the last
 * event seen: reading twice changes nothing on the server, unlike creating twice.
 */
export async function followMessage(following: Following): Promise<void> {
  let lastEventId = following.lastEventId
  let failures = 0
  for (;;) {
    const before = lastEventId
    try {
      for await (const frame of readEvents(following, lastEventId)) {
        lastEventId = frame.id || lastEventId
        following.onFrame(frame)
        if (terminal.has(frame.event))
          return
      }
    }
    catch (error) {
      const fault = asFault(error)
      // The server counts a broken stream as open until it notices: that refusal passes, the others do not.
      const passing = fault.status === 0 || fault.status >= 500 || (fault.status === 429 && (failures > 0 || before !== ''))
      if (fault.code === 'aborted' || !passing)
        throw fault
      await pause((fault.retryAfter || 0) * 1000, following.signal)
    }
    failures = lastEventId === before
      ? failures + 1
      : 1
    if (failures > attempts)
      throw new ApiFault({ code: 'stream_interrupted', requestId: following.requestId })
    following.onReconnect(failures)
    await pause(firstDelay * 2 ** (failures - 1), following.signal)
  }
}

async function* readEvents(following: Following, lastEventId: string): AsyncGenerator<StreamFrame> {
  const { message } = following
  const query = new URLSearchParams({ conversation_id: message.conversation_id })
  const response = await send(`/api/v1/messages/${encodeURIComponent(message.message_id)}/events?${query}`, {
    token: following.token,
    headers: {
      'Accept': 'text/event-stream',
      'X-Request-Id': following.requestId,
      ...lastEventId
        ? { 'Last-Event-ID': lastEventId }
        : {},
    },
    credentials: 'omit',
    signal: following.signal,
  })
  if (!response.body || !response.headers.get('Content-Type')?.startsWith('text/event-stream'))
    throw new ApiFault({ status: response.status, code: 'unexpected_response', requestId: following.requestId })
  const events = response.body
    .pipeThrough(new TextDecoderStream() as ReadableWritablePair<string, Uint8Array<ArrayBuffer>>)
    .pipeThrough(new EventSourceParserStream())
    .getReader()
  try {
    for (let next = await events.read(); !next.done; next = await events.read())
      yield frameOf(next.value, performance.now() - following.since)
  }
  finally {
    await events.cancel().catch(() => {})
  }
}

function frameOf(message: { id?: string, event?: string, data: string }, at: number): StreamFrame {
  const fields = objectOf(message.data)
  return {
    at,
    id: message.id ?? '',
    event: message.event ?? 'message',
    data: message.data,
    requestId: typeof fields?.request_id === 'string'
      ? fields.request_id
      : '',
    fields,
  }
}

function objectOf(data: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(data)
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? value as Record<string, unknown>
      : null
  }
  catch {
    return null
  }
}

function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer)
      reject(new ApiFault({ code: 'aborted' }))
    }
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', stop)
      resolve()
    }, milliseconds)
    if (signal.aborted)
      stop()
    else
      signal.addEventListener('abort', stop, { once: true })
  })
}
