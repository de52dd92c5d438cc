// The codes that only a server with other settings answers.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { admin, client, newEmail, password, strict } from '../lib/target.js'
import { nthMail } from '../lib/mail.js'
import { ask } from '../lib/http.js'

const pause = ms => new Promise(resolve => setTimeout(resolve, ms))

async function given() {
  const email = newEmail()
  const { error } = await admin(strict).createUser({ email, password, email_confirm: true })
  if (error) throw error
  const c = client(strict)
  const { data, error: refused } = await c.auth.signInWithPassword({ email, password })
  if (refused) throw refused
  return { ...c, email, session: data.session }
}

test('no sign-up', async () => {
  const { error } = await client(strict).auth.signUp({ email: newEmail(), password })
  assert.deepEqual([error.status, error.code], [422, 'signup_disabled'])
  const byMail = await client(strict).auth.signInWithOtp({ email: newEmail() })
  assert.deepEqual([byMail.error.status, byMail.error.code], [422, 'otp_disabled'])
})

test('no anonymous users', async () => {
  const { error } = await client(strict).auth.signInAnonymously()
  assert.equal(error.status, 422)
  assert.ok(['anonymous_provider_disabled', 'signup_disabled'].includes(error.code), error.code)
})

test('a session ends with its time box', async () => {
  const c = await given()
  assert.equal((await c.auth.refreshSession()).error, null)
  await pause(2200)
  const { error } = await client(strict).auth.refreshSession({ refresh_token: (await c.auth.getSession()).data.session.refresh_token })
  assert.deepEqual([error.status, error.code], [400, 'session_expired'])
})

test('an older session changes the password with a mailed code only', async () => {
  const c = await given()
  await pause(1100)
  const refused = await c.auth.updateUser({ password: 'another-horse-8' })
  assert.deepEqual([refused.error.status, refused.error.code], [400, 'reauthentication_needed'])
  assert.equal((await c.auth.reauthenticate()).error, null)
  const { code } = await nthMail(strict, c.email)
  const wrong = await c.auth.updateUser({ password: 'another-horse-8', nonce: code === '000000' ? '000001' : '000000' })
  assert.ok(wrong.error, 'a wrong code')
  assert.equal((await c.auth.updateUser({ password: 'another-horse-8', nonce: code })).error, null)
})

test('too many tries at one account, from whatever address, say when to come back', async () => {
  const email = newEmail()
  const answers = []
  for (let i = 0; i < 6; i++)
    answers.push(await ask(strict, 'POST', '/token?grant_type=password', { body: { email, password: 'x' } }))
  assert.deepEqual(answers[0].body.code, 'invalid_credentials')
  const last = answers.at(-1)
  assert.deepEqual([last.status, last.body.code], [429, 'over_request_rate_limit'])
  assert.ok(Number(last.headers.get('retry-after')) > 0)
})
