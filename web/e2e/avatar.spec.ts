import type { Page } from '@playwright/test'
import { Buffer } from 'node:buffer'
import { newPerson } from './support/api'
import { demo } from './support/demo'
import { enterBy, someone } from './support/provider'
import { chooseTheme, clean, expect, leadsThroughSimulators, signIn, test } from './support/test'

test.describe.configure({ timeout: 180_000 })
leadsThroughSimulators()

const ours = /^\/avatars\/[0-9a-f]{64}$/

async function createWith(page: Page, choices: { nickname?: boolean, avatar?: boolean }): Promise<void> {
  await page.getByTestId('choose-create').click()
  await expect(page.getByTestId('adopt_avatar-suggested').locator('img')).toBeVisible()
  if (choices.nickname)
    await page.getByRole('switch', { name: 'Use this nickname' }).click()
  if (choices.avatar)
    await page.getByRole('switch', { name: 'Use this avatar' }).click()
  await page.getByTestId('complete').click()
  await expect(page.getByTestId('account-name')).toBeVisible()
}

/** What the profile page shows: the picture's address, or the letter in its place. */
async function shownOnProfile(page: Page) {
  await page.goto('/profile')
  const current = page.getByTestId('avatar-current')
  await expect(current).toBeVisible()
  return {
    avatar: await current.getAttribute('src'),
    nickname: (await page.getByTestId('info-nickname').locator('dd').textContent())?.trim(),
  }
}

for (const [name, choices] of Object.entries({
  'neither': {},
  'the nickname only': { nickname: true },
  'the avatar only': { avatar: true },
  'both': { nickname: true, avatar: true },
})) {
  test(`the first sign-in takes over ${name}`, async ({ page }) => {
    await enterBy(page, 'google', someone(), { nickname: 'Trinity' })
    await createWith(page, choices)
    const shown = await shownOnProfile(page)
    expect(shown.nickname).toBe(choices.nickname ? 'Trinity' : 'Not set')
    if (choices.avatar)
      expect(shown.avatar).toMatch(ours)
    else
      expect(shown.avatar).toBeNull()
  })
}

test('a picture that was taken over stays deleted, and comes back by choice only', async ({ page }) => {
  const id = someone()
  await enterBy(page, 'linuxdo', id)
  await createWith(page, { avatar: true })
  const first = await shownOnProfile(page)
  expect(first.avatar).toMatch(ours)
  await expect(page.getByTestId('user-menu').locator('img')).toHaveAttribute('src', first.avatar!)
  await clean(page)

  await page.getByTestId('avatar-remove').click()
  await expect(page.getByTestId('avatar-remove')).toHaveCount(0)
  await expect(page.getByTestId('user-menu').locator('img')).toHaveCount(0)
  await page.getByTestId('user-menu').click()
  await page.getByRole('menuitem', { name: 'Sign out', exact: true }).click()

  await enterBy(page, 'linuxdo', id)
  await expect(page.getByTestId('account-name')).toBeVisible()
  expect((await shownOnProfile(page)).avatar).toBeNull()

  await page.getByRole('button', { name: 'Use this picture of LINUX DO' }).click()
  await expect(page.getByTestId('avatar-current')).toHaveAttribute('src', first.avatar!)
  await page.getByRole('button', { name: 'Use this nickname of LINUX DO' }).click()
  await expect(page.getByTestId('info-nickname').locator('dd')).toHaveText('Trinity')
})

/** A photo of 1600 by 1200 pixels, red on the left and blue on the right, with noise on it. */
async function photo(page: Page): Promise<Buffer> {
  const url = await page.evaluate(() => {
    const canvas = document.createElement('canvas')
    canvas.width = 1600
    canvas.height = 1200
    const context = canvas.getContext('2d')!
    const pixels = context.createImageData(1600, 1200)
    for (let at = 0; at < pixels.data.length; at += 4) {
      const isLeft = (at / 4) % 1600 < 800
      pixels.data.set([
        isLeft
          ? 200 + Math.random() * 55
          : 20,
        Math.random() * 40,
        isLeft
          ? 20
          : 200 + Math.random() * 55,
        255,
      ], at)
    }
    context.putImageData(pixels, 0, 0)
    return canvas.toDataURL('image/jpeg', 0.9)
  })
  return Buffer.from(url.slice(url.indexOf(',') + 1), 'base64')
}

test('uploads a picture: chosen by keyboard, made small, with its size shown', async ({ page }) => {
  const person = await newPerson()
  await signIn(page, person.email, person.password)
  await page.goto('/profile')
  const file = await photo(page)
  expect(file.length).toBeGreaterThan(200_000)
  await page.getByTestId('avatar-file').setInputFiles({ name: 'photo.jpg', mimeType: 'image/jpeg', buffer: file })
  const preview = page.getByTestId('preview')
  await expect(preview.getByRole('status')).toContainText(/512 × 512 pixels, \d+\.\d KB/)
  const kilobytes = Number(/([\d.]+) KB/.exec((await preview.textContent())!)![1])
  expect(kilobytes).toBeLessThanOrEqual(100)
  await clean(page)

  // The left part, by keyboard alone.
  await page.getByRole('group', { name: /Part of the picture/ }).focus()
  const before = await preview.locator('img').getAttribute('src')
  for (let press = 0; press < 12; press += 1)
    await page.keyboard.press('ArrowLeft')
  await page.keyboard.press('+')
  await expect(preview.locator('img')).not.toHaveAttribute('src', before!)
  await page.getByTestId('picture-use').focus()
  await page.keyboard.press('Enter')
  await expect(page.getByTestId('avatar-current')).toHaveAttribute('src', ours)

  const src = await page.getByTestId('avatar-current').getAttribute('src')
  const served = await page.request.get(src!)
  expect(served.headers()['content-type']).toBe('image/jpeg')
  expect((await served.body()).length).toBeLessThanOrEqual(102_400)
  // What was chosen is what is shown: red, and no blue.
  const [red, , blue] = await page.getByTestId('avatar-current').evaluate((image: HTMLImageElement) => {
    const canvas = document.createElement('canvas')
    canvas.width = canvas.height = 1
    const context = canvas.getContext('2d')!
    context.drawImage(image, 0, 0, 1, 1)
    return [
      ...context.getImageData(0, 0, 1, 1).data,
    ]
  })
  expect(red!).toBeGreaterThan(blue!)
})

test('refuses what is no picture and where no picture is fetched from; a nickname of markup is text', async ({ page }) => {
  await chooseTheme(page, 'dark')
  await page.setViewportSize({ width: 390, height: 844 })
  const person = await newPerson()
  await signIn(page, person.email, person.password)
  await page.goto('/profile')
  await page.getByTestId('avatar-file').setInputFiles({
    name: 'a.png',
    mimeType: 'image/png',
    buffer: Buffer.from('<html>'),
  })
  await expect(page.getByRole('alert')).toContainText('cannot read the file as a picture')
  await page.getByTestId('avatar-by-address').click()
  await page.getByTestId('avatar-address').fill(`${demo.url}/readyz`)
  await page.keyboard.press('Enter')
  await expect(page.getByRole('alert')).toContainText('not fetched from this address')
  await clean(page)

  await page.getByTestId('nickname-edit').click()
  await page.getByTestId('nickname-input').fill('<img src=x onerror=alert(1)>')
  await page.keyboard.press('Enter')
  await expect(page.getByTestId('info-nickname').locator('dd')).toHaveText('<img src=x onerror=alert(1)>')
  await page.getByTestId('nickname-edit').click()
  await page.getByTestId('nickname-input').fill('a\u202Eb')
  await page.getByTestId('nickname-save').click()
  await expect(page.getByRole('region', { name: 'Your details' }).getByRole('alert')).toContainText('This nickname cannot be used.')
  await clean(page)
})
