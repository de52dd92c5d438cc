import assert from 'node:assert/strict'
import { test } from 'node:test'
import { admin, client, newEmail, open, password, signedUp } from '../lib/target.js'
import { nthMail } from '../lib/mail.js'
import { ask } from '../lib/http.js'

const api = admin(open)

test('create, read, update, delete', async () => {
  const email = newEmail()
  const made = await api.createUser({ email, password, email_confirm: true, user_metadata: { a: 1 }, app_metadata: { plan: 'x' } })
  assert.equal(made.error, null)
  const { id } = made.data.user
  assert.equal(made.data.user.app_metadata.plan, 'x')
  assert.equal((await client(open).auth.signInWithPassword({ email, password })).error, null)

  assert.equal((await api.getUserById(id)).data.user.email, email)
  const moved = newEmail()
  const updated = await api.updateUserById(id, { email: moved, email_confirm: true, app_metadata: { plan: null, seat: 2 } })
  assert.equal(updated.error, null)
  assert.equal(updated.data.user.email, moved)
  assert.equal('plan' in updated.data.user.app_metadata, false)
  assert.equal(updated.data.user.app_metadata.seat, 2)
  assert.equal((await client(open).auth.signInWithPassword({ email: moved, password })).error, null)

  assert.equal((await api.deleteUser(id)).error, null)
  const gone = await api.getUserById(id)
  assert.equal(gone.error.code, 'user_not_found')
  assert.equal(gone.error.status, 404)
})

test('a new password by an administrator', async () => {
  const c = await signedUp()
  assert.equal((await api.updateUserById(c.user.id, { password: 'given-horse-6' })).error, null)
  assert.equal((await client(open).auth.signInWithPassword({ email: c.email, password: 'given-horse-6' })).error, null)
})

test('ban and unban', async () => {
  const c = await signedUp()
  const banned = await api.updateUserById(c.user.id, { ban_duration: '24h' })
  assert.ok(Date.parse(banned.data.user.banned_until) > Date.now())
  assert.equal((await client(open).auth.signInWithPassword({ email: c.email, password })).error.code, 'user_banned')
  assert.equal((await ask(open, 'GET', '/user', { bearer: c.session.access_token })).body.code, 'user_banned')
  assert.equal((await api.updateUserById(c.user.id, { ban_duration: 'none' })).error, null)
  assert.equal((await client(open).auth.signInWithPassword({ email: c.email, password })).error, null)
})

test('soft delete keeps the row without its person', async () => {
  const c = await signedUp()
  assert.equal((await api.deleteUser(c.user.id, true)).error, null)
  const { data } = await api.getUserById(c.user.id)
  assert.ok(data.user.deleted_at)
  assert.notEqual(data.user.email, c.email)
  assert.equal((await client(open).auth.signInWithPassword({ email: c.email, password })).error.code, 'invalid_credentials')
  assert.equal((await ask(open, 'GET', '/user', { bearer: c.session.access_token })).status, 403)
})

test('the list pages with X-Total-Count and Link', async () => {
  for (let i = 0; i < 3; i++) await api.createUser({ email: newEmail(), password, email_confirm: true })
  const first = await api.listUsers({ page: 1, perPage: 2 })
  assert.equal(first.error, null)
  assert.equal(first.data.users.length, 2)
  assert.equal(first.data.nextPage, 2)
  assert.ok(first.data.total >= 3)
  assert.ok(first.data.lastPage >= 2)
  const second = await api.listUsers({ page: 2, perPage: 2 })
  const ids = new Set([...first.data.users, ...second.data.users].map(u => u.id))
  assert.equal(ids.size, 2 + second.data.users.length, 'no user is on two pages')
  const raw = await ask(open, 'GET', '/admin/users?page=1&per_page=2', { bearer: open.serviceRoleKey })
  assert.equal(raw.headers.get('x-total-count'), String(first.data.total))
  const beyond = await api.listUsers({ page: 5000, perPage: 2 })
  assert.deepEqual(beyond.data.users, [])
})

test('a bcrypt hash is imported, verified, and upgraded without a word', async () => {
  const email = newEmail()
  const password_hash = '$2a$10$PqfJIseyUfgM23.V4KwfEOGm9k6PHV6.D1QMtm8FmnN5weSKanzqe'
  const made = await api.createUser({ email, password_hash, email_confirm: true })
  assert.equal(made.error, null)
  assert.equal((await client(open).auth.signInWithPassword({ email, password: 'not-it-at-all' })).error.code, 'invalid_credentials')
  for (let i = 0; i < 2; i++) // bcrypt, then what it was upgraded to
    assert.equal((await client(open).auth.signInWithPassword({ email, password })).error, null)
})

test('sign out a user by their token', async () => {
  const c = await signedUp()
  assert.equal((await api.signOut(c.session.access_token, 'global')).error, null)
  assert.equal((await ask(open, 'GET', '/user', { bearer: c.session.access_token })).body.code, 'session_not_found')
})

test('invite by mail', async () => {
  const email = newEmail()
  const { data, error } = await api.inviteUserByEmail(email, { data: { x: 1 } })
  assert.equal(error, null)
  assert.ok(data.user.invited_at)
  const mail = await nthMail(open, email)
  const accepted = await client(open).auth.verifyOtp({ token_hash: mail.tokenHash, type: 'invite' })
  assert.equal(accepted.error, null)
  assert.equal(accepted.data.user.user_metadata.x, 1)
})

test('a link without a mail', async () => {
  const c = await signedUp()
  const { data, error } = await api.generateLink({ type: 'magiclink', email: c.email })
  assert.equal(error, null)
  assert.match(data.properties.email_otp, /^\d{6}$/)
  const used = await client(open).auth.verifyOtp({ token_hash: data.properties.hashed_token, type: 'magiclink' })
  assert.equal(used.error, null)
  assert.equal(used.data.user.id, c.user.id)
})

test('who is not the service is not an administrator', async () => {
  const c = await signedUp()
  const asUser = await ask(open, 'GET', '/admin/users', { bearer: c.session.access_token })
  assert.deepEqual([asUser.status, asUser.body.code], [403, 'not_admin'])
  const asAnon = await client(open).auth.admin.listUsers()
  assert.equal(asAnon.error.code, 'not_admin')
})
