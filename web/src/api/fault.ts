/** What a refused or failed call tells: the three error bodies of the server and the browser's own failures, in one shape. */
export class ApiFault extends Error {
  /** HTTP status; 0 when no answer came. */
  readonly status: number
  /** The server's stable code, or one of ours: `network_unreachable`, `unexpected_response`, `aborted`, `internal`. */
  readonly code: string
  /** What to do about it, in the server's words. */
  readonly hint: string
  readonly requestId: string
  /** Seconds the server asks to wait. */
  readonly retryAfter: number
  /** Messages by the field that they concern. */
  readonly fields: Readonly<Record<string, string>>

  constructor(facts: Partial<Omit<ApiFault, 'name' | 'cause' | 'stack'>> & { code: string, cause?: unknown }) {
    super(facts.message ?? facts.code, { cause: facts.cause })
    this.name = 'ApiFault'
    this.status = facts.status ?? 0
    this.code = facts.code
    this.hint = facts.hint ?? ''
    this.requestId = facts.requestId ?? ''
    this.retryAfter = facts.retryAfter ?? 0
    this.fields = facts.fields ?? {}
  }
}

/** Any thrown value as a fault. */
export function asFault(error: unknown): ApiFault {
  if (error instanceof ApiFault)
    return error
  if (error instanceof DOMException && error.name === 'AbortError')
    return new ApiFault({ code: 'aborted', cause: error })
  if (error instanceof TypeError)
    return new ApiFault({ code: 'network_unreachable', message: error.message, cause: error })
  return new ApiFault({
    code: 'internal',
    message: error instanceof Error
      ? error.message
      : String(error),
    cause: error,
  })
}

interface ErrorBody {
  code?: unknown
  error_code?: unknown
  detail?: unknown
  title?: unknown
  message?: unknown
  msg?: unknown
  error?: unknown
  error_description?: unknown
  hint?: unknown
  request_id?: unknown
  errors?: unknown
}

/** The fault that a response with a status of 400 or more tells. Reads its body. */
export async function faultOf(response: Response): Promise<ApiFault> {
  const common = {
    status: response.status,
    requestId: response.headers.get('X-Request-Id') ?? '',
    retryAfter: secondsOf(response.headers.get('Retry-After')),
  }
  const body = await response.json().catch(() => null) as ErrorBody | null
  // A proxy in between may answer with a page of its own.
  if (body === null || typeof body !== 'object') {
    return new ApiFault({
      ...common,
      code: common.status === 429
        ? 'over_request_rate_limit'
        : 'unexpected_response',
      message: `HTTP ${response.status}`,
    })
  }
  return new ApiFault({
    ...common,
    code: text(body.error_code) || text(body.code) || text(body.error) || `http_${response.status}`,
    message: text(body.detail) || text(body.message) || text(body.msg) || text(body.error_description) || text(body.title) || `HTTP ${response.status}`,
    hint: text(body.hint),
    requestId: text(body.request_id) || common.requestId,
    fields: fieldsOf(body.errors),
  })
}

function text(value: unknown): string {
  return typeof value === 'string'
    ? value
    : ''
}

/** Seconds of a Retry-After header (RFC 9110 section 10.2.3: a number of seconds or a date); 0 when absent. */
export function secondsOf(header: string | null, now = Date.now()): number {
  if (!header)
    return 0
  if (/^\d+$/.test(header))
    return Number(header)
  const at = Date.parse(header)
  return Number.isNaN(at)
    ? 0
    : Math.max(0, Math.ceil((at - now) / 1000))
}

function fieldsOf(errors: unknown): Record<string, string> {
  const fields: Record<string, string> = {}
  if (!Array.isArray(errors))
    return fields
  for (const entry of errors as { field?: unknown, message?: unknown }[]) {
    if (text(entry?.field) && text(entry.message))
      fields[text(entry.field).replace(/^body\./, '')] = text(entry.message)
  }
  return fields
}
