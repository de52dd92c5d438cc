import assert from 'node:assert/strict'
import { test } from 'node:test'
import { client, newEmail, open, password } from '../lib/target.js'
import { browser, someone } from '../lib/visit.js'
import { ask } from '../lib/http.js'

const redirectTo = 'https://app.example.com/cb'
const pkce = { auth: { flowType: 'pkce' } }
const provider = 'corp' // the OpenID simulator

async function member() {
  const c = client(open, pkce)
  const { error } = await c.auth.signUp({ email: newEmail('link'), password })
  assert.equal(error, null)
  return c
}

async function setOut(auth) {
  const { data, error } = await auth.linkIdentity({ provider, options: { redirectTo, skipBrowserRedirect: true } })
  assert.equal(error, null)
  return data.url
}

const codeOf = (url) => new URL(url).searchParams.get('code')

test('linkIdentity, getUserIdentities, unlinkIdentity', async () => {
  const { auth } = await member()
  const before = (await auth.getUserIdentities()).data.identities
  assert.deepEqual(before.map(i => i.provider), ['email'])

  const back = await browser().visit(await setOut(auth), someone())
  assert.ok(back.startsWith(redirectTo), back)
  assert.equal(new URL(back).hash, '')
  assert.equal((await auth.getUserIdentities()).data.identities.length, 1, 'the callback binds nothing yet')

  const { data, error } = await auth.exchangeCodeForSession(codeOf(back))
  assert.equal(error, null)
  assert.deepEqual(data.user.identities.map(i => i.provider), ['email', 'oidc'])
  assert.deepEqual(data.user.app_metadata.providers, ['email', 'oidc'])

  const linked = (await auth.getUserIdentities()).data.identities.find(i => i.provider === 'oidc')
  assert.equal((await auth.unlinkIdentity(linked)).error, null)
  assert.equal((await auth.getUserIdentities()).data.identities.length, 1)
  const last = (await auth.getUserIdentities()).data.identities[0]
  assert.equal((await auth.unlinkIdentity(last)).error.code, 'single_identity_not_deletable')
})

test('linkIdentity of what another account has', async () => {
  const id = someone()
  const first = await member()
  assert.equal((await first.auth.exchangeCodeForSession(codeOf(await browser().visit(await setOut(first.auth), id)))).error, null)
  const second = await member()
  const refused = new URL(await browser().visit(await setOut(second.auth), id))
  assert.equal(refused.searchParams.get('error_code'), 'identity_already_exists')
  assert.equal(refused.searchParams.get('code'), null)
})

test('attack: a code of another client\'s link cannot be exchanged', async () => {
  const attacker = await member()
  const victim = await member()
  await setOut(victim.auth) // the victim's client has a verifier of its own
  const code = codeOf(await browser().visit(await setOut(attacker.auth), someone()))
  assert.equal((await victim.auth.exchangeCodeForSession(code)).error.code, 'bad_code_verifier')
  assert.equal((await victim.auth.getUserIdentities()).data.identities.length, 1)
})

test('linkIdentity needs a user and PKCE', async () => {
  const { auth } = client(open, pkce)
  assert.ok((await auth.linkIdentity({ provider, options: { redirectTo } })).error)
  const { auth: signedIn } = await member()
  const { data: { session } } = await signedIn.getSession()
  const answer = await ask(open, 'GET', `/user/identities/authorize?provider=${provider}&skip_http_redirect=true`, { bearer: session.access_token })
  assert.equal(answer.status, 400)
  assert.equal(answer.body.code, 'validation_failed')
})

test('an anonymous user becomes permanent by linkIdentity', async () => {
  const { auth } = client(open, pkce)
  const { data: { user } } = await auth.signInAnonymously()
  const { data, error } = await auth.exchangeCodeForSession(codeOf(await browser().visit(await setOut(auth), someone())))
  assert.equal(error, null)
  assert.equal(data.user.id, user.id)
  assert.equal(data.user.is_anonymous, false)
})

test('signInWithOAuth: a choice on our page the first time, direct the second', async () => {
  const id = someone()
  const ids = []
  for (const isFirst of [true, false]) {
    const { auth } = client(open, pkce)
    const { data, error } = await auth.signInWithOAuth({ provider, options: { redirectTo, skipBrowserRedirect: true } })
    assert.equal(error, null)
    const b = browser()
    let back = await b.visit((await b.go(data.url)).location, id)
    assert.equal(new URL(back).pathname === `/auth/${provider}/callback`, isFirst, back)
    if (isFirst) {
      const done = await b.go(`${open.url}/api/v1/auth/pending/create`, {
        method: 'POST', body: '{}', headers: { 'Content-Type': 'application/json', 'X-Tessera-Session': 'cookie', Origin: open.url },
      })
      back = JSON.parse(done.body).redirect_to
    }
    const session = await auth.exchangeCodeForSession(codeOf(back))
    assert.equal(session.error, null)
    assert.equal(session.data.user.app_metadata.provider, 'oidc')
    ids.push(session.data.user.id)
  }
  assert.equal(ids[0], ids[1])
})
