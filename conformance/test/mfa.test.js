import assert from 'node:assert/strict'
import { test } from 'node:test'
import { admin, client, newEmail, open, password, signedIn, signedUp, strict } from '../lib/target.js'
import { nthMail } from '../lib/mail.js'
import { ask, claimsOf } from '../lib/http.js'
import { totp } from '../lib/totp.js'

// enrolled is a user with a verified authenticator app, whose next code is
// that of the next step: the one of now is taken.
async function enrolled() {
  const c = await signedUp('mfa')
  const { data, error } = await c.auth.mfa.enroll({ factorType: 'totp', friendlyName: 'phone' })
  assert.equal(error, null)
  const verified = await c.auth.mfa.challengeAndVerify({ factorId: data.id, code: totp(data.totp.secret) })
  assert.equal(verified.error, null)
  return { ...c, factorId: data.id, secret: data.totp.secret, verified: verified.data }
}

const levels = async c => {
  const { data, error } = await c.auth.mfa.getAuthenticatorAssuranceLevel()
  assert.equal(error, null)
  return [data.currentLevel, data.nextLevel]
}

test('mfa.enroll, challenge, verify: the session goes on at aal2', async () => {
  const c = await signedUp('mfa')
  assert.deepEqual(await levels(c), ['aal1', 'aal1'])
  const { data, error } = await c.auth.mfa.enroll({ factorType: 'totp', friendlyName: 'phone', issuer: 'Acme' })
  assert.equal(error, null)
  assert.deepEqual([data.type, data.friendly_name], ['totp', 'phone'])
  assert.match(data.totp.qr_code, /^data:image\/svg\+xml;utf-8,/)
  assert.match(data.totp.uri, /^otpauth:\/\/totp\/Acme:/)

  const challenge = await c.auth.mfa.challenge({ factorId: data.id })
  assert.equal(challenge.error, null)
  const wrong = await c.auth.mfa.verify({ factorId: data.id, challengeId: challenge.data.id, code: '000000' })
  assert.deepEqual([wrong.error.status, wrong.error.code], [422, 'mfa_verification_failed'])
  const right = await c.auth.mfa.verify({ factorId: data.id, challengeId: challenge.data.id, code: totp(data.totp.secret) })
  assert.equal(right.error, null)
  const claims = claimsOf(right.data.access_token)
  assert.deepEqual([claims.aal, claims.amr.map(m => m.method)], ['aal2', ['totp', 'password']])
  assert.deepEqual(await levels(c), ['aal2', 'aal2'])

  const { data: factors } = await c.auth.mfa.listFactors()
  assert.deepEqual(factors.totp.map(f => [f.id, f.status, f.friendly_name]), [[data.id, 'verified', 'phone']])
  const replay = await c.auth.mfa.verify({ factorId: data.id, challengeId: challenge.data.id, code: totp(data.totp.secret) })
  assert.equal(replay.error.code, 'mfa_verification_failed')
})

test('a session at aal1 of a user with a factor steps up, and changes nothing sensitive before', async () => {
  const owner = await enrolled()
  const c = await signedIn(owner.email)
  assert.deepEqual(await levels(c), ['aal1', 'aal2'])
  const refused = [
    await c.auth.updateUser({ password: 'another-horse-8' }),
    await c.auth.updateUser({ email: 'other@example.com' }),
    await c.auth.mfa.enroll({ factorType: 'totp' }),
    await c.auth.mfa.unenroll({ factorId: owner.factorId }),
  ]
  assert.deepEqual(refused.map(r => [r.error?.status, r.error?.code]), [
    [401, 'insufficient_aal'], [401, 'insufficient_aal'], [403, 'insufficient_aal'], [422, 'insufficient_aal'],
  ])
  assert.equal((await c.auth.updateUser({ data: { theme: 'dark' } })).error, null)
  assert.equal((await c.auth.mfa.challengeAndVerify({ factorId: owner.factorId, code: totp(owner.secret, 1) })).error, null)
  assert.deepEqual(await levels(c), ['aal2', 'aal2'])
  assert.equal((await c.auth.updateUser({ password: 'another-horse-8' })).error, null)
})

test('mfa.unenroll, and the errors of factors', async () => {
  const c = await enrolled()
  const taken = await c.auth.mfa.enroll({ factorType: 'totp', friendlyName: 'phone' })
  assert.deepEqual([taken.error.status, taken.error.code], [422, 'mfa_factor_name_conflict'])
  const unknown = await c.auth.mfa.challenge({ factorId: '0190b7a2-7e57-7000-8000-000000000001' })
  assert.deepEqual([unknown.error.status, unknown.error.code], [404, 'mfa_factor_not_found'])
  const gone = await c.auth.mfa.verify({ factorId: c.factorId, challengeId: '0190b7a2-7e57-7000-8000-000000000001', code: '123456' })
  assert.equal(gone.error.code, 'mfa_challenge_expired')

  const { data, error } = await c.auth.mfa.unenroll({ factorId: c.factorId })
  assert.equal(error, null)
  assert.equal(data.id, c.factorId)
  await c.auth.refreshSession()
  const { data: left } = await c.auth.mfa.listFactors()
  assert.deepEqual(left.all, [])
})

test('five wrong codes make a factor rest', async () => {
  const c = await enrolled()
  for (let i = 0; i < 5; i++)
    assert.equal((await c.auth.mfa.challengeAndVerify({ factorId: c.factorId, code: '000000' })).error.code, 'mfa_verification_failed')
  const { error } = await c.auth.mfa.challengeAndVerify({ factorId: c.factorId, code: totp(c.secret, 1) })
  assert.deepEqual([error.status, error.code], [429, 'over_request_rate_limit'])
})

test('passkeys: the options of both ceremonies, as the browser API takes them', async () => {
  const c = await signedUp('passkey')
  const made = await c.auth.passkey.startRegistration()
  assert.equal(made.error, null)
  const { challenge_id: id, options, expires_at: until } = made.data
  assert.match(id, /^[0-9a-f-]{36}$/)
  assert.ok(until > Date.now() / 1000 + 200 && until < Date.now() / 1000 + 400)
  assert.equal(options.rp.id, 'localhost')
  assert.equal(options.user.name, c.email)
  assert.deepEqual([options.attestation, options.authenticatorSelection.residentKey, options.authenticatorSelection.userVerification],
    ['none', 'required', 'preferred'])
  assert.ok(Buffer.from(options.challenge, 'base64url').length >= 32)

  const asked = await client(open).auth.passkey.startAuthentication()
  assert.equal(asked.error, null)
  assert.deepEqual([asked.data.options.rpId, asked.data.options.userVerification, asked.data.options.allowCredentials],
    ['localhost', 'preferred', undefined])
  const settings = await ask(open, 'GET', '/settings')
  assert.equal(settings.body.passkeys_enabled, true)
})

test('passkeys: list, update, delete, the administrator, and the error codes', async () => {
  const c = await signedUp('passkey')
  assert.deepEqual(await c.auth.passkey.list(), { data: [], error: null })
  const nowhere = '0190b7a2-7e57-7000-8000-000000000001'
  const wire = answer => [answer.error?.status, answer.error?.code]
  assert.deepEqual(wire(await c.auth.passkey.update({ passkeyId: nowhere, friendlyName: 'x' })), [404, 'passkey_not_found'])
  assert.deepEqual(wire(await c.auth.passkey.delete({ passkeyId: nowhere })), [404, 'passkey_not_found'])

  const { data } = await c.auth.passkey.startRegistration()
  const registration = credential => c.auth.passkey.verifyRegistration({ challengeId: data.challenge_id, credential })
  assert.deepEqual(wire(await registration({})), [400, 'webauthn_verification_failed'])
  assert.deepEqual(wire(await registration({})), [400, 'webauthn_challenge_not_found'], 'each challenge is taken once')
  const stranger = client(open)
  const asked = await stranger.auth.passkey.startAuthentication()
  const answer = credential => stranger.auth.passkey.verifyAuthentication({ challengeId: asked.data.challenge_id, credential })
  assert.deepEqual(wire(await answer({})), [400, 'webauthn_verification_failed'])
  assert.deepEqual(wire(await answer({})), [400, 'webauthn_challenge_not_found'])

  const service = admin(open)
  assert.deepEqual(await service.passkey.listPasskeys({ userId: c.user.id }), { data: [], error: null })
  assert.deepEqual(wire(await service.passkey.deletePasskey({ userId: c.user.id, passkeyId: nowhere })), [404, 'passkey_not_found'])

  const guest = client(open)
  await guest.auth.signInAnonymously()
  assert.equal((await guest.auth.passkey.startRegistration()).error.status, 403)
})

test('an older session confirms by the mailed code alone, for whatever comes next', async () => {
  const email = newEmail()
  const { error: refused } = await admin(strict).createUser({ email, password, email_confirm: true })
  assert.equal(refused, null)
  const c = client(strict)
  await c.auth.signInWithPassword({ email, password })
  await new Promise(resolve => setTimeout(resolve, 1100))
  const wire = answer => [answer.error?.status, answer.error?.code]
  assert.deepEqual(wire(await c.auth.mfa.enroll({ factorType: 'totp' })), [400, 'reauthentication_needed'])
  assert.deepEqual(wire(await c.auth.passkey.startRegistration()), [400, 'reauthentication_needed'])
  assert.equal((await c.auth.reauthenticate()).error, null)
  const { code } = await nthMail(strict, email)
  assert.deepEqual(wire(await c.auth.updateUser({ nonce: code === '000000' ? '000001' : '000000' })), [422, 'reauthentication_not_valid'])
  assert.equal((await c.auth.updateUser({ nonce: code })).error, null)
  assert.equal((await c.auth.mfa.enroll({ factorType: 'totp' })).error, null)
})
