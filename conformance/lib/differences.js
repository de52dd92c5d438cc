// Where this server answers otherwise than the recording, on purpose. Each
// entry names its section of docs/compatibility.md, where the reason stands,
// and turns the recorded answer into ours: `change` edits the copy it is given
// or returns another. There is no other tolerance.

const json = 'application/json'
const version = '2024-01-01'

// failure is an answer with the new form of the error body.
const failure = (status, code, message) => ({
  status,
  headers: { 'content-type': json, 'x-sb-error-code': code, 'x-supabase-api-version': version },
  body: { code, message },
})

const eachIdentity = (answer, edit) => (answer.body.user ?? answer.body).identities.forEach(edit)

// verified: an identity says what is so at every reading.
const verified = {
  section: 'a-proven-address-stays-proven',
  change: answer => eachIdentity(answer, i => { i.identity_data.email_verified = true }),
}

// confirmed: the user object is the same in every answer.
const confirmedAt = answer => { (answer.body.user ?? answer.body).confirmed_at = '<time>' }

const ownName = answer => {
  answer.body.name = 'Tessera'
  answer.body.description = 'Tessera is a user registration and authentication API'
}

const badJSON = why => ({
  section: 'errors-that-say-more',
  change: answer => { answer.body.message = `Could not parse request body as JSON: ${why}` },
})

const key = { kty: 'EC', crv: 'P-256', alg: 'ES256', use: 'sig', key_ops: ['verify'], ext: true, kid: '<hash>', x: '<hash>', y: '<hash>' }

const linkError = '?error=access_denied&error_code=otp_expired&error_description=Email+link+is+invalid+or+has+expired'
  + '#error=access_denied&error_code=otp_expired&error_description=Email+link+is+invalid+or+has+expired&sb='

// page: opening a mail's link shows a page with a button, and consumes nothing.
const page = {
  section: 'mail-links-are-consumed-by-a-press-of-a-button',
  change: () => ({ status: 200, headers: { 'content-type': 'text/html; charset=utf-8' } }),
}

// sentBack: what an error says stands in the fragment too, where some clients
// look for it.
const sentBack = (code, description) => answer => {
  const error = `error=invalid_request&error_code=${code}&error_description=${description}`
  answer.headers.location = `<origin>?${error}#${error}&sb=`
}

export const differences = {
  'authorize disabled': {
    section: 'third-party-sign-in',
    change: () => failure(400, 'validation_failed', 'Unsupported provider: Provider facebook could not be found'),
  },
  'callback no state': { section: 'third-party-sign-in', change: sentBack('bad_oauth_callback', 'OAuth+state+parameter+missing') },
  'callback junk state': { section: 'third-party-sign-in', change: sentBack('bad_oauth_state', 'OAuth+state+not+found+or+expired') },
  'callback unknown state': { section: 'third-party-sign-in', change: sentBack('bad_oauth_state', 'OAuth+state+not+found+or+expired') },
  'health': { section: 'its-own-name', change: ownName },
  'simple CORS GET': {
    section: 'its-own-name',
    change: answer => {
      ownName(answer)
      answer.headers['access-control-expose-headers'] += ', X-Request-Id, Retry-After'
    },
  },
  'settings': {
    section: 'what-it-does-not-have',
    change: ({ body }) => {
      for (const name of ['google', 'linuxdo', 'wechat', 'corp']) body.external[name] = true // the demo's simulators
      body.external.phone = false
      body.phone_autoconfirm = false
      body.passkeys_enabled = true // the demo has a name
      delete body.saml_private_key_next_configured
    },
  },
  'jwks': { section: 'asymmetric-keys', change: answer => { answer.body.keys = [key, key] } },
  'signup: decoded access token header+claims': {
    section: 'asymmetric-keys',
    change: ({ note }) => { note.header = { alg: 'ES256', kid: '<hash>', typ: 'JWT' } },
  },

  'signup autoconfirm': { section: 'one-user-object', change: confirmedAt },
  'signup bad json': badJSON('the request body ends in the middle of its JSON.'),
  'token form-encoded body': badJSON('the request body is not valid JSON at byte 1.'),
  'token password': verified,
  'user': verified,
  'user put data': verified,
  'user put email': verified,
  'refresh #1 (R0->R1)': verified,
  'token id_token unknown provider': {
    section: 'what-it-does-not-have',
    change: () => failure(400, 'invalid_credentials', 'unsupported_grant_type'),
  },

  'R0 (grandparent of active) within 10 s reuse interval': {
    section: 'refresh-tokens',
    change: ({ note }) => { note.new_token_issued = false },
  },
  'R0 reused after the reuse interval': {
    section: 'refresh-tokens',
    change: () => failure(400, 'refresh_token_already_used', 'Invalid Refresh Token: Already Used'),
  },
  'then the active token of the same family': {
    section: 'refresh-tokens',
    change: () => failure(400, 'refresh_token_not_found', 'Invalid Refresh Token: Refresh Token Not Found'),
  },
  'GET /user with the access token after family revocation': {
    section: 'refresh-tokens',
    change: () => failure(403, 'session_not_found', 'Session from session_id claim in JWT does not exist'),
  },

  'verify GET bad token': {
    section: 'no-token-in-any-url',
    change: answer => { answer.headers.location = `<origin>/welcome${linkError}` },
  },
  'admin generate_link magiclink': verified,
  'generate_link redirect outside list': verified,
  'GET action_link (implicit)': page,
  'GET action_link twice': page,
  'verify POST token_hash recovery': verified,

  'admin create': {
    section: 'one-user-object',
    change: answer => {
      confirmedAt(answer)
      verified.change(answer)
    },
  },
  'admin create with bcrypt hash': { section: 'one-user-object', change: answer => { answer.body.user_metadata = {} } },
  'admin create bad hash': {
    section: 'errors-that-say-more',
    change: () => failure(400, 'validation_failed', 'The password hash is not one this server can verify'),
  },
  'admin update ban': verified,
  'admin get': verified,
  'admin get after soft delete': {
    section: 'soft-deletion-leaves-no-hash-of-a-phone-number',
    change: ({ body }) => {
      body.phone = ''
      delete body.new_phone
      delete body.new_email
    },
  },
  'admin audit': {
    section: 'what-the-audit-log-names',
    change: ({ body }) => {
      body[0].ip_address = '127.0.0.1'
      delete body[0].payload.traits.user_email
      delete body[0].payload.traits.user_phone
    },
  },
}
