import assert from 'node:assert/strict'
import { test } from 'node:test'
import { careful, client, newEmail, open, password, signedUp } from '../lib/target.js'
import { mails, nthMail } from '../lib/mail.js'
import { claimsOf } from '../lib/http.js'

test('sign up with confirmation off signs in at once', async () => {
  const email = newEmail()
  const { auth } = client(open)
  const { data, error } = await auth.signUp({ email, password, options: { data: { full_name: '张三' } } })
  assert.equal(error, null)
  assert.equal(data.user.email, email)
  assert.equal(data.user.user_metadata.full_name, '张三')
  assert.deepEqual(data.user.app_metadata, { provider: 'email', providers: ['email'] })
  assert.equal(data.user.identities.length, 1)
  assert.equal(data.user.identities[0].provider, 'email')
  assert.equal(data.session.token_type, 'bearer')
  assert.equal((await auth.getUser()).data.user.id, data.user.id)
})

test('sign up twice is refused with user_already_exists', async () => {
  const { email } = await signedUp()
  const { data, error } = await client(open).auth.signUp({ email: email.toUpperCase(), password })
  assert.equal(error.code, 'user_already_exists')
  assert.equal(error.status, 422)
  assert.equal(data.session, null)
})

test('a weak password names its reasons', async () => {
  const { error } = await client(open).auth.signUp({ email: newEmail(), password: 'abc' })
  assert.equal(error.name, 'AuthWeakPasswordError')
  assert.deepEqual(error.reasons, ['length'])
})

test('sign up with confirmation on: no session, no sign-in, then the link of the mail', async () => {
  const email = newEmail()
  const { auth } = client(careful)
  const { data, error } = await auth.signUp({ email, password })
  assert.equal(error, null)
  assert.equal(data.session, null)
  assert.equal(data.user.email, email)
  assert.ok(data.user.confirmation_sent_at)

  const early = await auth.signInWithPassword({ email, password })
  assert.equal(early.error.code, 'email_not_confirmed')
  assert.equal(early.error.status, 400)

  const mail = await nthMail(careful, email)
  const confirmed = await auth.verifyOtp({ token_hash: mail.tokenHash, type: 'signup' })
  assert.equal(confirmed.error, null)
  assert.equal(confirmed.data.user.email, email)
  assert.ok(confirmed.data.user.email_confirmed_at)
  assert.deepEqual(claimsOf(confirmed.data.session.access_token).amr.map(m => m.method), ['otp'])

  const again = await client(careful).auth.verifyOtp({ token_hash: mail.tokenHash, type: 'signup' })
  assert.equal(again.error.code, 'otp_expired')
  assert.equal((await client(careful).auth.signInWithPassword({ email, password })).error, null)
})

test('sign up with confirmation on: the code of the mail', async () => {
  const email = newEmail()
  const { auth } = client(careful)
  await auth.signUp({ email, password })
  const mail = await nthMail(careful, email)
  const wrong = await auth.verifyOtp({ email, token: mail.code === '000000' ? '000001' : '000000', type: 'signup' })
  assert.equal(wrong.error.code, 'otp_expired')
  const right = await auth.verifyOtp({ email, token: mail.code, type: 'signup' })
  assert.equal(right.error, null)
  assert.ok(right.data.session)
})

test('sign up of a confirmed address with confirmation on tells nothing', async () => {
  const email = newEmail()
  const { auth } = client(careful)
  await auth.signUp({ email, password })
  const mail = await nthMail(careful, email)
  await auth.verifyOtp({ token_hash: mail.tokenHash, type: 'signup' })
  const known = (await client(careful).auth.signUp({ email, password: 'another-horse-8' })).data
  const unknown = (await client(careful).auth.signUp({ email: newEmail(), password })).data
  assert.equal(known.session, null)
  assert.deepEqual(known.user.identities, [])
  assert.deepEqual(Object.keys(known.user).sort(), Object.keys(unknown.user).sort())
  assert.equal((await mails(careful, email)).length, 1)
})

test('resend sends a second mail, and only the newest link works', async () => {
  const email = newEmail()
  const { auth } = client(careful)
  await auth.signUp({ email, password })
  const first = await nthMail(careful, email)
  await new Promise(resolve => setTimeout(resolve, 1100)) // the server's mail interval
  assert.equal((await auth.resend({ type: 'signup', email })).error, null)
  const second = await nthMail(careful, email, 2)
  assert.equal((await auth.verifyOtp({ token_hash: first.tokenHash, type: 'signup' })).error.code, 'otp_expired')
  assert.equal((await auth.verifyOtp({ token_hash: second.tokenHash, type: 'signup' })).error, null)
})

test('resend for an unknown address looks the same', async () => {
  const email = newEmail()
  assert.equal((await client(careful).auth.resend({ type: 'signup', email })).error, null)
  assert.deepEqual(await mails(careful, email), [])
})

test('anonymous, then a permanent user', async () => {
  const { auth } = client(open)
  const { data, error } = await auth.signInAnonymously({ options: { data: { k: 1 } } })
  assert.equal(error, null)
  assert.equal(data.user.is_anonymous, true)
  assert.deepEqual(data.user.identities, [])
  const claims = claimsOf(data.session.access_token)
  assert.equal(claims.is_anonymous, true)
  assert.equal(claims.role, 'authenticated')
  assert.deepEqual(claims.amr.map(m => m.method), ['anonymous'])

  const email = newEmail()
  const updated = await auth.updateUser({ email })
  assert.equal(updated.error, null)
  if (updated.data.user.email !== email) {
    const mail = await nthMail(open, email)
    assert.equal((await auth.verifyOtp({ token_hash: mail.tokenHash, type: 'email_change' })).error, null)
  }
  assert.equal((await auth.updateUser({ password })).error, null)
  const back = await client(open).auth.signInWithPassword({ email, password })
  assert.equal(back.error, null)
  assert.equal(back.data.user.id, data.user.id)
  assert.equal(back.data.user.is_anonymous, false)
})
