// Every recorded request on the routes that this server has, in the order of
// the recording: [name in recorded.json, how to make it]. `send` makes a
// request to the open server in the version of the error body that is asked
// for; `s` carries what earlier cases made.
import { randomUUID } from 'node:crypto'
import { claimsOf, headerOf, hs256, unsigned } from './http.js'
import { newEmail, open, password } from './target.js'

const nobody = '00000000-0000-4000-8000-00000000000'
const inAnHour = () => Math.floor(Date.now() / 1000) + 3600

// forged returns claims for the secret that the server shares with us.
const forged = claims => hs256(open.hs256Secret, {
  iss: 'supabase', aud: 'authenticated', role: 'authenticated', exp: inAnHour(), ...claims,
})

const passwordGrant = '/token?grant_type=password'
const refreshGrant = '/token?grant_type=refresh_token'

export const discovery = [
  ['health', send => send('GET', '/health')],
  ['settings', send => send('GET', '/settings')],
  ['jwks', send => send('GET', '/.well-known/jwks.json')],
  ['openid-configuration', send => send('GET', '/.well-known/openid-configuration')],
  ['oauth-authorization-server', send => send('GET', '/.well-known/oauth-authorization-server')],
  ['unknown route', send => send('GET', '/nope')],
  ['unknown route, no version header', send => send('GET', '/nope', { version: null })],
  ['wrong method', send => send('GET', '/signup')],
  ['CORS preflight', send => send('OPTIONS', passwordGrant, {
    version: null,
    headers: {
      'origin': 'https://app.example.com',
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'apikey,authorization,content-type,x-client-info,x-supabase-api-version',
    },
  })],
  ['simple CORS GET', send => send('GET', '/health', { headers: { origin: 'https://app.example.com' } })],
]

export const signup = [
  ['signup autoconfirm', async (send, s) => {
    s.email = newEmail('p')
    const answer = await send('POST', '/signup', {
      body: { email: s.email, password, data: { full_name: 'P' }, gotrue_meta_security: {}, code_challenge: null, code_challenge_method: null },
    })
    s.r0 = answer.body.refresh_token
    s.first = answer.body.access_token
    s.id = answer.body.user.id
    return answer
  }],
  ['signup: decoded access token header+claims', (_, s) => ({ note: { header: headerOf(s.first), claims: claimsOf(s.first) } })],
  ['signup same email again', (send, s) => send('POST', '/signup', { body: { email: s.email, password } })],
  ['signup same email again, no version header', (send, s) => send('POST', '/signup', { body: { email: s.email, password }, version: null })],
  ['signup uppercase email', (send, s) => send('POST', '/signup', { body: { email: s.email.toUpperCase(), password } })],
  ['signup short password', send => send('POST', '/signup', { body: { email: newEmail(), password: 'abc' } })],
  ['signup short password, no version', send => send('POST', '/signup', { body: { email: newEmail(), password: 'abc' }, version: null })],
  ['signup >72 byte password', send => send('POST', '/signup', { body: { email: newEmail(), password: 'a'.repeat(73) } })],
  ['signup bad email', send => send('POST', '/signup', { body: { email: 'notanemail', password } })],
  ['signup no password', send => send('POST', '/signup', { body: { email: newEmail() } })],
  ['signup bad json', send => send('POST', '/signup', { body: '{"email":' })],
  ['signup email and phone', send => send('POST', '/signup', { body: { email: newEmail(), phone: '+15551234567', password } })],
  ['signup half PKCE', send => send('POST', '/signup', { body: { email: newEmail(), password, code_challenge: 'x'.repeat(43) } })],
  ['signup short challenge', send => send('POST', '/signup', { body: { email: newEmail(), password, code_challenge: 'abc', code_challenge_method: 's256' } })],
  ['anonymous signup', async (send, s) => {
    const answer = await send('POST', '/signup', { body: { data: { k: 1 } } })
    s.anonymous = answer.body.access_token
    return answer
  }],
  ['anonymous: claims', (_, s) => ({ note: claimsOf(s.anonymous) })],
  ['signup body 2MB', send => send('POST', '/signup', { body: { email: 'a'.repeat(2 << 20) } })],
]

export const signin = [
  ['token password', async (send, s) => {
    const answer = await send('POST', passwordGrant, { body: { email: s.email, password } })
    s.bearer = answer.body.access_token
    return answer
  }],
  ['token wrong password', (send, s) => send('POST', passwordGrant, { body: { email: s.email, password: 'x' } })],
  ['token wrong password, no version', (send, s) => send('POST', passwordGrant, { body: { email: s.email, password: 'x' }, version: null })],
  ['token unknown user', send => send('POST', passwordGrant, { body: { email: newEmail(), password } })],
  ['token missing id', send => send('POST', passwordGrant, { body: { password } })],
  ['token unknown grant', send => send('POST', '/token?grant_type=foo', { body: {} })],
  ['token no grant', (send, s) => send('POST', '/token', { body: { email: s.email, password } })],
  ['token form-encoded body', (send, s) => send('POST', passwordGrant, {
    body: new URLSearchParams({ email: s.email, password }).toString(),
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
  })],
  ['token pkce bad code', send => send('POST', '/token?grant_type=pkce', { body: { auth_code: randomUUID(), code_verifier: 'x'.repeat(50) } })],
  ['token pkce empty', send => send('POST', '/token?grant_type=pkce', { body: { auth_code: '', code_verifier: '' } })],
  ['token id_token unknown provider', send => send('POST', '/token?grant_type=id_token', { body: { provider: 'nope', id_token: 'a.b.c' } })],
  ['token web3', send => send('POST', '/token?grant_type=web3', { body: { chain: 'ethereum', message: 'x', signature: '0x00' } })],
]

export const user = [
  ['user', (send, s) => send('GET', '/user', { bearer: s.bearer })],
  ['user no bearer', send => send('GET', '/user')],
  ['user garbage bearer', send => send('GET', '/user', { bearer: 'garbage' })],
  ['user anon key', send => send('GET', '/user', { bearer: open.anonKey })],
  ['user service key', send => send('GET', '/user', { bearer: open.serviceRoleKey })],
  ['user expired token', (send, s) => send('GET', '/user', {
    bearer: forged({ sub: s.id, session_id: claimsOf(s.bearer).session_id, exp: inAnHour() - 7200 }),
  })],
  ['user alg none', (send, s) => send('GET', '/user', { bearer: unsigned(claimsOf(s.bearer)) })],
  ['user deleted sub', send => send('GET', '/user', { bearer: forged({ sub: `${nobody}1`, session_id: `${nobody}2` }) })],
  ['user missing session', (send, s) => send('GET', '/user', { bearer: forged({ sub: s.id, session_id: `${nobody}2` }) })],
  ['user put data', (send, s) => send('PUT', '/user', { bearer: s.bearer, body: { data: { nick: 'n', full_name: null } } })],
  ['user put same password', (send, s) => send('PUT', '/user', { bearer: s.bearer, body: { password } })],
  ['user put app_metadata', (send, s) => send('PUT', '/user', { bearer: s.bearer, body: { app_metadata: { x: 1 } } })],
  ['user put email', (send, s) => send('PUT', '/user', { bearer: s.bearer, body: { email: newEmail('p') } })],
  ['reauthenticate', (send, s) => send('GET', '/reauthenticate', { bearer: s.bearer })],
]

const refresh = (send, refresh_token) => send('POST', refreshGrant, { body: { refresh_token } })

export const refreshing = [
  ['refresh missing', send => send('POST', refreshGrant, { body: {} })],
  ['refresh short', send => refresh(send, 'abc')],
  ['refresh unknown', send => refresh(send, 'abcdefghij12')],
  ['refresh #1 (R0->R1)', async (send, s) => {
    const answer = await refresh(send, s.r0)
    s.r1 = answer.body.refresh_token
    s.refreshed = answer.body.access_token
    return answer
  }],
  ['reuse of R0 right after', async (send, s) => {
    const { status, body } = await refresh(send, s.r0)
    return { note: { status, same_as_R1: body.refresh_token === s.r1, body: '(session)' } }
  }],
  ['R0 (grandparent of active) within 10 s reuse interval', async (send, s) => {
    s.r2 = (await refresh(send, s.r1)).body.refresh_token
    const { status, body } = await refresh(send, s.r0)
    return { note: { status, new_token_issued: ![s.r1, s.r2].includes(body.refresh_token), body: '(session)' } }
  }],
  ['R0 reused after the reuse interval', async (send, s) => {
    await new Promise(resolve => setTimeout(resolve, 2200)) // the server's window
    return refresh(send, s.r0)
  }],
  ['then the active token of the same family', (send, s) => refresh(send, s.r2)],
  ['GET /user with the access token after family revocation', (send, s) => send('GET', '/user', { bearer: s.refreshed })],
]

const signIn = async (send, s) => (await send('POST', passwordGrant, { body: { email: s.email, password } })).body

export const signout = [
  ['logout bad scope', (send, s) => send('POST', '/logout?scope=zzz', { bearer: s.bearer })],
  ['logout others', async (send, s) => {
    s.other = await signIn(send, s)
    return send('POST', '/logout?scope=others', { bearer: s.bearer })
  }],
  ['user of other session after logout others', (send, s) => send('GET', '/user', { bearer: s.other.access_token })],
  ['refresh of other session after logout others', (send, s) => refresh(send, s.other.refresh_token)],
  ['logout local', async (send, s) => {
    s.gone = await signIn(send, s)
    return send('POST', '/logout?scope=local', { bearer: s.gone.access_token })
  }],
  ['user after logout local', (send, s) => send('GET', '/user', { bearer: s.gone.access_token })],
  ['logout without bearer', send => send('POST', '/logout')],
]

const asService = { bearer: open.serviceRoleKey }
const link = (send, s, fields, options = asService) =>
  send('POST', '/admin/generate_link', { ...options, body: { type: 'magiclink', email: s.email, ...fields } })
const follow = (send, s) => send('GET', s.link.slice(s.link.indexOf('/verify')), { version: null })

export const mailed = [
  ['recover known', (send, s) => send('POST', '/recover', { body: { email: s.email } })],
  ['recover unknown', send => send('POST', '/recover', { body: { email: newEmail() } })],
  ['recover twice (max frequency)', (send, s) => send('POST', '/recover', { body: { email: s.email } })],
  ['otp email new user', send => send('POST', '/otp', { body: { email: newEmail(), create_user: true, data: {} } })],
  ['otp create_user false unknown', send => send('POST', '/otp', { body: { email: newEmail(), create_user: false } })],
  ['otp nothing', send => send('POST', '/otp', { body: {} })],
  ['resend signup unknown', send => send('POST', '/resend', { body: { type: 'signup', email: newEmail() } })],
  ['resend bad type', (send, s) => send('POST', '/resend', { body: { type: 'x', email: s.email } })],
  ['verify POST wrong otp', (send, s) => send('POST', '/verify', { body: { type: 'email', email: s.email, token: '000000' } })],
  ['verify POST bad type', (send, s) => send('POST', '/verify', { body: { type: 'zzz', email: s.email, token: '000000' } })],
  ['verify POST nothing', send => send('POST', '/verify', { body: {} })],
  ['verify GET bad token', send => send('GET', `/verify?token=deadbeef&type=signup&redirect_to=${open.url}/welcome`, { version: null })],
  ['verify GET bad pkce token', send => send('GET', `/verify?token=pkce_deadbeef&type=signup&redirect_to=${open.url}/welcome`, { version: null })],
  ['admin generate_link magiclink', async (send, s) => {
    const answer = await link(send, s, { redirect_to: `${open.url}/x?y=1` })
    s.link = answer.body.action_link
    return answer
  }],
  ['GET action_link (implicit)', follow],
  ['GET action_link twice', follow],
  ['verify POST token_hash recovery', async (send, s) => {
    const made = await link(send, s, { type: 'recovery' })
    const answer = await send('POST', '/verify', { body: { type: 'recovery', token_hash: made.body.hashed_token } })
    s.recovered = answer.body.access_token
    return answer
  }],
  ['recovery session amr', (_, s) => ({ note: claimsOf(s.recovered).amr })],
  ['generate_link without admin', (send, s) => link(send, s, {}, { bearer: s.bearer })],
  ['generate_link unknown type', (send, s) => link(send, s, { type: 'zz' })],
  ['generate_link redirect outside list', (send, s) => link(send, s, { redirect_to: 'https://evil.example.net/' })],
]

const users = (send, body) => send('POST', '/admin/users', { ...asService, body })
const bcrypt = '$2a$10$PqfJIseyUfgM23.V4KwfEOGm9k6PHV6.D1QMtm8FmnN5weSKanzqe'

export const administration = [
  ['admin users no bearer', send => send('GET', '/admin/users')],
  ['admin users anon key', send => send('GET', '/admin/users', { bearer: open.anonKey })],
  ['admin users with user token', (send, s) => send('GET', '/admin/users', { bearer: s.bearer })],
  ['admin users page=1&per_page=1', async send => {
    // The newest user comes first: as recorded, one that has signed in.
    await send('POST', '/signup', { body: { email: newEmail(), password } })
    return send('GET', '/admin/users?page=1&per_page=1', asService)
  }],
  ['admin create', async (send, s) => {
    s.made = newEmail()
    const answer = await users(send, { email: s.made, password, email_confirm: true, user_metadata: { a: 1 }, app_metadata: { plan: 'x' } })
    s.madeID = answer.body.id
    return answer
  }],
  ['admin create dup', (send, s) => users(send, { email: s.email, password })],
  ['admin create empty', send => users(send, {})],
  ['admin create with bcrypt hash', send => users(send, { email: newEmail(), password_hash: bcrypt })],
  ['admin create bad hash', send => users(send, { email: newEmail(), password_hash: 'zzz' })],
  ['admin update ban', (send, s) => send('PUT', `/admin/users/${s.madeID}`, { ...asService, body: { ban_duration: '24h' } })],
  ['login of banned', (send, s) => send('POST', passwordGrant, { body: { email: s.made, password } })],
  ['admin get', (send, s) => send('GET', `/admin/users/${s.madeID}`, asService)],
  ['admin get unknown', send => send('GET', `/admin/users/${randomUUID()}`, asService)],
  ['admin get non-uuid', send => send('GET', '/admin/users/zzz', asService)],
  ['admin soft delete', (send, s) => send('DELETE', `/admin/users/${s.madeID}`, { ...asService, body: { should_soft_delete: true } })],
  ['admin get after soft delete', (send, s) => send('GET', `/admin/users/${s.madeID}`, asService)],
  ['admin delete', (send, s) => send('DELETE', `/admin/users/${s.madeID}`, asService)],
  ['admin audit', send => send('GET', '/admin/audit?page=1&per_page=1', asService)],
  ['invite', send => send('POST', '/invite', { ...asService, body: { email: newEmail(), data: { x: 1 } } })],
]

// A challenge goes along: without one this server says first that it wants one.
const challenge = 'code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=s256'

export const thirdParty = [
  ['authorize unknown', send => send('GET', `/authorize?provider=nope&${challenge}`)],
  ['authorize disabled', send => send('GET', `/authorize?provider=facebook&${challenge}`)],
  ['callback no state', send => send('GET', '/callback/github?code=1')],
  ['callback junk state', send => send('GET', '/callback/github?code=1&state=junk')],
  ['callback unknown state', send => send('GET', `/callback/github?code=1&state=${randomUUID()}`)],
  ['identities delete last', async send => {
    const { body } = await send('POST', '/signup', { body: { email: newEmail('only'), password } })
    return send('DELETE', `/user/identities/${body.user.identities[0].identity_id}`, { bearer: body.access_token })
  }],
]

export const groups = { discovery, signup, signin, user, refreshing, signout, mailed, administration, thirdParty }
