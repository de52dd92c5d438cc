import { newAddress } from './support/demo'
import { expect, signIn, signInAsAdmin, test } from './support/test'

test('an anonymous token, a named user found again, and a stop', async ({ page }) => {
  await signInAsAdmin(page)
  await page.goto('/ai/jwt')

  await page.getByTestId('anonymous-token').click()
  await expect(page.getByTestId('verdict')).toHaveText('Valid')
  await expect(page.getByTestId('jwt-claims')).toContainText('is_anonymous: true')

  await page.getByLabel('Username or prefix').fill('gymbro-test-77')
  await page.getByTestId('create-test-user').click()
  await expect(page.getByTestId('subject-username')).toContainText('gymbro-test-77')
  await expect(page.getByTestId('jwt-claims')).toContainText('is_anonymous: false')
  await page.getByTestId('create-test-user').click()
  await expect(page.getByTestId('subject')).toContainText('Reused')
  await expect(page.getByTestId('subject-signed-in')).toContainText('Signed in as this user')

  await page.getByTestId('test-users').locator('summary').click()
  await page.getByRole('button', { name: 'New token for gymbro-test-77' }).click()
  await expect(page.getByTestId('subject-username')).toContainText('gymbro-test-77')
  await expect(page.getByTestId('verdict')).toHaveText('Valid')

  await page.getByTestId('send').click()
  await page.getByTestId('stop').click()
  await expect(page.getByTestId('fact-state')).toHaveText(/Stopped|Completed/)
})

test('curl commands hide tokens until asked', async ({ page }) => {
  await signInAsAdmin(page)
  await page.goto('/ai/jwt')
  await page.getByTestId('own-token').click()
  await expect(page.getByTestId('verdict')).toHaveText('Valid')
  for (const curl of await page.getByTestId('curl').all()) {
    await curl.locator('summary').click()
    await expect(curl.locator('pre')).toContainText('curl ')
    await expect(curl.locator('pre')).not.toContainText('eyJ')
  }
  const models = page.getByTestId('curl').filter({ hasText: 'list models' })
  await models.getByRole('button', { name: 'Show secrets' }).click()
  await expect(models.locator('pre')).toContainText('Bearer eyJ')
})

test('a refusal says what it is and which request it was', async ({ page }) => {
  await signInAsAdmin(page)
  await page.goto('/ai/jwt')
  await page.getByLabel('Username or prefix').fill('not-on-the-list')
  await page.getByTestId('create-test-user').click()
  const fault = page.getByTestId('fault').first()
  await expect(fault).toContainText(/\(4\d\d\)/)
  await expect(fault.getByTestId('fault-request-id')).toHaveText(/\w{8,}/)
})

test('someone who is no administrator uses their own token', async ({ page, request }) => {
  const config = await (await request.get('/api/v1/public-config')).json() as { anon_key: string }
  const { demo } = await import('./support/demo')
  const email = newAddress()
  const made = await request.post('/auth/v1/admin/users', {
    data: { email, password: 'correct horse battery', email_confirm: true },
    headers: { apikey: config.anon_key, Authorization: `Bearer ${demo.service_role_key}` },
  })
  expect(made.ok()).toBe(true)
  await signIn(page, email, 'correct horse battery')
  await page.goto('/ai/jwt')
  await expect(page.getByTestId('test-users-refused')).toContainText('Only administrators')
  await expect(page.getByTestId('create-test-user')).toHaveCount(0)
  await page.getByTestId('own-token').click()
  await expect(page.getByTestId('verdict')).toHaveText('Valid')
  await page.getByTestId('send').click()
  await expect(page.getByTestId('fact-state')).toHaveText('Completed')
})
