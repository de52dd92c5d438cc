import type { Page } from '@playwright/test'
import type { SupabaseClient } from '@supabase/supabase-js'
import type { AddressInfo } from 'node:net'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import { call, newPerson, totp } from './support/api'
import { demo } from './support/demo'
import { consent, someone } from './support/provider'
import { expect, leadsThroughSimulators, test } from './support/test'

// The published @supabase/supabase-js, unchanged, in a page of an app of its own: what only a browser can do.
test.describe.configure({ timeout: 60_000 })
leadsThroughSimulators()

const script = readFileSync(createRequire(import.meta.url).resolve('@supabase/supabase-js/dist/umd/supabase.js'), 'utf8')

declare global {
  interface Window { client: SupabaseClient, supabase: { createClient: (url: string, key: string, options: object) => SupabaseClient } }
}

const html = `<!doctype html><title>App</title><script>${script}</script><script>
  window.client = supabase.createClient(${JSON.stringify(demo.url)}, ${JSON.stringify(demo.anon_key)},
    { auth: { flowType: 'pkce', experimental: { passkey: true } } })
</script>`

// The app has an origin of its own, as apps do.
const server = createServer((_, answer) => answer.setHeader('Content-Type', 'text/html').end(html))
let app = ''
test.beforeAll(async () => {
  await once(server.listen(0, '127.0.0.1'), 'listening')
  app = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
})
test.afterAll(() => server.close())

async function backInApp(page: Page): Promise<void> {
  await page.waitForURL(url => url.href.startsWith(app))
  await page.waitForFunction(() => window.client)
}

test('signInWithOAuth: to the provider, the choice, and back to the app with a session', async ({ page }) => {
  await page.goto(app)
  const id = someone()
  const setOut = () => page.evaluate(redirectTo => void window.client.auth.signInWithOAuth({
    provider: 'google',
    options: { redirectTo },
  }), app)
  await setOut()
  await consent(page, id, { nickname: 'App Person' })
  await page.getByTestId('choose-create').click()
  await page.getByTestId('complete').click()
  await backInApp(page)
  const first = await page.evaluate(async () => (await window.client.auth.getUser()).data.user)
  expect(first?.app_metadata.provider).toBe('google')
  expect(first?.identities?.map(identity => identity.provider)).toEqual(['google'])
  expect(page.url()).not.toContain('access_token')

  await page.evaluate(() => window.client.auth.signOut())
  await setOut()
  await consent(page, id)
  await backInApp(page)
  const again = await page.evaluate(async () => (await window.client.auth.getUser()).data.user?.id)
  expect(again).toBe(first?.id)
})

test('signInWithOAuth: turning back at the provider is told to the app', async ({ page }) => {
  await page.goto(app)
  await page.evaluate(redirectTo => void window.client.auth.signInWithOAuth({
    provider: 'github',
    options: { redirectTo },
  }), app)
  await page.locator('button[value=cancel]').click()
  await backInApp(page)
  expect(new URL(page.url()).searchParams.get('error')).toBe('access_denied')
  expect(await page.evaluate(async () => (await window.client.auth.getSession()).data.session)).toBeNull()
})

test('mfa: enroll, challengeAndVerify, the assurance level, unenroll', async ({ page }) => {
  const person = await newPerson()
  await page.goto(app)
  const enrolled = await page.evaluate(async ({ email, password }) => {
    await window.client.auth.signInWithPassword({ email, password })
    const { data, error } = await window.client.auth.mfa.enroll({ factorType: 'totp', friendlyName: 'phone' })
    return {
      id: data?.id,
      secret: data?.type === 'totp'
        ? data.totp.secret
        : '',
      qr: data?.type === 'totp'
        ? data.totp.qr_code
        : '',
      error,
    }
  }, person)
  expect(enrolled.error).toBeNull()
  expect(enrolled.qr).toContain('data:image/svg+xml')
  const levels = await page.evaluate(async ({ factorId, code }) => {
    const before = await window.client.auth.mfa.getAuthenticatorAssuranceLevel()
    const wrong = await window.client.auth.mfa.challengeAndVerify({
      factorId,
      code: code === '000000'
        ? '000001'
        : '000000',
    })
    const right = await window.client.auth.mfa.challengeAndVerify({ factorId, code })
    const after = await window.client.auth.mfa.getAuthenticatorAssuranceLevel()
    const factors = await window.client.auth.mfa.listFactors()
    return {
      before: before.data,
      wrong: wrong.error?.code,
      right: right.error,
      after: after.data,
      totp: factors.data?.totp.length,
    }
  }, {
    factorId: enrolled.id!,
    code: totp(enrolled.secret),
  })
  expect(levels).toMatchObject({
    before: { currentLevel: 'aal1' },
    wrong: 'mfa_verification_failed',
    right: null,
    after: { currentLevel: 'aal2', nextLevel: 'aal2' },
    totp: 1,
  })
  expect(await page.evaluate(async factorId => (await window.client.auth.mfa.unenroll({ factorId })).error, enrolled.id!)).toBeNull()
})

test('linkIdentity, getUserIdentities, unlinkIdentity', async ({ page }) => {
  const person = await newPerson()
  await page.goto(app)
  await page.evaluate(async ({ email, password, redirectTo }) => {
    await window.client.auth.signInWithPassword({ email, password })
    void window.client.auth.linkIdentity({
      provider: 'github',
      options: { redirectTo },
    })
  }, { ...person, redirectTo: app })
  await consent(page, someone(), { nickname: 'Octo' })
  await backInApp(page)
  const linked = await page.evaluate(async () => {
    const { data } = await window.client.auth.getUserIdentities()
    return {
      providers: data?.identities.map(identity => identity.provider),
      user: (await window.client.auth.getUser()).data.user?.id,
    }
  })
  expect(linked).toEqual({
    providers: ['email', 'github'],
    user: person.id,
  })
  const left = await page.evaluate(async () => {
    const { data } = await window.client.auth.getUserIdentities()
    const { error } = await window.client.auth.unlinkIdentity(data!.identities.find(identity => identity.provider === 'github')!)
    return {
      error,
      providers: (await window.client.auth.getUserIdentities()).data?.identities.map(identity => identity.provider),
    }
  })
  expect(left).toEqual({
    error: null,
    providers: ['email'],
  })
  const { identities } = await call<{ identities: { provider: string }[] }>('GET', `/auth/v1/admin/users/${person.id}`)
  expect(identities.map(identity => identity.provider)).toEqual(['email'])
})

test('passkeys: register, list, rename, sign in without a name, remove', async ({ page }) => {
  const devtools = await page.context().newCDPSession(page)
  await devtools.send('WebAuthn.enable')
  await devtools.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      protocol: 'ctap2',
      transport: 'internal',
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
    },
  })
  const person = await newPerson()
  // A passkey is bound to an origin: this app is served from the server's own.
  const own = new URL('/sdk-app', demo.url).href
  await page.route(own, route => route.fulfill({ contentType: 'text/html', body: html }))
  await page.goto(own)
  const registered = await page.evaluate(async ({ email, password }) => {
    await window.client.auth.signInWithPassword({ email, password })
    const made = await window.client.auth.registerPasskey()
    const renamed = made.data && await window.client.auth.passkey.update({ passkeyId: made.data.id, friendlyName: 'laptop' })
    const list = await window.client.auth.passkey.list()
    await window.client.auth.signOut()
    return {
      error: made.error,
      renamed: renamed?.error,
      list: list.data?.map(passkey => passkey.friendly_name),
    }
  }, person)
  expect(registered).toEqual({
    error: null,
    renamed: null,
    list: ['laptop'],
  })
  const entered = await page.evaluate(async () => {
    const { data, error } = await window.client.auth.signInWithPasskey()
    return { user: data?.user?.id, error }
  })
  expect(entered).toEqual({ user: person.id, error: null })
  const removed = await page.evaluate(async () => {
    const { data } = await window.client.auth.passkey.list()
    const { error } = await window.client.auth.passkey.delete({ passkeyId: data![0]!.id })
    return { error, left: (await window.client.auth.passkey.list()).data?.length }
  })
  expect(removed).toEqual({ error: null, left: 0 })
})
