// Every recorded answer of the public server against ours: status, the headers
// of the contract, and the body to the last key.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { groups } from '../lib/cases.js'
import { differences } from '../lib/differences.js'
import { ask, version } from '../lib/http.js'
import { normalise, normaliseHeaders } from '../lib/normalise.js'
import { open } from '../lib/target.js'

const recorded = JSON.parse(readFileSync(new URL('../recorded.json', import.meta.url)))
const page = readFileSync(new URL('../../docs/compatibility.md', import.meta.url), 'utf8')

// expected is the recorded answer with our differences.
function expected(name) {
  const copy = structuredClone(recorded[name])
  delete copy.request
  return differences[name] ? differences[name].change(copy) ?? copy : copy
}

// seen is our answer in the form of the recording. Headers beyond the recorded
// ones are ours to add, except the one that says which error body it is.
function seen(answer, want) {
  if (answer.note) return { note: normalise(answer.note) }
  const headers = normaliseHeaders(answer.headers)
  for (const name of Object.keys(headers))
    if (!(name in want.headers) && name !== 'x-supabase-api-version') delete headers[name]
  const out = { status: answer.status, headers }
  if ('body' in want) out.body = normalise(answer.body)
  return out
}

// otherVersion is the same error in the other form of the body, undefined for
// what is no error with a body.
function otherVersion(want) {
  const { body, status } = want
  if (status < 400 || typeof body !== 'object' || !('code' in body)) return undefined
  const headers = { ...want.headers }
  const extra = body.weak_password ? { weak_password: body.weak_password } : {}
  if (typeof body.code === 'number') {
    headers['x-supabase-api-version'] = version
    return { status, headers, body: { code: body.error_code, message: body.msg, ...extra } }
  }
  delete headers['x-supabase-api-version']
  return { status, headers, body: { code: status, error_code: body.code, msg: body.message, ...extra } }
}

const state = {}
for (const [group, cases] of Object.entries(groups)) {
  test(group, async t => {
    for (const [name, make] of cases) {
      await t.test(name, async () => {
        const want = expected(name)
        assert.deepEqual(seen(await make((...a) => ask(open, ...a), state), want), want)
      })
      const isError = recorded[name].status >= 400 // what only we refuse, we refuse once
      const other = isError ? otherVersion(expected(name)) : undefined
      if (!other) continue
      await t.test(`${name}, other version of the error body`, async () => {
        const flipped = other.headers['x-supabase-api-version'] ?? null
        const send = (method, path, options) => ask(open, method, path, { ...options, version: flipped })
        assert.deepEqual(seen(await make(send, state), other), other)
      })
    }
  })
}

test('every recorded answer has a case', () => {
  const covered = new Set(Object.values(groups).flat().map(([name]) => name))
  assert.deepEqual(Object.keys(recorded).filter(name => !covered.has(name)), [])
})

test('every difference is written down, and is one', () => {
  const slug = heading => heading.toLowerCase().replace(/[^\w\- ]/g, '').replaceAll(' ', '-')
  const sections = new Set([...page.matchAll(/^#+ (.*)$/gm)].map(m => slug(m[1])))
  for (const [name, { section }] of Object.entries(differences)) {
    assert.ok(sections.has(section), `docs/compatibility.md has no section #${section} for "${name}"`)
    const { request, ...plain } = recorded[name]
    assert.notDeepEqual(expected(name), plain, `"${name}" (${request}) no longer differs`)
  }
})
