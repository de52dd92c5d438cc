import { createHmac } from 'node:crypto'
import { demo, newAddress } from './demo'

/** A call of the server's own HTTP surfaces, as a script makes it. Anything but success is an error. */
export async function call<T>(method: string, path: string, body?: unknown, token = demo.service_role_key): Promise<T> {
  const answer = await fetch(demo.url + path, {
    method,
    headers: { 'apikey': demo.anon_key, 'Authorization': `Bearer ${token}`, 'Content-Type': 'application/json' },
    body: body === undefined
      ? undefined
      : JSON.stringify(body),
  })
  const text = await answer.text()
  if (!answer.ok)
    throw new Error(`${method} ${path}: ${answer.status} ${text}`)
  return (text
    ? JSON.parse(text)
    : undefined) as T
}

export interface Person { id: string, email: string, password: string, token: string }

/** Makes a confirmed account and signs it in. */
export async function newPerson(email = newAddress()): Promise<Person> {
  const password = 'correct horse battery 9'
  const { id } = await call<{ id: string }>('POST', '/auth/v1/admin/users', { email, password, email_confirm: true })
  return {
    id,
    email,
    password,
    token: await tokenOf(email, password),
  }
}

export async function tokenOf(email: string, password: string): Promise<string> {
  return (await call<{ access_token: string }>('POST', '/auth/v1/token?grant_type=password', { email, password })).access_token
}

/** Gives the account a second factor; returns its secret. The code of now is used up. */
export async function enrolTotp(person: Person): Promise<string> {
  const factor = await call<{ id: string, totp: { secret: string } }>('POST', '/auth/v1/factors', { factor_type: 'totp', friendly_name: 'phone' }, person.token)
  const challenge = await call<{ id: string }>('POST', `/auth/v1/factors/${factor.id}/challenge`, {}, person.token)
  await call('POST', `/auth/v1/factors/${factor.id}/verify`, {
    challenge_id: challenge.id,
    code: totp(factor.totp.secret),
  }, person.token)
  return factor.totp.secret
}

/** The code of an authenticator app (RFC 6238), of now or `later` steps from now; the server takes one step either way. */
export function totp(secret: string, later = 0): string {
  const bits = [
    ...secret.replace(/=+$/, ''),
  ].map(c => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(c).toString(2).padStart(5, '0')).join('')
  const key = Uint8Array.from(bits.match(/.{8}/g) ?? [], byte => Number.parseInt(byte, 2))
  const counter = new DataView(new ArrayBuffer(8))
  counter.setBigUint64(0, BigInt(Math.floor(Date.now() / 30_000) + later))
  const mac = createHmac('sha1', key).update(new Uint8Array(counter.buffer)).digest()
  const offset = mac.at(-1)! & 15
  return String((mac.readUInt32BE(offset) & 0x7FFFFFFF) % 1_000_000).padStart(6, '0')
}

interface SourcePolicies { version: number, policy: { sources: Record<string, unknown> } }

/** Runs a test while accounts that begin with a source need a verified address. */
export async function whileEmailIsRequired(sourceType: string, run: () => Promise<void>): Promise<void> {
  const admin = await tokenOf(demo.admin.email, demo.admin.password)
  const path = '/api/v1/admin/policies/sources'
  const nothing = { balance_micros: 0, concurrency: 0, subscription_days: 0 }
  const save = async (change: (sources: Record<string, unknown>) => void) => {
    const { version, policy } = await call<SourcePolicies>('GET', path, undefined, admin)
    change(policy.sources)
    await call('PUT', path, { version, policy }, admin)
  }
  await save(sources => sources[sourceType] = { email_required: true, on_signup: nothing, on_first_bind: nothing })
  try {
    await run()
  }
  finally {
    await save(sources => delete sources[sourceType])
  }
}
