import { expect, test } from './support/test'

test('the policy is strict, and a missing file is not a page', async ({ request }) => {
  const page = await request.get('/login', {
    headers: { Accept: 'text/html' },
  })
  expect(page.status()).toBe(200)
  const policy = page.headers()['content-security-policy'] ?? ''
  expect(policy).toContain('script-src \'self\'')
  expect(policy).toContain('style-src \'self\'')
  expect(policy).not.toMatch(/script-src[^;]*unsafe|style-src [^;]*unsafe/)
  expect(await page.text()).not.toMatch(/<script>|<style|\son[a-z]+=/)

  const script = /src="(\/assets\/[^"]+\.js)"/.exec(await page.text())![1]!
  const asset = await request.get(script, {
    headers: { 'Accept-Encoding': 'br' },
  })
  expect(asset.headers()['content-encoding']).toBe('br')
  expect(asset.headers()['cache-control']).toContain('immutable')
  expect((await request.get('/assets/gone-12345678.js')).status()).toBe(404)
})

test('the API page reads the server\'s own document', async ({ page }) => {
  await page.goto('/docs/api')
  const operations = page.getByTestId('operation')
  await expect.poll(() => operations.count()).toBeGreaterThan(5)
  await page.getByLabel('Filter by path or summary').fill('inspect-token')
  await expect(operations).toHaveCount(1)
  await operations.first().locator('summary').click()
  await expect(operations.first()).toContainText('Request body')
  await expect(operations.first()).toContainText('token')
})
