import type { ChildProcess } from 'node:child_process'
import type { AddressInfo } from 'node:net'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { demo, newAddress, newestMail } from './support/demo'
import { clean, expect, leadsThroughSimulators, signIn, test } from './support/test'

// A server of its own whose pages sign in at a Supabase project. The demo server plays the project: to the SDK they
// are alike.
test.describe.configure({ timeout: 120_000 })
leadsThroughSimulators()

let server: ChildProcess
let origin = ''
let data = ''

test.beforeAll(async () => {
  data = mkdtempSync(join(tmpdir(), 'tessera-supabase-mode-'))
  const probe = createServer()
  await once(probe.listen(0, '127.0.0.1'), 'listening')
  const { port } = probe.address() as AddressInfo
  await new Promise(resolve => probe.close(resolve))
  origin = `http://127.0.0.1:${port}`
  server = spawn(process.env.TEST_BINARY ?? '../bin/tessera', ['serve'], {
    stdio: 'ignore',
    env: {
      PATH: process.env.PATH,
      TESSERA_ENVIRONMENT: 'development',
      TESSERA_DATA_DIR: data,
      TESSERA_HTTP_ADDR: `127.0.0.1:${port}`,
      TESSERA_AUTH_MODE: 'supabase',
      TESSERA_SUPABASE_URL: demo.url,
      TESSERA_SUPABASE_ANON_KEY: demo.anon_key,
    },
  })
  await expect.poll(() => fetch(`${origin}/readyz`).then(answer => answer.status, () => 0)).toBe(200)
})

test.afterAll(async () => {
  server.kill('SIGTERM')
  await once(server, 'exit')
  rmSync(data, { recursive: true })
})

test.use({
  // eslint-disable-next-line no-empty-pattern -- Playwright reads the names of fixtures from the pattern
  baseURL: async ({}, use) => use(origin),
})

test('signs in at the project, and is known here', async ({ page }) => {
  await signIn(page, demo.admin.email, demo.admin.password)
  await expect(page.getByTestId('account-name')).toBeVisible()
  await clean(page)
  await page.reload()
  await expect(page.getByTestId('account-name')).toBeVisible()
  const stored = await page.evaluate(() => Object.keys(localStorage))
  expect(stored).toContain('tessera.supabase')
  await page.getByTestId('user-menu').click()
  await page.getByRole('menuitem', { name: 'Sign out', exact: true }).click()
  await expect(page.getByRole('heading', { level: 1 })).toBeVisible()
  expect(await page.evaluate(() => localStorage.getItem('tessera.supabase'))).toBeNull()
})

test('signs up at the project, by the link of its mail', async ({ page }) => {
  const email = newAddress()
  await page.goto('/register')
  await page.getByLabel('E-mail').fill(email)
  await page.getByLabel('Password', { exact: true }).fill('correct horse battery 9')
  await page.getByRole('button', { name: 'Sign up' }).click()
  await expect(page.getByTestId('inbox-email')).toContainText(email)
  const mail = await newestMail(email)
  const link = /https?:\/\/\S+\/auth\/v1\/verify\?[^\s"'<>]+/.exec(mail)?.[0].replaceAll('&amp;', '&') ?? `no link in ${mail}`
  await page.goto(link)
  await page.getByRole('button').click() // links are consumed by a POST only: mail scanners follow them
  await expect(page.getByTestId('account-name')).toBeVisible()
  expect(page.url()).not.toMatch(/token|code=/)
})
