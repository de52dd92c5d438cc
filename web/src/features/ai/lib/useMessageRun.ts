import type { StreamFrame } from './messageStream'
import type { CreatedMessage, MessageRequest } from '@/api/types'
import { computed, onScopeDispose, ref, shallowReactive, shallowRef } from 'vue'
import { ApiFault, asFault } from '@/api/fault'
import { newRequestId } from '@/lib/requestId'
import { createMessage, followMessage } from './messageStream'
import { ReplyAssembler } from './replyAssembler'

/** Events can come faster than a page can be drawn: what has come is shown this often, in milliseconds. */
const drawEvery = 60

export type RunState = 'idle' | 'creating' | 'streaming' | 'completed' | 'failed' | 'stopped'

/** One message from sending to its terminal event, with everything that the page shows about it. */
export function useMessageRun() {
  const state = ref<RunState>('idle')
  const fault = shallowRef<ApiFault | null>(null)
  const frames = shallowReactive<StreamFrame[]>([])
  const reply = ref('')
  const gap = ref(false)
  const deltas = ref(0)
  const requestId = ref('')
  const created = shallowRef<CreatedMessage | null>(null)
  const firstDeltaAt = ref<number | null>(null)
  const endedAt = ref<number | null>(null)
  const reconnects = ref(0)
  let assembler = new ReplyAssembler()
  let waiting: StreamFrame[] = []
  let drawing: ReturnType<typeof setTimeout> | undefined
  let stopper: AbortController | null = null
  let since = 0

  const running = computed(() => state.value === 'creating' || state.value === 'streaming')
  const mismatched = computed(() => frames.filter(frame => frame.requestId !== requestId.value).length)
  const route = computed(() => frames.findLast(frame => typeof frame.fields?.resolved_model === 'string')?.fields ?? null)

  function reset(): void {
    clearTimeout(drawing)
    drawing = undefined
    waiting = []
    frames.length = 0
    assembler = new ReplyAssembler()
    reply.value = ''
    gap.value = false
    deltas.value = 0
    created.value = null
    firstDeltaAt.value = null
    endedAt.value = null
    reconnects.value = 0
    requestId.value = newRequestId()
    since = performance.now()
  }

  function take(frame: StreamFrame): void {
    waiting.push(frame)
    if (frame.event === 'content_delta' && typeof frame.fields?.seq === 'number' && typeof frame.fields.delta === 'string') {
      firstDeltaAt.value ??= frame.at
      assembler.accept(frame.fields.seq, frame.fields.delta)
    }
    drawing ??= setTimeout(draw, drawEvery)
    if (frame.event === 'completed' || frame.event === 'error')
      close(frame)
  }

  /** Shows what has come since the last time. */
  function draw(): void {
    clearTimeout(drawing)
    drawing = undefined
    frames.push(...waiting)
    waiting = []
    reply.value = assembler.text
    gap.value = assembler.hasGap
    deltas.value = assembler.count
  }

  function close(frame: StreamFrame): void {
    draw()
    endedAt.value = frame.at
    state.value = frame.event === 'completed'
      ? 'completed'
      : 'failed'
    if (frame.event === 'error')
      fault.value = faultOfFrame(frame)
  }

  async function under(work: (signal: AbortSignal) => Promise<void>): Promise<void> {
    const own = stopper = new AbortController()
    fault.value = null
    try {
      await work(own.signal)
    }
    catch (error) {
      draw()
      const failure = asFault(error)
      endedAt.value = performance.now() - since
      state.value = failure.code === 'aborted'
        ? 'stopped'
        : 'failed'
      fault.value = failure.code === 'aborted'
        ? null
        : failure
    }
  }

  function follow(token: string, message: CreatedMessage, signal: AbortSignal): Promise<void> {
    state.value = 'streaming'
    return followMessage({
      token,
      message,
      signal,
      since,
      requestId: requestId.value,
      lastEventId: frames.findLast(frame => frame.id)?.id ?? '',
      onFrame: take,
      onReconnect: () => reconnects.value += 1,
    })
  }

  async function start(token: string, request: MessageRequest): Promise<void> {
    if (running.value)
      return
    reset()
    state.value = 'creating'
    await under(async (signal) => {
      created.value = await createMessage(request, { token, requestId: requestId.value, signal })
      await follow(token, created.value, signal)
    })
  }

  /** Reads on after a stop or a broken stream; the server has kept every event. */
  async function resume(token: string): Promise<void> {
    const message = created.value
    if (running.value || !message)
      return
    endedAt.value = null
    await under(signal => follow(token, message, signal))
  }

  const stop = () => stopper?.abort()
  onScopeDispose(() => {
    stop()
    clearTimeout(drawing)
  })

  return {
    state,
    running,
    fault,
    frames,
    reply,
    gap,
    deltas,
    requestId,
    created,
    firstDeltaAt,
    endedAt,
    reconnects,
    mismatched,
    route,
    start,
    resume,
    stop,
  }
}

export type MessageRun = ReturnType<typeof useMessageRun>

function faultOfFrame(frame: StreamFrame): ApiFault {
  const { code, message, error } = frame.fields ?? {}
  return new ApiFault({
    code: typeof code === 'string' && code
      ? code
      : 'internal',
    message: typeof message === 'string'
      ? message
      : typeof error === 'string'
        ? error
        : frame.data,
    requestId: frame.requestId,
  })
}
