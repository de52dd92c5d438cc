// Replaces what differs from run to run (ids, times, tokens, addresses) by its
// name, in the recorded answers and in ours alike, so that all the rest can be
// compared for equality.

const whole = [
  [/^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/, '<uuid>'],
  [/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z$/, '<time>'],
  [/^[^@\s]+@example\.com$/i, '<email>'],
  [/^eyJ[\w-]+\.[\w-]+\.[\w-]*$/, '<jwt>'],
  [/^[\w-]{43}$/, '<hash>'],
]

const byKey = {
  refresh_token: '<token>',
  hashed_token: '<token>',
  email_otp: '<code>',
  expires_at: '<unix>',
  exp: '<unix>',
  iat: '<unix>',
  timestamp: '<unix>',
  version: '<version>',
}

// Loopback addresses stand for the server and its site.
const origin = /https?(?::|%3A)(?:\/\/|%2F%2F)(?:127\.0\.0\.1|localhost)(?::|%3A)\d+(?:\/auth\/v1)?/g

const inText = [
  [origin, '<origin>'],
  [/([?&]token=)[^&#"]+/g, '$1<token>'],
  [/(after )\d+( seconds)/g, '$1<n>$2'],
]

function text(value) {
  for (const [pattern, name] of whole)
    if (pattern.test(value)) return name
  const named = inText.reduce((s, [pattern, name]) => s.replace(pattern, name), value)
  // Parameters of a link may stand in any order.
  return named.replace(/^(<origin>[^?#]*)\?([^#]*)/, (_, path, query) => `${path}?${query.split('&').sort().join('&')}`)
}

export function normalise(value, key = '') {
  if (value !== null && value !== '' && key in byKey) return byKey[key]
  if (typeof value === 'string') return text(value)
  if (Array.isArray(value)) return value.map(item => normalise(item))
  if (value && typeof value === 'object')
    return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, normalise(v, k)]))
  return value
}

// Headers that belong to the contract. Others (vary, date, ...) do not.
const contract = ['content-type', 'x-sb-error-code', 'x-supabase-api-version', 'allow', 'cache-control', 'link', 'x-total-count',
  'location', 'sb-auth-user-id', 'sb-auth-session-id', 'access-control-allow-origin', 'access-control-expose-headers']

export function normaliseHeaders(headers) {
  const kept = {}
  for (const name of contract) {
    const value = headers.get ? headers.get(name) : headers[name]
    if (value === null || value === undefined) continue
    kept[name] = name === 'link' || name === 'x-total-count' ? value.replace(/\d+/g, '<n>') : text(value)
  }
  return kept
}
