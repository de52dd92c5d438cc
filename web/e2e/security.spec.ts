import type { CDPSession, Page } from '@playwright/test'
import process from 'node:process'
import { call, enrolTotp, newPerson, totp } from './support/api'
import { codeIn, linkIn, newAddress, newestMail } from './support/demo'
import { chooseTheme, clean, expect, signIn, test } from './support/test'

test.describe.configure({ timeout: 240_000 })

/** A device with a fingerprint reader, as Chromium simulates it. */
async function authenticator(page: Page): Promise<{ client: CDPSession, id: string }> {
  const client = await page.context().newCDPSession(page)
  await client.send('WebAuthn.enable')
  const { authenticatorId } = await client.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      protocol: 'ctap2',
      transport: 'internal',
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
    },
  })
  return { client, id: authenticatorId }
}

async function signOut(page: Page): Promise<void> {
  await page.getByTestId('user-menu').click()
  await page.getByRole('menuitem', { name: 'Sign out', exact: true }).click()
  await expect(page.getByRole('button', { name: 'Sign in' })).toBeVisible()
}

/** Lets the proof of a session become too old, so that sensitive changes ask again. */
async function refuseOnce(page: Page, path: string): Promise<void> {
  let isFirst = true
  await page.route(`**${path}`, async (route) => {
    if (!isFirst)
      return route.fallback()
    isFirst = false
    return route.fulfill({
      status: 403,
      contentType: 'application/problem+json',
      body: JSON.stringify({ code: 'session.confirmation_needed' }),
    })
  })
}

/** Keeps a picture to be looked at, where SHOTS names a folder. */
async function shot(page: Page, name: string): Promise<void> {
  if (process.env.SHOTS)
    await page.screenshot({ path: `${process.env.SHOTS}/${name}.png`, fullPage: true })
}

test('a passkey: added, named, signed in with, removed', async ({ page }) => {
  const device = await authenticator(page)
  const person = await newPerson()
  await signIn(page, person.email, person.password)
  await page.goto('/profile/security')
  await page.getByTestId('passkey-add').click()
  await page.getByTestId('passkey-name').fill('My laptop')
  await page.keyboard.press('Enter')
  await expect(page.getByTestId('passkey')).toContainText('My laptop')
  await clean(page)

  // By the press of a button. Before it the device gives nothing, lest it answers the page's suggestions.
  const touch = (enabled: boolean) => device.client.send('WebAuthn.setAutomaticPresenceSimulation', { authenticatorId: device.id, enabled })
  await touch(false)
  await signOut(page)
  await clean(page)
  await touch(true)
  await page.getByTestId('passkey-sign-in').click()
  await expect(page.getByTestId('user-menu')).toBeVisible()
  // And from the suggestions of the address field, which the simulated person takes at once.
  await page.getByTestId('user-menu').click()
  await page.getByRole('menuitem', { name: 'Sign out', exact: true }).click()
  await page.waitForURL(url => url.pathname === '/')
  await expect(page.getByTestId('user-menu')).toBeVisible()
  await page.goto('/profile/security')
  await expect(page.getByTestId('passkey')).toContainText('last used')
  await expect(page.getByTestId('session-here')).toContainText('passkey')

  // A second one on the same device is refused by the device itself.
  await page.getByTestId('passkey-add').click()
  await expect(page.getByTestId('fault')).toContainText('This device has a passkey of this account already.')
  await page.getByTestId('passkey-remove').click()
  await clean(page)
  await page.getByTestId('passkey-remove-sure').click()
  await expect(page.getByTestId('passkey')).toHaveCount(0)
  await device.client.send('WebAuthn.removeVirtualAuthenticator', { authenticatorId: device.id })
})

test('a passkey that the person does not give, and one that this site does not know', async ({ page }) => {
  const { client, id } = await authenticator(page)
  await page.goto('/login')
  await client.send('WebAuthn.setAutomaticPresenceSimulation', { authenticatorId: id, enabled: true })
  await client.send('WebAuthn.setUserVerified', { authenticatorId: id, isUserVerified: false })
  const person = await newPerson()
  await client.send('WebAuthn.setUserVerified', { authenticatorId: id, isUserVerified: true })
  await signIn(page, person.email, person.password)
  await page.goto('/profile/security')
  await page.getByTestId('passkey-add').click()
  await expect(page.getByTestId('passkey')).toBeVisible()
  await page.getByTestId('passkey-remove').or(page.getByRole('button', { name: 'Cancel' })).first().click()
  const { data } = { data: await call<{ id: string }[]>('GET', `/auth/v1/admin/users/${person.id}/passkeys`) }
  await call('DELETE', `/auth/v1/admin/users/${person.id}/passkeys/${data[0]!.id}`)
  await signOut(page)
  await page.getByTestId('passkey-sign-in').click()
  await expect(page.getByTestId('fault')).toBeVisible()
  await page.mouse.move(0, 0)
  await clean(page)
})

test('an authenticator app with recovery codes; both are asked for at sign-in, by keyboard alone', async ({ page }) => {
  const person = await newPerson()
  await signIn(page, person.email, person.password)
  await page.goto('/profile/security')
  await page.getByTestId('totp-enrol').click()
  const secret = (await page.getByTestId('totp-secret').textContent())!.trim()
  await clean(page)
  await page.getByLabel('Code of the authenticator app').fill(totp(secret))
  await page.keyboard.press('Enter')
  await expect(page.getByTestId('factor')).toBeVisible()
  // The codes come with it.
  const codes = page.getByTestId('recovery-codes').getByRole('listitem')
  await expect(codes).toHaveCount(10)
  const recovery = (await codes.first().textContent())!.trim()
  await clean(page)
  await page.getByTestId('codes-kept').click()
  await expect(page.getByTestId('codes-left')).toContainText('10 of 10 left')
  await expect(page.getByText(recovery)).toHaveCount(0)
  await signOut(page)

  await page.goto('/login?redirect=/profile/security')
  await page.getByLabel('E-mail').fill(person.email)
  await page.keyboard.press('Tab')
  await page.getByLabel('Password', { exact: true }).fill(person.password)
  await page.keyboard.press('Enter')
  await expect(page.getByTestId('second-factor')).toBeVisible()
  await clean(page)
  // Nothing else is open yet, also after a reload.
  await page.goto('/profile')
  await expect(page.getByTestId('second-factor')).toBeVisible()
  await page.getByTestId('other-code').focus()
  await page.keyboard.press('Enter')
  await page.getByTestId('recovery-code').fill(recovery)
  await page.keyboard.press('Enter')
  await expect(page.getByTestId('info-email')).toContainText(person.email)
  await page.goto('/profile/security')
  await expect(page.getByTestId('codes-left')).toContainText('9 of 10 left')
})

test('a code of the app lets in, a wrong one does not', async ({ page }) => {
  const person = await newPerson()
  const secret = await enrolTotp(person)
  await page.goto('/login')
  await page.getByLabel('E-mail').fill(person.email)
  await page.getByLabel('Password', { exact: true }).fill(person.password)
  await page.getByRole('button', { name: 'Sign in' }).click()
  const code = page.getByTestId('second-factor').getByRole('textbox')
  await code.fill('000000')
  await expect(page.getByTestId('fault')).toContainText('The code is wrong.')
  await clean(page)
  await code.fill(totp(secret, 1))
  await expect(page.getByTestId('user-menu')).toBeVisible()
})

test('a sensitive change asks again; cancelled it does nothing, confirmed it goes on', async ({ page }) => {
  const person = await newPerson()
  await signIn(page, person.email, person.password)
  await page.goto('/profile/security')
  await refuseOnce(page, '/api/v1/me/password')
  await page.getByTestId('password-open').click()
  await page.getByLabel('New password', { exact: true }).fill('another horse battery 9')
  await page.getByLabel('Repeat it').fill('another horse battery 9')
  await page.getByRole('button', { name: 'Save password' }).click()
  const dialog = page.getByRole('dialog')
  await expect(dialog).toBeVisible()
  await clean(page)
  await page.keyboard.press('Escape')
  await expect(dialog).toBeHidden()
  await expect(page.getByTestId('fault')).toHaveCount(0)

  await page.unrouteAll()
  await refuseOnce(page, '/api/v1/me/password')
  await page.getByRole('button', { name: 'Save password' }).click()
  await dialog.getByLabel('Password', { exact: true }).fill('not this one')
  await dialog.getByRole('button', { name: 'Confirm' }).click()
  await expect(dialog.getByTestId('fault')).toContainText('The password is wrong.')
  await dialog.getByTestId('by-email').click()
  await dialog.getByTestId('mail-code').click()
  await dialog.getByRole('textbox').fill(codeIn(await newestMail(person.email)))
  await expect(dialog).toBeHidden()
  await expect(page.getByTestId('password-changed')).toBeVisible()
  await signOut(page)
  await signIn(page, person.email, 'another horse battery 9')
})

test('the address changes when both mails were followed', async ({ page }) => {
  const person = await newPerson()
  const wanted = newAddress()
  await signIn(page, person.email, person.password)
  await page.goto('/profile/security')
  await page.getByTestId('email-open').click()
  await page.getByLabel('New address').fill(wanted)
  await page.keyboard.press('Enter')
  await expect(page.getByTestId('email-awaited')).toContainText(wanted)
  await page.reload()
  await expect(page.getByTestId('email-awaited')).toContainText(wanted)
  await clean(page)
  await page.goto(linkIn(await newestMail(wanted)))
  await page.getByRole('main').getByRole('button').click()
  await expect(page.getByTestId('half-confirmed')).toBeVisible()
  await clean(page)
  await page.goto(linkIn(await newestMail(person.email)))
  await page.getByRole('main').getByRole('button').click()
  await expect(page.getByTestId('email-now')).toHaveText(wanted)
})

test('devices: one signed out, then all others', async ({ page, browser, baseURL }) => {
  const person = await newPerson()
  await signIn(page, person.email, person.password)
  const others = []
  for (let n = 0; n < 2; n += 1) {
    const context = await browser.newContext({ baseURL, locale: 'en-GB' })
    const other = await context.newPage()
    await signIn(other, person.email, person.password)
    others.push(other)
  }
  await page.goto('/profile/security')
  await expect(page.getByTestId('session-here')).toContainText('Chrome on Linux')
  await expect(page.getByTestId('session-other')).toHaveCount(3) // the script's own among them
  await clean(page)
  await page.getByTestId('session-other').first().getByRole('button').click()
  await expect(page.getByTestId('session-other')).toHaveCount(2)
  await page.getByTestId('end-others').click()
  await expect(page.getByTestId('session-other')).toHaveCount(0)
  for (const other of others) {
    await other.goto('/profile')
    await expect(other.getByRole('button', { name: 'Sign in' })).toBeVisible()
    await other.context().close()
  }
  await page.reload()
  await expect(page.getByTestId('session-here')).toBeVisible()
})

for (const theme of ['light', 'dark'] as const) {
  for (const width of [1280, 390]) {
    for (const locale of ['en', 'zh-CN']) {
      test(`the page, ${theme}, ${width} px, ${locale}`, async ({ page }) => {
        const person = await newPerson()
        const secret = await enrolTotp(person)
        await chooseTheme(page, theme)
        await page.setViewportSize({ width, height: 900 })
        await page.addInitScript(chosen => localStorage.setItem('tessera.locale', chosen), locale)
        await page.goto('/login')
        await expect(page.locator('input[type=email]')).toBeVisible()
        await clean(page)
        await page.locator('input[type=email]').fill(person.email)
        await page.locator('input[type=password]').fill(person.password)
        await page.keyboard.press('Enter')
        await expect(page.getByTestId('second-factor')).toBeVisible()
        await clean(page)
        await shot(page, `second-${theme}-${width}-${locale}`)
        await page.getByTestId('second-factor').getByRole('textbox').fill(totp(secret, 1))
        await expect(page.getByTestId('user-menu')).toBeVisible()
        await page.goto('/profile/security')
        await expect(page.getByTestId('session-here')).toBeVisible()
        await page.getByTestId('make-codes').click()
        await page.getByTestId('password-open').click()
        await expect(page.getByTestId('recovery-codes')).toBeVisible()
        await clean(page)
        await shot(page, `security-${theme}-${width}-${locale}`)
        await refuseOnce(page, '/api/v1/me/email')
        await page.getByTestId('email-open').click()
        await page.locator('input[type=email]').fill(newAddress())
        await page.keyboard.press('Enter')
        await expect(page.getByRole('dialog')).toBeVisible()
        await clean(page)
        await shot(page, `confirm-${theme}-${width}-${locale}`)
      })
    }
  }
}
