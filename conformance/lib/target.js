// The servers that the suite drives. conformance/run starts them and
// names their demo.json files in the environment.
import { readFileSync } from 'node:fs'
import { randomUUID } from 'node:crypto'
import { createClient } from '@supabase/supabase-js'

function load(variable) {
  const path = process.env[variable]
  if (!path) throw new Error(`${variable} must name a demo.json; run conformance/run`)
  const demo = JSON.parse(readFileSync(path, 'utf8'))
  const mail = demo.simulators.mail
  return {
    url: demo.url.replace(/\/$/, ''),
    anonKey: demo.anon_key,
    serviceRoleKey: demo.service_role_key,
    mailURL: typeof mail === 'string' ? mail : mail.url,
    hs256Secret: process.env.HS256_SECRET,
  }
}

// open takes addresses as confirmed; careful sends a mail first; strict has no
// sign-up, short sessions and few tries.
export const open = load('DEMO_JSON')
export const careful = load('DEMO_JSON_CONFIRM')
export const strict = load('DEMO_JSON_STRICT')

export const password = 'correct-horse-9'
export const newEmail = (name = 'c') => `${name}${randomUUID().replaceAll('-', '').slice(0, 16)}@example.com`

// client returns the published client, as an app makes it, with a storage of
// its own and the list of the requests it made.
export function client(target, options = {}) {
  const calls = []
  const kept = new Map()
  const supabase = createClient(target.url, options.key ?? target.anonKey, {
    auth: {
      autoRefreshToken: false,
      detectSessionInUrl: false,
      storageKey: `test-${randomUUID()}`,
      storage: {
        getItem: key => kept.get(key) ?? null,
        setItem: (key, value) => void kept.set(key, value),
        removeItem: key => void kept.delete(key),
      },
      ...options.auth,
    },
    global: {
      fetch: (input, init) => {
        calls.push(`${init?.method ?? 'GET'} ${new URL(input).pathname}`)
        return fetch(input, init)
      },
    },
  })
  return { supabase, auth: supabase.auth, calls }
}

export const admin = target =>
  client(target, { key: target.serviceRoleKey, auth: { persistSession: false } }).auth.admin

// signedUp returns a client that is signed in as a new user of the open server.
export async function signedUp(name) {
  const email = newEmail(name)
  const c = client(open)
  const { data, error } = await c.auth.signUp({ email, password })
  if (error) throw error
  return { ...c, email, session: data.session, user: data.user }
}

// signedIn is another session of the same user.
export async function signedIn(email) {
  const c = client(open)
  const { data, error } = await c.auth.signInWithPassword({ email, password })
  if (error) throw error
  return { ...c, email, session: data.session, user: data.user }
}
