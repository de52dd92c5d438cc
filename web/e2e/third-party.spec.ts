import type { Page } from '@playwright/test'
import AxeBuilder from '@axe-core/playwright'
import { chooseTheme, expect, signInAsAdmin, test } from './support/test'

test.describe.configure({ timeout: 180_000 })

// The simulators are other origins of this machine, and these flows go there; any other host is still a failure.
test.afterEach(({ watch }) => {
  watch.foreign.splice(0, Infinity, ...watch.foreign.filter(url => new URL(url).hostname !== '127.0.0.1'))
})

const someone = () => String(Math.floor(Math.random() * 1e12) + 1e6)

async function clean(page: Page): Promise<void> {
  await page.evaluate(() => Promise.all(document.getAnimations().filter(a => a.effect?.getComputedTiming().iterations !== Infinity).map(a => a.finished.catch(() => {}))))
  const { violations } = await new AxeBuilder({ page }).analyze()
  expect(violations.map(violation => `${violation.id}: ${violation.nodes.map(node => node.target.join(' ')).join(' | ')}`)).toEqual([])
  expect(await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)).toBeLessThanOrEqual(0)
}

/** Says at the simulator who one is. */
async function consent(page: Page, id: string, nickname = 'Trinity'): Promise<void> {
  await page.locator('input[name=person][value=else]').check()
  await page.locator('input[name=id]').fill(id)
  await page.locator('input[name=username]').fill(`user-${id}`)
  await page.locator('input[name=nickname]').fill(nickname)
  await page.locator('button[value=allow]').click()
}

async function enterBy(page: Page, source: string, id: string): Promise<void> {
  await page.goto('/login')
  await page.getByTestId(`source-${source}`).click()
  await consent(page, id)
}

test('first sign-in makes an account with the nickname only; the second is direct; the last way in stays', async ({ page, browser, baseURL }) => {
  const id = someone()
  await page.goto('/login')
  await clean(page)
  await enterBy(page, 'linuxdo', id)
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('First time with LINUX DO')
  await clean(page)
  await page.reload()
  await expect(page.getByTestId('person')).toContainText('Trinity')
  await page.getByTestId('choose-create').click()
  await page.getByRole('switch', { name: 'Use this nickname' }).click()
  await clean(page)
  await page.getByTestId('complete').click()
  await expect(page.getByTestId('account-name')).toHaveText('Trinity')
  expect(page.url()).not.toContain('token')

  await page.goto('/profile')
  await expect(page.getByTestId('info-nickname')).toContainText('Trinity')
  await expect(page.getByTestId('info-avatar')).toContainText('Not set')
  await expect(page.getByRole('button', { name: 'Unbind LINUX DO' })).toBeDisabled()
  await clean(page)

  const other = await browser.newContext({ baseURL, locale: 'en-GB' })
  const again = await other.newPage()
  await enterBy(again, 'linuxdo', id)
  await expect(again.getByTestId('account-name')).toHaveText('Trinity')
  await again.getByTestId('user-menu').click()
  await again.getByRole('menuitem', { name: 'Sign out', exact: true }).click()
  await expect(again.getByTestId('source-linuxdo').getByTestId('last-used')).toBeVisible()
  await other.close()
})

test('binds to an existing account after its password; the profile binds GitHub and unbinds it', async ({ page }) => {
  await signInAsAdmin(page)
  await page.goto('/profile')
  await page.getByTestId('bind-github').click()
  await consent(page, someone(), 'Octo')
  await expect(page.getByTestId('linked')).toContainText('GitHub')
  await expect(page.getByTestId('binding-github')).toContainText('Octo')
  await clean(page)
  await page.getByRole('button', { name: 'Unbind GitHub' }).click()
  await clean(page)
  await page.getByTestId('confirm-unbind').click()
  await expect(page.getByTestId('binding-github')).toHaveCount(0)
  await page.getByTestId('user-menu').click()
  await page.getByRole('menuitem', { name: 'Sign out', exact: true }).click()

  const { demo } = await import('./support/demo')
  await enterBy(page, 'linuxdo', someone())
  await page.getByTestId('choose-bind').click()
  await page.getByLabel('E-mail').fill(demo.admin.email)
  await page.getByLabel('Password', { exact: true }).fill(demo.admin.password)
  await clean(page)
  await page.getByRole('button', { name: 'Continue' }).click()
  await page.getByTestId('complete').click()
  await expect(page.getByTestId('account-name')).toBeVisible()
  await page.goto('/profile')
  await expect(page.getByTestId('binding-linuxdo')).toBeVisible()
  await page.getByRole('button', { name: 'Unbind LINUX DO' }).click()
  await page.getByTestId('confirm-unbind').click()
  await expect(page.getByTestId('binding-linuxdo')).toHaveCount(0)
})

test('turning back at the provider is no error; dark and narrow', async ({ page }) => {
  await chooseTheme(page, 'dark')
  await page.setViewportSize({ width: 390, height: 844 })
  await page.goto('/login')
  await clean(page)
  await page.getByTestId('source-linuxdo').click()
  await page.locator('button[value=cancel]').click()
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Sign-in cancelled')
  await expect(page.getByRole('alert')).toHaveCount(0)
  await clean(page)
})
