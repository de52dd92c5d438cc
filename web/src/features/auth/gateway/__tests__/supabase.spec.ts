import { describe, expect, it } from 'vitest'
import { fakeFetch, json } from '@/testing/fakeFetch'
import { supabaseGateway } from '../supabase'

const project = { url: 'https://project.example/', anon_key: 'anon' }
const user = {
  id: 'u1',
  aud: 'authenticated',
  email: 'a@example.com',
  app_metadata: {},
  user_metadata: {},
  created_at: '2026-01-01T00:00:00Z',
}
const versioned = { 'X-Supabase-Api-Version': '2024-01-01' }

function session(name: string) {
  const claims = btoa(JSON.stringify({ sub: 'u1', exp: Math.floor(Date.now() / 1000) + 3600, name }))
  return {
    access_token: `eyJhbGciOiJFUzI1NiJ9.${claims}.c2ln`,
    token_type: 'bearer',
    expires_in: 3600,
    expires_at: Math.floor(Date.now() / 1000) + 3600,
    refresh_token: `refresh-${name}`,
    user,
  }
}

describe('supabaseGateway', () => {
  it('signs in at the project, keeps the session and renews it after a reload', async () => {
    const calls = fakeFetch(call => json(call.url.includes('grant_type=refresh_token')
      ? session('second')
      : session('first')))
    expect(await supabaseGateway(project).signIn('a@example.com', 'password')).toMatchObject({ accessToken: session('first').access_token })
    expect(calls[0]).toMatchObject({ method: 'POST', url: 'https://project.example/auth/v1/token?grant_type=password' })
    expect(calls[0]!.headers.get('apikey')).toBe('anon')

    expect(await supabaseGateway(project).renew()).toMatchObject({ accessToken: session('second').access_token })
    expect(calls[1]!.body).toEqual({ refresh_token: 'refresh-first' })
  })

  it('has nothing to renew where nobody signed in', async () => {
    const calls = fakeFetch(() => json({}, 500))
    expect(await supabaseGateway(project).renew()).toBeNull()
    expect(calls).toEqual([])
  })

  it('takes a refused renewal for a session that has ended', async () => {
    fakeFetch(call => call.url.includes('grant_type=refresh_token')
      ? json({ code: 'refresh_token_not_found', message: 'Invalid Refresh Token' }, 400, versioned)
      : json(session('first')))
    const gateway = supabaseGateway(project)
    await gateway.signIn('a@example.com', 'password')
    expect(await gateway.renew()).toBeNull()
  })

  it('tells the project\'s reason', async () => {
    fakeFetch(() => json({ code: 'invalid_credentials', message: 'Invalid login credentials' }, 400, versioned))
    await expect(supabaseGateway(project).signIn('a@example.com', 'wrong')).rejects.toMatchObject({ status: 400, code: 'invalid_credentials', retryAfter: 0 })
    fakeFetch(() => json({ code: 'over_email_send_rate_limit', message: 'slow down' }, 429, versioned))
    await expect(supabaseGateway(project).sendRecovery('a@example.com')).rejects.toMatchObject({ code: 'over_email_send_rate_limit', retryAfter: 60 })
  })

  it('signs up with PKCE, to come back to the callback page', async () => {
    const calls = fakeFetch(() => json({ ...user, identities: [] }))
    expect(await supabaseGateway(project).signUp('a@example.com', 'password', '/ai/jwt')).toBeNull()
    const sent = new URL(calls[0]!.url)
    expect(sent.searchParams.get('redirect_to')).toBe(`${location.origin}/auth/callback?next=%2Fai%2Fjwt`)
    expect(calls[0]!.body).toMatchObject({
      email: 'a@example.com',
      code_challenge_method: expect.stringMatching(/s256|plain/) as string,
    })
    expect((calls[0]!.body as { code_challenge: string }).code_challenge).toMatch(/^[\w.~-]{43,128}$/)
  })

  it('trades the code of the way back, with the verifier of the way out', async () => {
    const calls = fakeFetch(call => json(call.url.includes('/signup')
      ? { ...user, identities: [] }
      : session('first')))
    const gateway = supabaseGateway(project)
    await gateway.signUp('a@example.com', 'password', '/')
    expect(await gateway.exchange('one-time')).toMatchObject({ accessToken: session('first').access_token })
    expect(calls[1]!.url).toContain('grant_type=pkce')
    expect(calls[1]!.body).toMatchObject({
      auth_code: 'one-time',
      code_verifier: expect.any(String) as string,
    })
  })
})
