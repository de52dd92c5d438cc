// Requests without the client library: what it never sends, and what it hides.
import { createHmac } from 'node:crypto'

export const version = '2024-01-01'

// ask makes one request below /auth/v1 and returns status, headers and body.
// body: an object is sent as JSON, a string as it is. version: null sends no
// version header.
export async function ask(target, method, path, options = {}) {
  const headers = { apikey: target.anonKey, ...options.headers }
  if (options.version !== null) headers['x-supabase-api-version'] = options.version ?? version
  if (options.bearer) headers.authorization = `Bearer ${options.bearer}`
  let body = options.body
  if (body !== undefined && !headers['content-type']) headers['content-type'] = 'application/json'
  if (body !== undefined && typeof body !== 'string') body = JSON.stringify(body)
  const response = await fetch(`${target.url}/auth/v1${path}`, { method, headers, body, redirect: 'manual' })
  const text = await response.text()
  const isJSON = response.headers.get('content-type')?.startsWith('application/json')
  return { status: response.status, headers: response.headers, body: isJSON ? JSON.parse(text) : text }
}

const part = value => Buffer.from(JSON.stringify(value)).toString('base64url')

export const claimsOf = jwt => JSON.parse(Buffer.from(jwt.split('.')[1], 'base64url'))
export const headerOf = jwt => JSON.parse(Buffer.from(jwt.split('.')[0], 'base64url'))

// hs256 signs claims with the secret that the servers share with the suite.
export function hs256(secret, claims) {
  const input = `${part({ alg: 'HS256', typ: 'JWT' })}.${part(claims)}`
  return `${input}.${createHmac('sha256', secret).update(input).digest('base64url')}`
}

export const unsigned = claims => `${part({ alg: 'none', typ: 'JWT' })}.${part(claims)}.`
