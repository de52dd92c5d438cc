import type { Page } from '@playwright/test'
import AxeBuilder from '@axe-core/playwright'
import { demo, newAddress } from './support/demo'
import { chooseTheme, expect, signInAsAdmin, test } from './support/test'

test.describe.configure({ timeout: 240_000 })

async function clean(page: Page): Promise<void> {
  await page.evaluate(() => Promise.all(document.getAnimations().filter(a => a.effect?.getComputedTiming().iterations !== Infinity).map(a => a.finished.catch(() => {}))))
  const { violations } = await new AxeBuilder({ page }).analyze()
  expect(violations.map(violation => `${violation.id}: ${violation.nodes.map(node => `${node.target.join(' ')} ${node.failureSummary}`).join(' | ')}`)).toEqual([])
  expect(await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)).toBeLessThanOrEqual(0)
}

/** Makes a confirmed user with a nickname that could be markup, through the SDK's administration. */
async function newUser(name: string): Promise<{ id: string, email: string }> {
  const email = newAddress()
  const answer = await fetch(`${demo.url}/auth/v1/admin/users`, {
    method: 'POST',
    headers: { 'Authorization': `Bearer ${demo.service_role_key}`, 'Content-Type': 'application/json' },
    body: JSON.stringify({
      email,
      password: 'correct-horse-9',
      email_confirm: true,
      user_metadata: { name },
    }),
  })
  const user = await answer.json() as { id: string }
  return { id: user.id, email }
}

test('finds a user, disables and enables them, makes them an administrator and takes it back', async ({ page, browser, baseURL }) => {
  const user = await newUser('someone')
  await signInAsAdmin(page)
  await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Administration' }).click()
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Users')
  await page.getByTestId('user-search').fill(user.email.slice(0, 24).toUpperCase())
  await expect(page.getByTestId('user-row')).toHaveCount(1)
  expect(page.url()).toContain('q=')
  await page.reload()
  await expect(page.getByTestId('user-row')).toHaveCount(1)
  await clean(page)

  const theirs = await browser.newContext({ baseURL, locale: 'en-GB' })
  const visitor = await theirs.newPage()
  await visitor.goto('/login')
  await visitor.getByLabel('E-mail').fill(user.email)
  await visitor.getByLabel('Password', { exact: true }).fill('correct-horse-9')
  await visitor.getByRole('button', { name: 'Sign in', exact: true }).click()
  await expect(visitor.getByTestId('user-menu')).toBeVisible()
  await visitor.goto('/admin/users')
  await expect(visitor.getByRole('heading', { level: 1 })).toHaveText('Page not found')

  await page.getByTestId('user-row').getByRole('link').click()
  await expect(page.getByTestId('user-facts')).toContainText(user.id)
  await clean(page)
  // By the keyboard alone, as everything else on these pages.
  await page.getByRole('tab', { name: 'Overview' }).focus()
  await page.keyboard.press('ArrowRight')
  await expect(page.getByRole('tab', { name: 'Sessions' })).toBeFocused()
  await expect(page.getByTestId('session')).toHaveCount(1)
  await clean(page)

  await page.getByTestId('disable').click()
  await expect(page.getByTestId('dialog-confirm')).toBeDisabled()
  await page.getByTestId('reason').fill('spam <b>')
  await clean(page)
  await page.getByTestId('dialog-confirm').click()
  await expect(page.getByTestId('enable')).toBeVisible()
  await expect(page.getByTestId('session')).toHaveCount(0)
  await visitor.goto('/profile')
  await expect(visitor).toHaveURL(/\/login/)
  await theirs.close()

  await page.getByRole('tab', { name: 'Audit log' }).click()
  await expect(page.getByTestId('audit')).toContainText('spam <b>')
  await expect(page.getByTestId('audit')).toContainText(`by ${demo.admin.email}`)
  await clean(page)
  await page.getByTestId('enable').click()
  await page.getByTestId('dialog-confirm').click()
  await page.getByTestId('grant').click()
  await page.getByTestId('dialog-confirm').click()
  await expect(page.getByTestId('revoke')).toBeVisible()
  await page.getByTestId('revoke').click()
  await page.getByTestId('dialog-confirm').click()
  await expect(page.getByTestId('grant')).toBeVisible()

  await page.goto(`/admin/users?q=${demo.admin.email}`)
  await page.getByTestId('user-row').getByRole('link').click()
  await expect(page.getByText('This is your own account.')).toBeVisible()
  await expect(page.getByTestId('disable')).toHaveCount(0)
})

test('sorts, filters and pages; hides columns for good; says when nobody matches', async ({ page }) => {
  await Promise.all(Array.from({ length: 27 }, (_, index) => newUser(`crowd ${index}`)))
  await signInAsAdmin(page)
  await page.goto('/admin/users')
  await expect(page.getByTestId('user-row')).toHaveCount(25)
  const first = await page.getByTestId('user-row').first().textContent()
  await page.getByTestId('page-forward').click()
  await expect(page.getByText('Page 2')).toBeVisible()
  expect(await page.getByTestId('user-row').first().textContent()).not.toBe(first)
  await page.getByTestId('page-back').click()
  await expect.poll(() => page.getByTestId('user-row').first().textContent()).toBe(first)
  await page.getByTestId('sort-email').click()
  await expect(page.locator('th[aria-sort=ascending]')).toContainText('User')
  await page.getByTestId('columns').click()
  await page.getByRole('menuitemcheckbox', { name: 'Created' }).click()
  await page.keyboard.press('Escape')
  await expect(page.getByTestId('sort-created_at')).toHaveCount(0)
  await page.reload()
  await expect(page.getByTestId('sort-email')).toBeVisible()
  await expect(page.getByTestId('sort-created_at')).toHaveCount(0)
  await page.getByTestId('filter-status').selectOption('administrator')
  await expect(page.getByTestId('user-row')).toHaveCount(1)
  await page.getByTestId('user-search').fill('nobody-at-all')
  await expect(page.getByTestId('no-users')).toBeVisible()
  await clean(page)
})

test('sets a provider up: tests, mends, switches on and off, removes; decides what a source gives', async ({ page }) => {
  await signInAsAdmin(page)
  await page.goto('/admin/sources')
  await expect(page.getByTestId('provider-corp')).toContainText('in the server\'s configuration')
  const name = `lab${Date.now().toString(36)}`
  await page.getByTestId('add-provider').click()
  await page.getByTestId('provider-type').selectOption('oidc')
  await page.getByTestId('provider-name').fill(name)
  await page.getByTestId('provider-display-name').fill('Laboratory')
  await page.getByTestId('field-issuer').fill('http://id.example.com')
  await page.getByTestId('field-client_id').fill('someone')
  await page.getByTestId('save-provider').click()
  await expect(page.getByTestId('provider-form')).toContainText('must begin with https://')
  await clean(page)
  await page.getByTestId('field-issuer').fill('http://127.0.0.1:1')
  await page.getByTestId('field-client_secret').fill('a-secret-that-nobody-sees')
  await page.getByTestId('save-provider').click()
  const card = page.getByTestId(`provider-${name}`)
  await expect(card).toContainText('Laboratory')
  await expect(card).toContainText(`/auth/v1/callback/${name}`)
  await card.getByTestId('test').click()
  await expect(card.getByTestId('checks')).toContainText('Check the address')
  await clean(page)
  await card.getByTestId('edit').click()
  await expect(card.getByTestId('field-client_secret')).toHaveValue('')
  await card.getByTestId('field-issuer').fill(demo.simulators.oidc ?? 'http://127.0.0.1:2')
  await card.getByTestId('save-provider').click()
  await card.getByTestId('toggle').click()
  await expect(card).toContainText('Switch off')
  expect(await page.content()).not.toContain('a-secret-that-nobody-sees')

  const stranger = await page.context().browser()!.newContext({ baseURL: demo.url, locale: 'en-GB' })
  const login = await stranger.newPage()
  await login.goto('/login')
  await expect(login.getByTestId(`source-${name}`)).toBeVisible()
  await card.getByTestId('toggle').click()
  await expect(card).toContainText('Switch on')
  await login.reload()
  await expect(login.getByTestId('source-github')).toBeVisible()
  await expect(login.getByTestId(`source-${name}`)).toHaveCount(0)
  await stranger.close()
  await card.getByTestId('remove').click()
  await page.getByTestId('dialog-confirm').click()
  await expect(card).toHaveCount(0)

  const policy = page.getByTestId('source-policy-github')
  await policy.locator('summary').click()
  await policy.getByTestId('on_signup-credits').fill('0.1000001')
  await expect(policy).toContainText('up to six decimals')
  await policy.getByTestId('on_signup-credits').fill('2.5')
  await policy.getByTestId('save-policy').click()
  await expect(policy).toContainText('gives 2.5 credits on sign-up')
  await clean(page)
  await policy.getByTestId('on_signup-credits').fill('0')
  await policy.getByTestId('save-policy').click()
  await expect(policy).toContainText('gives nothing')
})

for (const theme of ['light', 'dark'] as const) {
  for (const width of [1280, 390]) {
    test(`pages of the administration, ${theme}, ${width} px`, async ({ page }) => {
      await chooseTheme(page, theme)
      await page.setViewportSize({ width, height: 844 })
      await signInAsAdmin(page)
      await page.goto('/admin/users')
      await expect(page.getByTestId('user-row').first()).toBeVisible()
      await clean(page)
      await page.getByTestId('user-row').first().getByRole('link').click()
      await expect(page.getByTestId('user-facts')).toBeVisible()
      await clean(page)
      await page.goto('/admin/sources')
      await expect(page.getByTestId('provider-corp')).toBeVisible()
      await page.getByTestId('source-policy-github').locator('summary').click()
      await page.getByTestId('add-provider').click()
      await clean(page)
    })
  }
}
