import { demo } from './support/demo'
import { expect, signInAsAdmin, test } from './support/test'

test('a reload stays signed in, and no script can read the refresh token', async ({ page, context }) => {
  await signInAsAdmin(page)
  await page.reload()
  await expect(page.getByTestId('account-name')).toHaveText(demo.admin.email)

  const cookie = (await context.cookies(`${page.url()}auth/v1`)).find(entry => entry.name === 'tessera_refresh')
  expect(cookie).toMatchObject({ httpOnly: true, sameSite: 'Strict', path: '/auth/v1' })
  const readable = await page.evaluate(() => JSON.stringify({ ...localStorage }) + JSON.stringify({ ...sessionStorage }) + document.cookie)
  expect(readable).not.toContain(cookie!.value)
  expect(readable).not.toMatch(/eyJ[\w-]+\./)
})

test('answers to our pages carry no refresh token', async ({ page }) => {
  const bodies: string[] = []
  page.on('response', async (response) => {
    if (response.url().includes('/auth/v1/token'))
      bodies.push(await response.text().catch(() => ''))
  })
  await signInAsAdmin(page)
  await page.reload()
  await expect(page.getByTestId('account-name')).toBeVisible()
  await expect.poll(() => bodies.length).toBeGreaterThanOrEqual(2)
  for (const body of bodies)
    expect(JSON.parse(body)).toMatchObject({ refresh_token: '' })
})

test('tabs share one session: in, out, and out everywhere', async ({ page, context, browser, baseURL }) => {
  await page.goto('/login')
  const second = await context.newPage()
  await second.goto('/ai/jwt')
  await expect(second).toHaveURL(/\/login\?redirect=/)
  await signInAsAdmin(page)
  await expect(second).toHaveURL(/\/ai\/jwt$/)
  await expect(second.getByTestId('user-menu')).toBeVisible()

  await second.getByTestId('user-menu').click()
  await second.getByRole('menuitem', { name: 'Sign out', exact: true }).click()
  await expect(page).toHaveURL(/\/login/)
  await expect(page.getByText('Your session has ended')).toBeVisible()

  await signInAsAdmin(page)
  const elsewhere = await browser.newContext({ baseURL, locale: 'en-GB' })
  const device = await elsewhere.newPage()
  await signInAsAdmin(device)
  await page.getByTestId('user-menu').click()
  await page.getByRole('menuitem', { name: 'Sign out everywhere' }).click()
  await expect(page).toHaveURL(/\/login/)
  await device.reload()
  await expect(device).toHaveURL(/\/login/)
  await elsewhere.close()
})

test('several tabs that load at once all stay signed in', async ({ page, context }) => {
  await signInAsAdmin(page)
  const tabs = await Promise.all(Array.from({ length: 4 }, () => context.newPage()))
  await Promise.all(tabs.map(tab => tab.goto('/')))
  for (const tab of tabs)
    await expect(tab.getByTestId('account-name')).toHaveText(demo.admin.email)
  await page.reload()
  await expect(page.getByTestId('account-name')).toHaveText(demo.admin.email)
})

test('a link that names another site as the way back is not followed', async ({ page, baseURL }) => {
  for (const target of [
    '//evil.example',
    'https://evil.example/',
    '/\\evil.example',
    'javascript:alert(1)',
  ]) {
    await page.context().clearCookies()
    await page.goto(`/login?redirect=${encodeURIComponent(target)}`)
    await page.evaluate(() => localStorage.removeItem('tessera.signed-in'))
    await page.getByLabel('E-mail').fill(demo.admin.email)
    await page.getByLabel('Password', { exact: true }).fill(demo.admin.password)
    await page.getByRole('button', { name: 'Sign in' }).click()
    await expect(page).toHaveURL(`${baseURL!.replace(/\/$/, '')}/`)
  }
})

test('signing in with the keyboard alone', async ({ page }) => {
  // The first stop of a page leads past its header.
  await page.goto('/auth/confirm')
  await expect(page.getByRole('heading', { level: 1 })).toBeVisible()
  await page.keyboard.press('Tab')
  await expect(page.getByRole('link', { name: 'Skip to content' })).toBeFocused()
  await page.keyboard.press('Enter')
  await page.keyboard.press('Tab')
  await expect(page.getByRole('main').getByRole('link', { name: 'Sign in' })).toBeFocused()
  await page.keyboard.press('Enter')
  await expect(page.getByLabel('E-mail')).toBeFocused()

  await page.keyboard.press('Enter')
  await expect(page.getByText('Enter your e-mail address')).toBeVisible()
  await expect(page.getByLabel('E-mail')).toBeFocused()
  await page.keyboard.type(demo.admin.email)
  await page.keyboard.press('Tab')
  await expect(page.getByRole('link', { name: 'Forgot password?' })).toBeFocused()
  await page.keyboard.press('Tab')
  await page.keyboard.type(demo.admin.password)
  await page.keyboard.press('Enter')
  await expect(page.getByTestId('account-name')).toHaveText(demo.admin.email)
})
