import type { StreamFrame } from '../messageStream'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { effectScope } from 'vue'
import { fakeFetch, json } from '@/testing/fakeFetch'
import { followMessage } from '../messageStream'
import { useMessageRun } from '../useMessageRun'

const message = { message_id: 'm1', conversation_id: 'c1' }

function frame(id: number, event: string, data: object): string {
  return `id: ${id}\nevent: ${event}\ndata: ${JSON.stringify({ message_id: 'm1', request_id: 'r1', ...data })}\n\n`
}

/** An event stream cut into pieces of a few bytes, so that frames and characters are split anywhere. */
function stream(text: string, pieceLength = 7): Response {
  const bytes = new TextEncoder().encode(text)
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      for (let at = 0; at < bytes.length; at += pieceLength)
        controller.enqueue(bytes.slice(at, at + pieceLength))
      controller.close()
    },
  })
  return new Response(body, {
    status: 200,
    headers: { 'Content-Type': 'text/event-stream; charset=utf-8' },
  })
}

function follow(signal = new AbortController().signal) {
  const frames: StreamFrame[] = []
  const done = followMessage({
    token: 't',
    requestId: 'r1',
    signal,
    message,
    lastEventId: '',
    since: 0,
    onFrame: next => frames.push(next),
    onReconnect: () => {},
  })
  return { frames, done }
}

describe('followMessage', () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())

  const whole = frame(1, 'status', { state: 'queued' }) + frame(2, 'content_delta', { seq: 1, delta: '你好，' })
    + frame(3, 'content_delta', { seq: 2, delta: '世界 🌍' }) + frame(4, 'completed', { reply_len: 6 })

  it('reads frames split anywhere, and passes over comments', async () => {
    const calls = fakeFetch(() => stream(`: welcome\n\n${whole}`, 3))
    const { frames, done } = follow()
    await done
    expect(frames.map(next => next.event)).toEqual([
      'status',
      'content_delta',
      'content_delta',
      'completed',
    ])
    expect(frames.map(next => next.fields?.delta).filter(Boolean).join('')).toBe('你好，世界 🌍')
    expect(frames.every(next => next.requestId === 'r1')).toBe(true)
    expect(calls[0]).toMatchObject({ url: '/api/v1/messages/m1/events?conversation_id=c1', credentials: 'omit' })
    expect(calls[0]!.headers.get('Authorization')).toBe('Bearer t')
    expect(calls[0]!.headers.get('X-Request-Id')).toBe('r1')
    expect(calls[0]!.headers.has('Last-Event-ID')).toBe(false)
  })

  it('continues after the last event seen when the connection breaks', async () => {
    const [first, rest] = [
      whole.split('\n\n').slice(0, 2),
      whole.split('\n\n').slice(2),
    ].map(parts => `${parts.join('\n\n')}\n\n`)
    let visits = 0
    const calls = fakeFetch(() => {
      visits += 1
      if (visits === 2)
        return json({ code: 'SSE_CONCURRENCY_LIMIT_EXCEEDED' }, 429, { 'Retry-After': '1' })
      return stream(visits === 1
        ? first!
        : rest!)
    })
    const { frames, done } = follow()
    await vi.runAllTimersAsync()
    await done
    expect(frames.map(next => next.id)).toEqual(['1', '2', '3', '4'])
    expect(calls.map(call => call.headers.get('Last-Event-ID'))).toEqual([null, '2', '2'])
  })

  it('gives up when nothing comes any more', async () => {
    const calls = fakeFetch(() => stream(''))
    const { done } = follow()
    const failed = expect(done).rejects.toMatchObject({ code: 'stream_interrupted' })
    await vi.runAllTimersAsync()
    await failed
    expect(calls).toHaveLength(6)
  })

  it.each([
    [404, 'message.not_found'],
    [429, 'SSE_CONCURRENCY_LIMIT_EXCEEDED'],
    [401, 'bad_jwt'],
  ])('does not repeat a first refusal with %d', async (status, code) => {
    const calls = fakeFetch(() => json({ code }, status))
    await expect(follow().done).rejects.toMatchObject({ status, code })
    expect(calls).toHaveLength(1)
  })

  it('refuses an answer that is no event stream', async () => {
    fakeFetch(() => new Response('<html>', {
      status: 200,
      headers: { 'Content-Type': 'text/html' },
    }))
    await expect(follow().done).rejects.toMatchObject({ code: 'unexpected_response' })
  })

  it('stops at once', async () => {
    fakeFetch(() => stream(''))
    const stopper = new AbortController()
    const { done } = follow(stopper.signal)
    const failed = expect(done).rejects.toMatchObject({ code: 'aborted' })
    await vi.advanceTimersByTimeAsync(10)
    stopper.abort()
    await failed
  })
})

describe('useMessageRun', () => {
  const request = {
    model: 'm',
    text: 'hi',
    conversation_id: null,
    metadata: {},
    skip_prompt: false,
  }
  const make = () => effectScope().run(() => useMessageRun())!

  function answer(events: (requestId: string) => string) {
    return fakeFetch(call => call.method === 'POST'
      ? json(message, 202)
      : stream(events(call.headers.get('X-Request-Id')!)))
  }
  const event = (id: number, name: string, data: object) => `id: ${id}\nevent: ${name}\ndata: ${JSON.stringify(data)}\n\n`

  it('sends one request id with both calls and finds it in every event', async () => {
    const calls = answer(id => event(1, 'content_delta', { request_id: id, seq: 1, delta: 'a' }) + event(2, 'content_delta', { request_id: id, seq: 2, delta: 'b' }) + event(3, 'completed', { request_id: id, resolved_model: 'x' }))
    const run = make()
    await run.start('t', request)
    expect(run.state.value).toBe('completed')
    expect(run.reply.value).toBe('ab')
    expect(run.deltas.value).toBe(2)
    expect(run.mismatched.value).toBe(0)
    expect(run.firstDeltaAt.value).not.toBeNull()
    expect(new Set(calls.map(call => call.headers.get('X-Request-Id')))).toEqual(new Set([run.requestId.value]))
    expect(run.route.value?.resolved_model).toBe('x')
  })

  it('notices events of another request', async () => {
    answer(() => event(1, 'status', { request_id: 'someone else', state: 'queued' }) + event(2, 'completed', {}))
    const run = make()
    await run.start('t', request)
    expect(run.mismatched.value).toBe(2)
  })

  it('shows the error that ends a stream', async () => {
    answer(id => event(1, 'error', {
      request_id: id,
      code: 'upstream_unavailable',
      message: 'The model is down',
      error: 'The model is down',
    }))
    const run = make()
    await run.start('t', request)
    expect(run.state.value).toBe('failed')
    expect(run.fault.value).toMatchObject({ code: 'upstream_unavailable', message: 'The model is down', requestId: run.requestId.value })
  })

  it('tells why a message was refused', async () => {
    fakeFetch(() => json({ code: 'model_not_allowed', detail: 'no', request_id: 'r9' }, 422))
    const run = make()
    await run.start('t', request)
    expect(run.state.value).toBe('failed')
    expect(run.fault.value).toMatchObject({ status: 422, code: 'model_not_allowed' })
    expect(run.created.value).toBeNull()
  })

  it('reads on after a stop, without a repeat', async () => {
    const started = Promise.withResolvers<void>()
    let visits = 0
    const calls = fakeFetch((call) => {
      if (call.method === 'POST')
        return json(message, 202)
      visits += 1
      if (visits > 1)
        return stream(event(2, 'content_delta', { seq: 2, delta: 'b' }) + event(3, 'completed', {}))
      const body = new ReadableStream<Uint8Array>({
        start(controller) {
          controller.enqueue(new TextEncoder().encode(event(1, 'content_delta', { seq: 1, delta: 'a' })))
          setTimeout(() => {
            started.resolve()
            controller.error(new DOMException('stopped', 'AbortError'))
          }, 20)
        },
      })
      return new Response(body, {
        headers: { 'Content-Type': 'text/event-stream' },
      })
    })
    const run = make()
    const first = run.start('t', request)
    await started.promise
    run.stop()
    await first
    expect(run.state.value).toBe('stopped')
    expect(run.fault.value).toBeNull()
    await run.resume('t')
    expect(run.state.value).toBe('completed')
    expect(run.reply.value).toBe('ab')
    expect(calls.at(-1)!.headers.get('Last-Event-ID')).toBe('1')
  })
})
