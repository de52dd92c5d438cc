import type { PendingView } from '../../lib/api'
import { flushPromises } from '@vue/test-utils'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { fakeFetch, json } from '@/testing/fakeFetch'
import { mountPage } from '@/testing/mountPage'
import ThirdPartyAuthCallbackFlow from '../ThirdPartyAuthCallbackFlow.vue'

const base: PendingView = {
  source: 'linuxdo',
  type: 'linuxdo',
  nickname: 'Neo',
  avatar_url: '/api/v1/auth/pending/avatar',
  provider_email: '',
  email_required: false,
  email: '',
  email_verified: false,
  email_has_account: false,
  is_proven: false,
  expires_at: '2026-01-01T00:15:00Z',
  server_time: '2026-01-01T00:00:00Z',
  code_expires_at: null,
  attempts_left: 5,
}
const codeOut = { email: 'neo@example.com', code_expires_at: '2026-01-01T00:10:00Z' }
const verified = { ...codeOut, email_verified: true, code_expires_at: null }
const problem = (status: number, code: string) => json({ code, detail: code, request_id: 'req-1' }, status)
const picture = () => new Response(new Blob(['picture'], { type: 'image/png' }), {
  headers: { 'Content-Type': 'image/png' },
})
const done = () => json({ redirect_to: '/home' })

type Answers = Record<string, () => Response>

async function open(answers: Answers, props: Record<string, string> = {}) {
  const calls = fakeFetch(({ method, url }) => {
    const path = url.replace('/api/v1/auth', '')
    const answer = answers[`${method} ${path}`] ?? (path === '/pending/avatar'
      ? picture
      : undefined)
    // The session that a completion has left in its cookie.
    if (!answer && url.includes('grant_type=refresh_token'))
      return json({ code: 'refresh_token_not_found' }, 400)
    if (!answer)
      throw new Error(`unexpected ${method} ${path}`)
    return answer()
  })
  const { wrapper, router } = await mountPage(ThirdPartyAuthCallbackFlow, {
    props: { source: 'linuxdo', ...props },
    config: {
      sources: [
        { name: 'linuxdo', type: 'linuxdo', display_name: 'LINUX DO' },
      ],
    },
  })
  const press = async (id: string) => {
    await wrapper.get(`[data-testid=${id}]`).trigger('click')
    await flushPromises()
  }
  const type = async (fields: Record<string, string>) => {
    for (const [selector, value] of Object.entries(fields))
      await wrapper.get(selector).setValue(value)
    await wrapper.get('form').trigger('submit')
    await flushPromises()
  }
  const sent = (path: string) => calls.filter(call => call.url.endsWith(path)).map(call => call.body)
  return {
    wrapper,
    router,
    calls,
    press,
    type,
    sent,
  }
}

const pending = (more: Partial<PendingView> = {}) => () => json({
  ...base,
  ...more,
})

describe('thirdPartyAuthCallbackFlow', () => {
  afterEach(() => void vi.useRealTimers())

  it('shows who is there and how long it lasts, and offers both ways', async () => {
    const { wrapper, calls } = await open({
      'GET /pending': pending(),
    })
    expect(wrapper.get('h1').text()).toBe('First time with LINUX DO')
    expect(wrapper.get('[data-testid=person]').text()).toContain('Neo')
    expect(wrapper.get('[data-testid=time-left]').text()).toBe('15:00 left')
    expect(calls[0]!.headers.get('X-Tessera-Session')).toBe('cookie')
    expect(wrapper.get('[data-testid=person] img').attributes('src')).toMatch(/^blob:/)
  })

  it.each([
    [
      'neither',
      [],
      { adopt_nickname: false, adopt_avatar: false },
    ],
    [
      'the nickname only',
      ['adopt_nickname'],
      { adopt_nickname: true, adopt_avatar: false },
    ],
    [
      'the avatar only',
      ['adopt_avatar'],
      { adopt_nickname: false, adopt_avatar: true },
    ],
    [
      'both',
      ['adopt_nickname', 'adopt_avatar'],
      { adopt_nickname: true, adopt_avatar: true },
    ],
  ])('creates an account that takes over %s', async (_, switches, choices) => {
    const flow = await open({
      'GET /pending': pending(),
      'POST /pending/create': done,
    })
    await flow.press('choose-create')
    for (const name of switches) {
      const row = flow.wrapper.get(`[data-testid=${name}]`)
      await (row.element.matches('button')
        ? row
        : row.get('button')).trigger('click')
    }
    await flow.press('complete')
    expect(flow.sent('/pending/create')).toEqual([choices])
    expect(flow.router.currentRoute.value.fullPath).toBe('/home')
  })

  it('does not offer a picture that cannot be had', async () => {
    const flow = await open({
      'GET /pending': pending(),
      'GET /pending/avatar': () => problem(424, 'picture.unreachable'),
    })
    await flow.press('choose-create')
    expect(flow.wrapper.get('[data-testid=adopt_avatar-suggested]').text()).toBe('Could not be loaded')
    const row = flow.wrapper.get('[data-testid=adopt_avatar]')
    expect((row.element.matches('button')
      ? row
      : row.get('button')).attributes('disabled')).toBeDefined()
  })

  it('says at the choice that the picture could not be taken, and has done nothing', async () => {
    const flow = await open({
      'GET /pending': pending(),
      'POST /pending/create': () => problem(424, 'picture.unreachable'),
    })
    await flow.press('choose-create')
    await flow.press('complete')
    expect(flow.wrapper.get('h1').text()).toBe('Nickname and avatar')
    expect(flow.wrapper.get('[role=alert]').text()).toContain('picture.unreachable')
  })

  it('asks for an address where one is required, and verifies it', async () => {
    const flow = await open({
      'GET /pending': pending({ email_required: true }),
      'POST /pending/email': pending({ email_required: true, ...codeOut }),
      'POST /pending/email/verify': pending({ email_required: true, ...verified }),
      'POST /pending/create': done,
    })
    await flow.press('choose-create')
    expect(flow.wrapper.find('[data-testid=complete]').exists()).toBe(false)
    await flow.type({ 'input[type=email]': 'neo@example.com' })
    expect(flow.sent('/pending/email')).toEqual([
      { email: 'neo@example.com' },
    ])
    expect(flow.wrapper.text()).toContain('We sent a 6-digit code to neo@example.com.')
    await flow.wrapper.get('input').setValue('012345')
    await flushPromises()
    expect(flow.sent('/pending/email/verify')).toEqual([
      { code: '012345' },
    ])
    await flow.press('complete')
    expect(flow.sent('/pending/create')).toHaveLength(1)
  })

  it('leads out of an address that has an account both ways', async () => {
    const flow = await open({
      'GET /pending': pending({ email_required: true, ...verified, email_has_account: true }),
    })
    expect(flow.wrapper.get('h1').text()).toBe('This address has an account')
    await flow.press('conflict-other')
    expect(flow.wrapper.get('h1').text()).toBe('Verify an e-mail')
    flow.wrapper.unmount()
    const again = await open({
      'GET /pending': pending({ email_required: true, ...verified, email_has_account: true }),
    })
    await again.press('conflict-bind')
    expect((again.wrapper.get('input[type=email]').element as HTMLInputElement).value).toBe('neo@example.com')
  })

  it('binds after the password and the second factor', async () => {
    let proofs = 0
    const flow = await open({
      'GET /pending': pending(),
      'POST /pending/proof': () => [
        () => problem(403, 'identity.bad_credentials'),
        () => problem(403, 'pendingauth.totp_required'),
        pending({ is_proven: true }),
      ][proofs++]!(),
      'POST /pending/bind': done,
    })
    await flow.press('choose-bind')
    await flow.type({ 'input[type=email]': 'me@example.com', 'input[type=password]': 'wrong' })
    expect(flow.wrapper.get('[role=alert]').text()).toContain('E-mail or password is wrong.')
    await flow.type({ 'input[type=password]': 'right' })
    expect(flow.wrapper.get('h1').text()).toBe('One more step')
    expect(flow.wrapper.find('[role=alert]').exists()).toBe(false)
    await flow.wrapper.get('input').setValue('123456')
    await flushPromises()
    expect(flow.sent('/pending/proof').at(-1)).toEqual({ email: 'me@example.com', password: 'right', totp: '123456' })
    await flow.press('complete')
    expect(flow.sent('/pending/bind')).toEqual([
      { adopt_nickname: false, adopt_avatar: false },
    ])
  })

  it('resumes from the server after a reload', async () => {
    expect((await open({
      'GET /pending': pending({ is_proven: true }),
    })).wrapper.text()).toContain('Bind and sign in')
    expect((await open({
      'GET /pending': pending(codeOut),
    })).wrapper.get('h1').text()).toBe('Enter the code')
  })

  it('is given up with one press, calmly', async () => {
    const flow = await open({
      'GET /pending': pending(),
      'DELETE /pending': () => new Response(null, { status: 204 }),
    })
    await flow.press('cancel')
    expect(flow.wrapper.get('h1').text()).toBe('Sign-in cancelled')
    expect(flow.wrapper.find('[role=alert]').exists()).toBe(false)
  })

  it('takes turning back at the provider for a choice and not an error', async () => {
    const flow = await open({}, { error: 'provider.denied', requestId: 'req-2' })
    expect(flow.wrapper.get('h1').text()).toBe('Sign-in cancelled')
    expect(flow.wrapper.find('[role=alert]').exists()).toBe(false)
    expect(flow.calls).toHaveLength(0)
  })

  it('has expired when the server no longer knows it', async () => {
    const flow = await open({
      'GET /pending': () => problem(404, 'pendingauth.session_unknown'),
    })
    expect(flow.wrapper.get('h1').text()).toBe('This sign-in has expired')
    expect(flow.wrapper.find('[data-testid=again]').exists()).toBe(true)
  })

  it('expires when its time is over', async () => {
    vi.useFakeTimers({
      toFake: ['setInterval', 'clearInterval', 'Date'],
    })
    const flow = await open({
      'GET /pending': pending({ expires_at: '2026-01-01T00:00:03Z' }),
    })
    await vi.advanceTimersByTimeAsync(2000)
    expect(flow.wrapper.get('h1').text()).toBe('First time with LINUX DO')
    await vi.advanceTimersByTimeAsync(2000)
    expect(flow.wrapper.get('h1').text()).toBe('This sign-in has expired')
  })

  it('tells of a failure by source, reason and request id', async () => {
    const flow = await open({}, { error: 'provider.untrusted', requestId: 'req-3' })
    expect(flow.wrapper.get('h1').text()).toBe('LINUX DO did not work')
    expect(flow.wrapper.get('[role=alert]').text()).toContain('could not be trusted')
    expect(flow.wrapper.get('[data-testid=fault-request-id]').text()).toBe('req-3')
  })
})
