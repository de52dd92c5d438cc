import { call, enrolTotp, newPerson, totp, whileEmailIsRequired } from './support/api'
import { codeIn, newAddress, newestMail } from './support/demo'
import { consent, enterBy, someone } from './support/provider'
import { clean, expect, leadsThroughSimulators, signIn, test } from './support/test'

test.describe.configure({ timeout: 180_000 })
leadsThroughSimulators()

test('binding asks for the password, and then for the second factor', async ({ page }) => {
  const person = await newPerson()
  const secret = await enrolTotp(person)
  await enterBy(page, 'github', someone())
  await page.getByTestId('choose-bind').click()
  await page.getByLabel('E-mail').fill(person.email)
  await page.getByLabel('Password', { exact: true }).fill('not the password')
  await page.getByRole('button', { name: 'Continue' }).click()
  await expect(page.getByRole('alert')).toBeVisible()
  await page.getByLabel('Password', { exact: true }).fill(person.password)
  await page.getByRole('button', { name: 'Continue' }).click()
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('One more step')
  await clean(page)
  await page.getByLabel('Code of the authenticator app').pressSequentially(totp(secret, 1))
  await page.getByTestId('complete').click()
  await expect(page.getByTestId('account-name')).toBeVisible()
  const { identities } = await call<{ identities: { provider: string }[] }>('GET', `/auth/v1/admin/users/${person.id}`)
  expect(identities.map(identity => identity.provider)).toEqual(['email', 'github'])
})

test('an address is asked for where the policy says so, and proven by its code', async ({ page }) => {
  await whileEmailIsRequired('google', async () => {
    const email = newAddress()
    await enterBy(page, 'google', someone(), { email: 'somebody.else@example.com' })
    await page.getByTestId('choose-create').click()
    await expect(page.getByRole('heading', { level: 1 })).toHaveText('Verify an e-mail')
    await clean(page)
    await page.getByLabel('E-mail').fill(email)
    await page.getByRole('button', { name: 'Send code' }).click()
    const code = codeIn(await newestMail(email))
    await page.reload() // where things stand is the server's to know
    await page.getByLabel('Code', { exact: true }).pressSequentially(code === '000000'
      ? '000001'
      : '000000')
    await expect(page.getByRole('alert')).toBeVisible()
    await page.getByLabel('Code', { exact: true }).click()
    await page.keyboard.press('Control+A')
    await page.getByLabel('Code', { exact: true }).pressSequentially(code)
    await page.getByTestId('complete').click()
    await expect(page.getByTestId('account-name')).toBeVisible()
    await page.goto('/profile')
    await expect(page.getByText(email).first()).toBeVisible()
  })
})

test.describe('an address that has an account', () => {
  test('leads to binding, with that account\'s password', async ({ page }) => {
    const owner = await newPerson()
    await whileEmailIsRequired('google', async () => {
      await enterBy(page, 'google', someone(), { email: owner.email })
      await proveAddress(page, owner.email)
      await expect(page.getByRole('heading', { level: 1 })).toHaveText('This address has an account')
      await clean(page)
      await page.getByTestId('conflict-bind').click()
      await page.getByLabel('Password', { exact: true }).fill(owner.password)
      await page.getByRole('button', { name: 'Continue' }).click()
      await page.getByTestId('complete').click()
      await expect(page.getByTestId('account-name')).toBeVisible()
    })
    const { identities } = await call<{ identities: { provider: string }[] }>('GET', `/auth/v1/admin/users/${owner.id}`)
    expect(identities.map(identity => identity.provider)).toEqual(['email', 'google'])
  })

  test('or to a new account with another address', async ({ page }) => {
    const owner = await newPerson()
    const other = newAddress()
    await whileEmailIsRequired('google', async () => {
      await enterBy(page, 'google', someone(), { email: owner.email })
      await proveAddress(page, owner.email)
      await page.getByTestId('conflict-other').click()
      await page.getByLabel('E-mail').fill(other)
      await page.getByRole('button', { name: 'Send code' }).click()
      await page.getByLabel('Code', { exact: true }).pressSequentially(codeIn(await newestMail(other)))
      await page.getByTestId('complete').click()
      await expect(page.getByTestId('account-name')).toBeVisible()
    })
    const { identities } = await call<{ identities: { provider: string }[] }>('GET', `/auth/v1/admin/users/${owner.id}`)
    expect(identities.map(identity => identity.provider)).toEqual(['email'])
  })

  async function proveAddress(page: Parameters<typeof enterBy>[0], email: string): Promise<void> {
    await page.getByTestId('choose-create').click()
    await page.getByLabel('E-mail').fill(email)
    await page.getByRole('button', { name: 'Send code' }).click()
    await page.getByLabel('Code', { exact: true }).pressSequentially(codeIn(await newestMail(email)))
  }
})

test('an identity that is bound elsewhere stays there', async ({ page }) => {
  const id = someone()
  await enterBy(page, 'corp', id)
  await page.getByTestId('choose-create').click()
  await page.getByTestId('complete').click()
  await expect(page.getByTestId('account-name')).toBeVisible()
  await page.getByTestId('user-menu').click()
  await page.getByRole('menuitem', { name: 'Sign out', exact: true }).click()

  const person = await newPerson()
  await signIn(page, person.email, person.password)
  await page.goto('/profile')
  await page.getByTestId('bind-corp').click()
  await consent(page, id)
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Corp SSO did not work')
  await expect(page.getByRole('alert')).toContainText(/another account/i)
  await clean(page)
  await page.goto('/profile')
  await expect(page.getByTestId('bind-corp')).toBeVisible()
  await expect(page.getByTestId('binding-corp')).toHaveCount(0)
})

test('a callback works once, and in its own browser only', async ({ page, browser, baseURL }) => {
  let callback = ''
  page.on('request', (request) => {
    if (request.url().includes('/auth/v1/callback'))
      callback = request.url()
  })
  await enterBy(page, 'linuxdo', someone())
  await expect(page.getByTestId('choose-create')).toBeVisible()
  expect(callback).toContain('code=')

  const stranger = await browser.newContext({ baseURL, locale: 'en-GB' })
  const elsewhere = await stranger.newPage()
  await elsewhere.goto(callback)
  await expect(elsewhere.getByTestId('choose-create')).toHaveCount(0)
  await expect(elsewhere.getByRole('heading', { level: 1 })).toBeVisible()
  await stranger.close()

  await page.getByTestId('choose-create').click()
  await page.getByTestId('complete').click()
  await expect(page.getByTestId('account-name')).toBeVisible()
  await page.getByTestId('user-menu').click()
  await page.getByRole('menuitem', { name: 'Sign out', exact: true }).click()
  await expect(page.getByTestId('source-linuxdo')).toBeVisible()
  await page.goto(callback)
  await expect(page.getByRole('heading', { level: 1 })).toBeVisible()
  await expect(page.getByTestId('user-menu')).toHaveCount(0)
  await clean(page)
})

test('a sign-in that was left lying is over after a quarter of an hour', async ({ page }) => {
  await page.clock.install()
  await enterBy(page, 'linuxdo', someone())
  await expect(page.getByTestId('time-left')).toBeVisible()
  await page.clock.runFor('15:05')
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('This sign-in has expired')
  await clean(page)
})

test('giving up on our page leaves nothing behind', async ({ page }) => {
  await enterBy(page, 'linuxdo', someone())
  await page.getByTestId('cancel').click()
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Sign-in cancelled')
  expect((await page.context().cookies()).find(cookie => cookie.name.endsWith('tessera_pending'))?.value ?? '').toBe('')
})

test('WeChat outside its own browser: by QR page; without a unionid the page says why not', async ({ page }) => {
  await enterBy(page, 'wechat', someone(), { fault: 'unionid_missing' })
  await expect(page.getByRole('alert')).toContainText(/unionid/i)
  await clean(page)
  const id = someone()
  await enterBy(page, 'wechat', id, { nickname: '小明' })
  await page.getByTestId('choose-create').click()
  await page.getByRole('switch', { name: 'Use this nickname' }).click()
  await page.getByTestId('complete').click()
  await expect(page.getByTestId('account-name')).toHaveText('小明')
})

test('WeChat in its own browser finds the same account by unionid', async ({ page, browser, baseURL }) => {
  const id = someone()
  await enterBy(page, 'wechat', id, { nickname: '小红' })
  await page.getByTestId('choose-create').click()
  await page.getByRole('switch', { name: 'Use this nickname' }).click()
  await page.getByTestId('complete').click()
  await expect(page.getByTestId('account-name')).toHaveText('小红')
  const phone = await browser.newContext({
    baseURL,
    locale: 'en-GB',
    viewport: { width: 390, height: 844 },
    userAgent: 'Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 MicroMessenger/8.0.50',
  })
  const inWeChat = await phone.newPage()
  await enterBy(inWeChat, 'wechat', id, { nickname: '小红' })
  await expect(inWeChat.getByTestId('account-name')).toHaveText('小红')
  await phone.close()
})

test('markup in a nickname is text', async ({ page }) => {
  await enterBy(page, 'linuxdo', someone(), { nickname: '<img src=x onerror=alert(1)>' })
  await expect(page.getByTestId('person')).toBeVisible()
  await expect(page.locator('img[src="x"]')).toHaveCount(0)
  await page.getByTestId('choose-create').click()
  await page.getByRole('switch', { name: 'Use this nickname' }).click()
  await page.getByTestId('complete').click()
  await expect(page.getByTestId('account-name')).toBeVisible()
  await expect(page.locator('img[src="x"]')).toHaveCount(0)
})

test('the whole flow by keyboard, in Chinese', async ({ page }) => {
  await page.addInitScript(() => localStorage.setItem('tessera.locale', 'zh-CN'))
  await page.goto('/login')
  await press(page.getByTestId('source-linuxdo'), 'Enter')
  await consent(page, someone(), { nickname: '键盘' })
  await expect(page.getByTestId('choose-create')).toBeVisible()
  await clean(page)
  await press(page.getByTestId('choose-create'), 'Enter')
  await press(page.getByRole('switch').first(), 'Space')
  await press(page.getByTestId('complete'), 'Enter')
  await expect(page.getByTestId('account-name')).toHaveText('键盘')

  /** Goes to a control by Tab alone, and presses a key there. */
  async function press(target: ReturnType<typeof page.getByTestId>, key: string): Promise<void> {
    await expect(target).toBeVisible()
    for (let step = 0; step < 60; step += 1) {
      if (await target.evaluate(element => element === document.activeElement || element.contains(document.activeElement)))
        return page.keyboard.press(key)
      await page.keyboard.press('Tab')
    }
    throw new Error('Tab does not lead there')
  }
})
