import type { Page } from '@playwright/test'
import { chooseTheme, clean, expect, signInAsAdmin, test } from './support/test'

// Many pages, each gone over by axe.
test.describe.configure({ timeout: 480_000 })

async function fits(page: Page): Promise<void> {
  expect(await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)).toBeLessThanOrEqual(0)
  const small = await page.evaluate(() => [
    ...document.querySelectorAll<HTMLElement>('button, input, select, summary, [role=button]'),
  ]
    .filter(element => element.checkVisibility() && !element.closest('.sr-only') && element.getAttribute('aria-hidden') !== 'true')
    .map(element => ({
      element,
      box: (element.closest('label') ?? element).getBoundingClientRect(),
    }))
    .filter(({ box }) => box.width > 0 && (box.width < 24 || box.height < 24))
    .map(({ element, box }) => `${element.outerHTML.slice(0, 120)} ${box.width}x${box.height}`))
  expect(small, 'targets under 24 px').toEqual([])
}

const entrances = [
  '/login',
  '/register',
  '/auth/forgot-password',
  '/auth/check-inbox',
  '/auth/confirm?type=signup&token_hash=x',
  '/auth/confirm',
  '/auth/reset-password',
  '/auth/callback?error=access_denied',
  '/auth/callback',
  '/docs/api',
  '/nowhere',
]

for (const theme of ['light', 'dark'] as const) {
  for (const width of [1280, 390]) {
    test(`pages before signing in, ${theme}, ${width} px`, async ({ page }) => {
      await chooseTheme(page, theme)
      await page.setViewportSize({ width, height: 844 })
      for (const path of entrances) {
        await test.step(path, async () => {
          await page.goto(path)
          await expect(page.getByRole('heading', { level: 1 })).toBeVisible()
          if (path === '/docs/api')
            await page.getByTestId('operation').first().locator('summary').click()
          await clean(page)
          await fits(page)
        })
      }
      await test.step('a form with errors', async () => {
        await page.goto('/register')
        await page.getByRole('button', { name: 'Sign up' }).click()
        await expect(page.getByText('Enter your password')).toBeVisible()
        await clean(page)
      })
      await test.step('a code to type', async () => {
        await page.evaluate(() => sessionStorage.setItem('tessera.inbox', JSON.stringify({ kind: 'signup', email: 'someone-with-a-rather-long-address@example.com', next: '/' })))
        await page.goto('/auth/check-inbox')
        await expect(page.getByTestId('inbox-email')).toBeVisible()
        await clean(page)
        await fits(page)
      })
    })

    test(`pages after signing in, ${theme}, ${width} px`, async ({ page }) => {
      await chooseTheme(page, theme)
      await page.setViewportSize({ width, height: 844 })
      await signInAsAdmin(page)
      await expect(page.getByTestId('account-name')).toBeVisible()
      await clean(page)
      await fits(page)
      await page.getByTestId('user-menu').click()
      await expect(page.getByRole('menu')).toBeVisible()
      await clean(page)
      await page.keyboard.press('Escape')

      await page.goto('/ai/jwt')
      await expect(page.getByTestId('create-test-user')).toBeVisible()
      await clean(page)
      await page.getByTestId('create-test-user').click()
      await expect(page.getByTestId('verdict')).toBeVisible()
      await page.getByTestId('send').click()
      await expect(page.getByTestId('fact-state')).toHaveText('Completed')
      for (const details of await page.locator('main details > summary').all())
        await details.click()
      await clean(page)
      await fits(page)
    })
  }
}
