import { describe, expect, it } from 'vitest'
import { json } from '@/testing/fakeFetch'
import { asFault, faultOf, secondsOf } from '../fault'

describe('faultOf', () => {
  it('reads a problem of the console surface', async () => {
    const fault = await faultOf(json({
      type: 'about:blank',
      title: 'Unprocessable',
      status: 422,
      detail: 'The model is not allowed.',
      code: 'model_not_allowed',
      hint: 'Pick one of GET /llm/models.',
      request_id: 'abc',
      errors: [
        { field: 'body.model', message: 'not in the list' },
        { field: '', message: 'lost' },
        'junk',
      ],
    }, 422))
    expect(fault).toMatchObject({
      status: 422,
      code: 'model_not_allowed',
      message: 'The model is not allowed.',
      hint: 'Pick one of GET /llm/models.',
      requestId: 'abc',
      fields: { model: 'not in the list' },
    })
  })

  it('reads both body versions of the auth surface', async () => {
    expect(await faultOf(json({ code: 'invalid_credentials', message: 'Invalid login credentials' }, 400, { 'X-Request-Id': 'r1' })))
      .toMatchObject({ code: 'invalid_credentials', message: 'Invalid login credentials', requestId: 'r1' })
    expect(await faultOf(json({ code: 422, error_code: 'user_already_exists', msg: 'exists' }, 422)))
      .toMatchObject({ code: 'user_already_exists', message: 'exists' })
    expect(await faultOf(json({ error: 'invalid_grant', error_description: 'no' }, 400)))
      .toMatchObject({ code: 'invalid_grant', message: 'no' })
  })

  it('keeps the wait of a refusal', async () => {
    expect(await faultOf(json({ code: 'over_request_rate_limit', message: 'slow down' }, 429, { 'Retry-After': '17' }))).toMatchObject({ retryAfter: 17 })
  })

  it.each([
    ['<html>Bad gateway</html>', 502, 'unexpected_response'],
    ['', 500, 'unexpected_response'],
    ['null', 500, 'unexpected_response'],
    ['', 429, 'over_request_rate_limit'],
    ['{}', 418, 'http_418'],
  ])('makes something of the body %j', async (body, status, code) => {
    expect(await faultOf(new Response(body, { status }))).toMatchObject({ status, code })
  })
})

describe('secondsOf', () => {
  const now = Date.parse('2026-11-21T10:00:00Z')
  it.each([
    [null, 0],
    ['30', 30],
    ['Sat, 21 Nov 2026 10:00:30 GMT', 30],
    ['Sat, 21 Nov 2026 09:00:00 GMT', 0],
    ['soon', 0],
    ['-5', 0],
  ])('reads Retry-After %j as %d', (header, seconds) => {
    expect(secondsOf(header, now)).toBe(seconds)
  })
})

describe('asFault', () => {
  it('tells a stopped call, an unreachable server and a defect apart', () => {
    expect(asFault(new DOMException('stopped', 'AbortError')).code).toBe('aborted')
    expect(asFault(new TypeError('Failed to fetch')).code).toBe('network_unreachable')
    expect(asFault(new RangeError('oops'))).toMatchObject({ code: 'internal', message: 'oops' })
  })
})
