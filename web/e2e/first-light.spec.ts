import { codeIn, demo, linkIn, newAddress, newestMail } from './support/demo'
import { expect, signInAsAdmin, test } from './support/test'

const password = 'correct horse battery'

test('from signing up to a reply that streams in', async ({ page, request }) => {
  const config = await (await request.get('/api/v1/public-config')).json() as { autoconfirm: boolean }
  const email = newAddress()

  await test.step('sign up', async () => {
    await page.goto('/')
    await expect(page).toHaveURL(/\/login$/)
    await page.getByRole('link', { name: 'Create an account' }).click()
    await page.getByLabel('E-mail').fill(email)
    await page.getByLabel('Password', { exact: true }).fill(password)
    await page.getByRole('button', { name: 'Sign up' }).click()
  })

  if (!config.autoconfirm) {
    await test.step('confirm through the mailed link', async () => {
      await expect(page).toHaveURL(/\/auth\/check-inbox$/)
      await expect(page.getByTestId('inbox-email')).toHaveText(email)
      await expect(page.getByTestId('resend')).toBeDisabled()
      await page.goto(linkIn(await newestMail(email)))
      await page.getByRole('button', { name: 'Confirm and sign in' }).click()
    })
  }

  await test.step('see the home page', async () => {
    await expect(page).toHaveURL('/')
    await expect(page.getByTestId('account-name')).toHaveText(email)
    await page.getByTestId('user-menu').click()
    await page.getByRole('menuitem', { name: 'Sign out', exact: true }).click()
    await expect(page).toHaveURL(/\/login/)
  })

  await test.step('sign in as the administrator', async () => {
    await signInAsAdmin(page)
    await page.getByRole('link', { name: 'JWT test' }).first().click()
    await expect(page.getByRole('heading', { level: 1 })).toHaveText('Tokens and message streams')
  })

  await test.step('make a test user with one click', async () => {
    await page.getByTestId('create-test-user').click()
    await expect(page.getByTestId('subject-username')).toContainText(/gymbro-test-\d+/)
    await expect(page.getByTestId('subject-email')).toContainText('@')
    await expect(page.getByTestId('subject-password')).toContainText('••••')
    await expect(page.getByTestId('subject-signed-in')).toContainText('Signed in as this user')
    await expect(page.getByTestId('subject-signed-in')).toContainText(demo.admin.email)
    await page.getByTestId('subject-password').getByRole('button', { name: 'Show password' }).click()
    await expect(page.getByTestId('subject-password')).not.toContainText('••••')
  })

  await test.step('read the verdict on the token', async () => {
    await expect(page.getByTestId('verdict')).toHaveText('Valid')
    const checks = page.getByTestId('checks').locator('li')
    expect(await checks.count()).toBeGreaterThanOrEqual(5)
    await expect(page.getByTestId('checks').locator('li[data-ok=false]')).toHaveCount(0)
    await expect(page.getByTestId('jwt-header')).toContainText('kid')
    await expect(page.getByTestId('jwt-header')).toContainText('"ES256"')
    await expect(page.getByTestId('jwt-claims')).toContainText(await page.getByTestId('subject-email').textContent().then(text => text!.trim()))
    const first = (await page.getByTestId('expiry').textContent())!
    await expect(page.getByTestId('expiry')).not.toHaveText(first)
  })

  await test.step('send a message and watch the reply grow', async () => {
    await page.getByTestId('send').click()
    const reply = page.getByTestId('reply')
    await expect(reply).not.toHaveText('')
    const early = (await reply.textContent())!.length
    await expect(page.getByTestId('fact-state')).toHaveText('Completed')
    expect((await reply.textContent())!.length).toBeGreaterThan(early)
    await expect(page.getByTestId('request-id-match')).toHaveAttribute('data-match', 'ok')
    expect(Number(await page.getByTestId('fact-deltas').textContent())).toBeGreaterThan(1)
    await expect(page.getByTestId('event-log').locator('[data-event=completed]')).toHaveCount(1)
    await expect(page.getByTestId('event-log').locator('[data-event=error]')).toHaveCount(0)
  })

  await test.step('find the administrator still signed in', async () => {
    await page.reload()
    await page.getByTestId('user-menu').click()
    await expect(page.getByRole('menu')).toContainText(demo.admin.email)
    await expect(page.getByTestId('subject')).toHaveCount(0)
  })
})

test('a code instead of the link, and a new password', async ({ page, request }) => {
  const config = await (await request.get('/api/v1/public-config')).json() as { autoconfirm: boolean }
  const email = newAddress()
  let mails = 0

  await page.goto('/register')
  await page.getByLabel('E-mail').fill(email)
  await page.getByLabel('Password', { exact: true }).fill(password)
  await page.getByRole('button', { name: 'Sign up' }).click()
  if (!config.autoconfirm) {
    await expect(page.getByTestId('inbox-email')).toHaveText(email)
    const code = codeIn(await newestMail(email))
    mails += 1
    // The countdown is still there after a reload.
    await page.reload()
    await expect(page.getByTestId('resend')).toContainText(/in \d+ s/)
    await expect(page.getByLabel('Code')).toBeFocused()
    await page.keyboard.type(code)
  }
  await expect(page.getByTestId('account-name')).toHaveText(email)
  await page.getByTestId('user-menu').click()
  await page.getByRole('menuitem', { name: 'Sign out', exact: true }).click()

  await page.getByRole('link', { name: 'Forgot password?' }).click()
  await page.getByLabel('E-mail').fill(email)
  await page.getByRole('button', { name: 'Send reset e-mail' }).click()
  await expect(page.getByTestId('inbox-email')).toHaveText(email)
  await page.goto(linkIn(await newestMail(email, mails)))
  await page.getByRole('button', { name: 'Continue' }).click()
  await expect(page).toHaveURL(/\/auth\/reset-password$/)
  await page.getByLabel('New password').fill('another long password')
  await page.getByLabel('Repeat it').fill('another lung password')
  await page.getByRole('button', { name: 'Save password' }).click()
  await expect(page.getByText('The two passwords differ')).toBeVisible()
  await expect(page.getByLabel('Repeat it')).toBeFocused()
  await page.getByLabel('Repeat it').fill('another long password')
  await page.getByRole('button', { name: 'Save password' }).click()
  await expect(page.getByTestId('account-name')).toHaveText(email)

  await page.getByTestId('user-menu').click()
  await page.getByRole('menuitem', { name: 'Sign out', exact: true }).click()
  await page.getByLabel('E-mail').fill(email)
  await page.getByLabel('Password', { exact: true }).fill(password)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await expect(page.getByRole('alert')).toContainText('E-mail or password is wrong.')
  await page.getByLabel('Password', { exact: true }).fill('another long password')
  await page.getByRole('button', { name: 'Sign in' }).click()
  await expect(page.getByTestId('account-name')).toHaveText(email)
})
