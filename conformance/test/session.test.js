import assert from 'node:assert/strict'
import { test } from 'node:test'
import { client, newEmail, open, password, signedIn, signedUp } from '../lib/target.js'
import { ask, claimsOf, headerOf } from '../lib/http.js'

test('sign in with a password', async () => {
  const { email, user } = await signedUp()
  const { session } = await signedIn(email)
  assert.equal(session.user.id, user.id)
  assert.equal(session.expires_in, 3600)
  assert.ok(Math.abs(session.expires_at - Date.now() / 1000 - 3600) < 30)
})

test('a wrong password and an unknown user answer alike', async () => {
  const { email } = await signedUp()
  const wrong = await client(open).auth.signInWithPassword({ email, password: 'x' })
  const unknown = await client(open).auth.signInWithPassword({ email: newEmail(), password })
  for (const { error } of [wrong, unknown]) {
    assert.equal(error.code, 'invalid_credentials')
    assert.equal(error.status, 400)
    assert.equal(error.message, 'Invalid login credentials')
  }
})

test('get claims verifies the token here, with our published key', async () => {
  const c = await signedUp()
  c.calls.length = 0
  const { data, error } = await c.auth.getClaims()
  assert.equal(error, null)
  assert.equal(data.claims.sub, c.user.id)
  assert.equal(data.header.alg, 'ES256')
  assert.ok(data.header.kid)
  assert.deepEqual(c.calls, ['GET /auth/v1/.well-known/jwks.json'])
  await c.auth.getClaims()
  assert.equal(c.calls.length, 1, 'the key is fetched once')

  const [head, body, signature] = c.session.access_token.split('.')
  const forged = { ...claimsOf(c.session.access_token), sub: '00000000-0000-4000-8000-000000000000' }
  const tampered = [head, Buffer.from(JSON.stringify(forged)).toString('base64url'), signature].join('.')
  assert.notEqual(body, tampered.split('.')[1])
  assert.equal((await c.auth.getClaims(tampered)).error?.message, 'Invalid JWT signature')
  assert.deepEqual(c.calls, ['GET /auth/v1/.well-known/jwks.json'])
})

test('the access token has the claims of the contract, in their order', async () => {
  const { session } = await signedUp()
  assert.deepEqual(Object.keys(claimsOf(session.access_token)), [
    'iss', 'sub', 'aud', 'exp', 'iat', 'email', 'phone', 'app_metadata', 'user_metadata',
    'role', 'aal', 'amr', 'session_id', 'is_anonymous',
  ])
  assert.deepEqual(Object.keys(headerOf(session.access_token)).sort(), ['alg', 'kid', 'typ'])
  assert.equal(claimsOf(session.access_token).iss, `${open.url}/auth/v1`)
})

test('refresh gives a new pair and keeps the session', async () => {
  const c = await signedUp()
  const { data, error } = await c.auth.refreshSession()
  assert.equal(error, null)
  assert.notEqual(data.session.refresh_token, c.session.refresh_token)
  assert.equal(claimsOf(data.session.access_token).session_id, claimsOf(c.session.access_token).session_id)
  assert.equal((await c.auth.getUser()).error, null)
})

test('fifty tabs refresh one token at once: all win, one session, one successor', async () => {
  const { session } = await signedUp()
  const answers = await Promise.all(Array.from({ length: 50 }, () =>
    client(open).auth.refreshSession({ refresh_token: session.refresh_token })))
  assert.deepEqual(answers.filter(a => a.error).map(a => a.error.code), [])
  assert.equal(new Set(answers.map(a => a.data.session.refresh_token)).size, 1)
  assert.equal(new Set(answers.map(a => claimsOf(a.data.session.access_token).session_id)).size, 1)
})

test('a refresh token replayed after its window ends the session for both holders', async () => {
  const c = await signedUp()
  const stolen = c.session.refresh_token
  const next = (await c.auth.refreshSession()).data.session
  await new Promise(resolve => setTimeout(resolve, 2200)) // the server's reuse window

  const thief = await client(open).auth.refreshSession({ refresh_token: stolen })
  assert.equal(thief.error.code, 'refresh_token_already_used')
  const victim = await client(open).auth.refreshSession({ refresh_token: next.refresh_token })
  assert.ok(['refresh_token_not_found', 'refresh_token_already_used'].includes(victim.error.code), victim.error.code)
  const user = await ask(open, 'GET', '/user', { bearer: next.access_token })
  assert.equal(user.status, 403)
  assert.equal(user.body.code, 'session_not_found')
})

test('set session takes a pair from elsewhere', async () => {
  const { session, user } = await signedUp()
  const { auth } = client(open)
  const { data, error } = await auth.setSession(session)
  assert.equal(error, null)
  assert.equal(data.user.id, user.id)
  assert.equal((await auth.getUser()).data.user.id, user.id)
})

test('set session with an expired access token refreshes it', async () => {
  const { session, user } = await signedUp()
  const [head, , signature] = session.access_token.split('.')
  const old = { ...claimsOf(session.access_token), exp: 1 }
  const expired = [head, Buffer.from(JSON.stringify(old)).toString('base64url'), signature].join('.')
  const { data, error } = await client(open).auth.setSession({ access_token: expired, refresh_token: session.refresh_token })
  assert.equal(error, null)
  assert.equal(data.user.id, user.id)
})

test('sign out in three scopes', async t => {
  const alive = async s => (await ask(open, 'GET', '/user', { bearer: s.access_token })).status === 200
  const three = async () => {
    const a = await signedUp()
    return [a, await signedIn(a.email), await signedIn(a.email)]
  }
  const states = async list => Promise.all(list.map(c => alive(c.session)))

  await t.test('others', async () => {
    const all = await three()
    assert.equal((await all[0].auth.signOut({ scope: 'others' })).error, null)
    assert.deepEqual(await states(all), [true, false, false])
    assert.ok((await all[0].auth.getSession()).data.session, 'the client keeps its session')
  })
  await t.test('local', async () => {
    const all = await three()
    assert.equal((await all[0].auth.signOut({ scope: 'local' })).error, null)
    assert.deepEqual(await states(all), [false, true, true])
    assert.equal((await all[0].auth.getSession()).data.session, null)
  })
  await t.test('global', async () => {
    const all = await three()
    assert.equal((await all[0].auth.signOut()).error, null)
    assert.deepEqual(await states(all), [false, false, false])
    const dead = await client(open).auth.refreshSession({ refresh_token: all[1].session.refresh_token })
    assert.equal(dead.error.code, 'refresh_token_not_found')
    assert.equal((await client(open).auth.getUser(all[1].session.access_token)).error.name, 'AuthSessionMissingError')
  })
})
