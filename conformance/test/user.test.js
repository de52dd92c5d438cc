import assert from 'node:assert/strict'
import { test } from 'node:test'
import { careful, client, newEmail, open, password, signedIn, signedUp } from '../lib/target.js'
import { mails, nthMail } from '../lib/mail.js'
import { ask, claimsOf } from '../lib/http.js'

test('update merges metadata and null removes a key', async () => {
  const c = await signedUp()
  await c.auth.updateUser({ data: { a: 1, b: { c: 2 } } })
  const { data, error } = await c.auth.updateUser({ data: { a: null, d: '值' } })
  assert.equal(error, null)
  assert.equal('a' in data.user.user_metadata, false)
  assert.deepEqual(data.user.user_metadata.b, { c: 2 })
  assert.equal(data.user.user_metadata.d, '值')
})

test('update of the password: the new one works, other sessions are over', async () => {
  const c = await signedUp()
  const other = await signedIn(c.email)
  assert.equal((await c.auth.updateUser({ password })).error.code, 'same_password')
  assert.equal((await c.auth.updateUser({ password: 'another-horse-8' })).error, null)
  assert.equal((await client(open).auth.signInWithPassword({ email: c.email, password })).error.code, 'invalid_credentials')
  assert.equal((await client(open).auth.signInWithPassword({ email: c.email, password: 'another-horse-8' })).error, null)
  assert.equal((await ask(open, 'GET', '/user', { bearer: other.session.access_token })).body.code, 'session_not_found')
  assert.equal((await c.auth.getUser()).error, null)
})

test('update of the address: both owners confirm', async () => {
  const email = newEmail('old')
  const wanted = newEmail('new')
  const { auth } = client(careful)
  await auth.signUp({ email, password })
  await auth.verifyOtp({ token_hash: (await nthMail(careful, email)).tokenHash, type: 'signup' })

  const { data, error } = await auth.updateUser({ email: wanted })
  assert.equal(error, null)
  assert.equal(data.user.email, email)
  assert.equal(data.user.new_email, wanted)

  const toOld = await nthMail(careful, email, 2)
  const toNew = await nthMail(careful, wanted)
  const first = await auth.verifyOtp({ token_hash: toOld.tokenHash, type: 'email_change' })
  assert.equal(first.error, null)
  assert.equal(first.data.session, null)
  const second = await auth.verifyOtp({ token_hash: toNew.tokenHash, type: 'email_change' })
  assert.equal(second.error, null)
  assert.equal(second.data.user.email, wanted)
  assert.equal((await client(careful).auth.signInWithPassword({ email: wanted, password })).error, null)
  assert.equal((await client(careful).auth.signInWithPassword({ email, password })).error.code, 'invalid_credentials')
})

test('an address of somebody else is refused', async () => {
  const taken = await signedUp()
  const c = await signedUp()
  const { error } = await c.auth.updateUser({ email: taken.email })
  assert.equal(error.code, 'email_exists')
  assert.equal(error.status, 422)
})

test('reset the password by link', async () => {
  const { email } = await signedUp()
  assert.equal((await client(open).auth.resetPasswordForEmail(email)).error, null)
  const mail = await nthMail(open, email)
  const { auth } = client(open)
  const { data, error } = await auth.verifyOtp({ token_hash: mail.tokenHash, type: 'recovery' })
  assert.equal(error, null)
  assert.deepEqual(claimsOf(data.session.access_token).amr.map(m => m.method), ['otp'])
  assert.equal((await auth.updateUser({ password: 'fresh-horse-7' })).error, null)
  assert.equal((await client(open).auth.signInWithPassword({ email, password: 'fresh-horse-7' })).error, null)
})

test('reset the password by code', async () => {
  const { email } = await signedUp()
  await client(open).auth.resetPasswordForEmail(email)
  const mail = await nthMail(open, email)
  const { error } = await client(open).auth.verifyOtp({ email, token: mail.code, type: 'recovery' })
  assert.equal(error, null)
})

test('a reset for an unknown address looks the same and sends nothing', async () => {
  const email = newEmail()
  assert.equal((await client(open).auth.resetPasswordForEmail(email)).error, null)
  assert.deepEqual(await mails(open, email), [])
})

test('a second reset at once is refused, with the seconds to wait', async () => {
  const { email } = await signedUp()
  await client(open).auth.resetPasswordForEmail(email)
  const { error } = await client(open).auth.resetPasswordForEmail(email)
  assert.equal(error.code, 'over_email_send_rate_limit')
  assert.equal(error.status, 429)
  const raw = await ask(open, 'POST', '/recover', { body: { email } })
  assert.match(raw.headers.get('retry-after'), /^\d+$/)
})

test('five wrong codes spend the code', async () => {
  const { email } = await signedUp()
  await client(open).auth.resetPasswordForEmail(email)
  const mail = await nthMail(open, email)
  const wrong = mail.code === '000000' ? '000001' : '000000'
  for (let i = 0; i < 5; i++)
    assert.equal((await client(open).auth.verifyOtp({ email, token: wrong, type: 'recovery' })).error.code, 'otp_expired')
  const late = await client(open).auth.verifyOtp({ email, token: mail.code, type: 'recovery' })
  assert.equal(late.error?.code, 'otp_expired')
})

test('sign in by mail: link and code, new and known users', async () => {
  const email = newEmail()
  assert.equal((await client(open).auth.signInWithOtp({ email, options: { data: { nick: 'n' } } })).error, null)
  const first = await nthMail(open, email)
  const type = new URL(first.link).searchParams.get('type')
  const made = await client(open).auth.verifyOtp({ token_hash: first.tokenHash, type })
  assert.equal(made.error, null)
  assert.equal(made.data.user.user_metadata.nick, 'n')

  const known = (await signedUp()).email
  assert.equal((await client(open).auth.signInWithOtp({ email: known, options: { shouldCreateUser: false } })).error, null)
  const mail = await nthMail(open, known)
  assert.equal((await client(open).auth.verifyOtp({ email: known, token: mail.code, type: 'email' })).error, null)

  const stranger = await client(open).auth.signInWithOtp({ email: newEmail(), options: { shouldCreateUser: false } })
  assert.equal(stranger.error.code, 'otp_disabled')
})

test('reauthenticate mails a code', async () => {
  const c = await signedUp()
  assert.equal((await c.auth.reauthenticate()).error, null)
  assert.match((await nthMail(open, c.email)).code, /^\d{6}$/)
})

// The link of a mail, opened as a browser does. Opening changes nothing; the
// button sends the browser on with a code, which only the client that began
// the flow can exchange.
async function press(link) {
  const page = await fetch(link, { redirect: 'manual' })
  assert.equal(page.status, 200, `GET ${link}`)
  const html = await page.text()
  const field = name => new RegExp(`name="${name}" value="([^"]*)"`).exec(html)?.[1].replaceAll('&amp;', '&').replaceAll('&#43;', '+') ?? ''
  const action = /<form[^>]*action="([^"]*)"/.exec(html)?.[1] ?? ''
  const answer = await fetch(new URL(action, link), {
    method: 'POST',
    redirect: 'manual',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams({ token: field('token'), type: field('type'), redirect_to: field('redirect_to') }),
  })
  assert.equal(answer.status, 303)
  return new URL(answer.headers.get('location'))
}

test('PKCE: the link returns a code, and no token stands in any URL', async () => {
  const email = newEmail()
  const app = client(careful, { auth: { flowType: 'pkce' } })
  await app.auth.signUp({ email, password, options: { emailRedirectTo: 'https://app.example.com/welcome' } })
  const mail = await nthMail(careful, email)
  assert.match(mail.tokenHash, /^pkce_/)
  for (let i = 0; i < 2; i++) assert.equal((await fetch(mail.link, { redirect: 'manual' })).status, 200, 'a scanner opens it')

  const target = await press(mail.link)
  assert.equal(target.origin + target.pathname, 'https://app.example.com/welcome')
  assert.equal(target.hash, '')
  assert.equal(/eyJ|refresh_token|access_token/.test(target.href), false)
  const code = target.searchParams.get('code')

  const thief = client(careful, { auth: { flowType: 'pkce' } })
  await thief.auth.signInWithOtp({ email: newEmail() }) // has a verifier, of another flow
  assert.equal((await thief.auth.exchangeCodeForSession(code)).error.code, 'bad_code_verifier')

  const again = client(careful, { auth: { flowType: 'pkce' } })
  const { data, error } = await app.auth.exchangeCodeForSession(code)
  assert.equal(error, null)
  assert.equal(data.user.email, email)
  const replay = await ask(careful, 'POST', '/token?grant_type=pkce', { body: { auth_code: code, code_verifier: 'x'.repeat(50) } })
  assert.equal(replay.body.code, 'flow_state_not_found')
  assert.equal((await again.auth.getSession()).data.session, null)
})

test('PKCE: reset the password', async () => {
  const { email, user } = await signedUp()
  const app = client(open, { auth: { flowType: 'pkce' } })
  await app.auth.resetPasswordForEmail(email, { redirectTo: 'https://app.example.com/reset' })
  const target = await press((await nthMail(open, email)).link)
  const { data, error } = await app.auth.exchangeCodeForSession(target.searchParams.get('code'))
  assert.equal(error, null)
  assert.equal(data.user.id, user.id)
})

test('a redirect outside the list ends at the site', async () => {
  const email = newEmail()
  const app = client(careful, { auth: { flowType: 'pkce' } })
  await app.auth.signUp({ email, password, options: { emailRedirectTo: 'https://evil.example.net/x' } })
  const target = await press((await nthMail(careful, email)).link)
  assert.equal(target.origin, careful.url)
})
