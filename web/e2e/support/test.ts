import type { Page } from '@playwright/test'
import AxeBuilder from '@axe-core/playwright'
import { test as base, expect } from '@playwright/test'
import { demo } from './demo'

export { expect }

/** What a page must never do; checked after every test. */
class Watch {
  readonly foreign: string[] = []
  readonly violations: string[] = []
  readonly errors: string[] = []

  async over(page: Page, origin: string): Promise<void> {
    page.on('request', (request) => {
      const url = new URL(request.url())
      if (/^https?:$|^wss?:$/.test(url.protocol) && url.origin !== origin)
        this.foreign.push(request.url())
    })
    page.on('pageerror', error => this.errors.push(String(error)))
    page.on('console', (message) => {
      if (/Content.Security.Policy/i.test(message.text()))
        this.violations.push(message.text())
    })
    await page.exposeFunction('__reportViolation', (text: string) => this.violations.push(text)).catch(() => {})
    await page.addInitScript(() => {
      document.addEventListener('securitypolicyviolation', (event) => {
        const report = (window as unknown as { __reportViolation: (text: string) => void }).__reportViolation
        report(`${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}:${event.lineNumber}`)
      })
    })
  }
}

interface Fixtures {
  watch: Watch
}

/** Every test also proves: no call to another host, no breach of the content policy, no uncaught error. */
export const test = base.extend<Fixtures>({
  watch: [
    async ({ context, baseURL }, use) => {
      const watch = new Watch()
      context.on('page', page => void watch.over(page, new URL(baseURL!).origin))
      await use(watch)
      expect(watch.foreign, 'calls to other hosts').toEqual([])
      expect(watch.violations, 'breaches of the content policy').toEqual([])
      expect(watch.errors, 'uncaught errors').toEqual([])
    },
    { auto: true },
  ],
})

export async function signIn(page: Page, email: string, password: string): Promise<void> {
  await page.goto('/login')
  await page.getByLabel('E-mail').fill(email)
  await page.getByLabel('Password', { exact: true }).fill(password)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await expect(page.getByTestId('user-menu')).toBeVisible()
}

export const signInAsAdmin = (page: Page) => signIn(page, demo.admin.email, demo.admin.password)

export async function chooseTheme(page: Page, theme: 'light' | 'dark'): Promise<void> {
  await page.addInitScript(chosen => localStorage.setItem('tessera.theme', chosen), theme)
}

/** For flows that lead through the simulators, other origins of this machine. Any other host is still a failure. */
export function leadsThroughSimulators(): void {
  test.afterEach(({ watch }) => {
    watch.foreign.splice(0, Infinity, ...watch.foreign.filter(url => !['127.0.0.1', 'localhost'].includes(new URL(url).hostname)))
  })
}

/** No finding of axe, and nothing wider than the window. */
export async function clean(page: Page): Promise<void> {
  // Colours in the middle of a transition are nobody's choice; a spinner never ends.
  await page.evaluate(() => Promise.all(document.getAnimations()
    .filter(animation => animation.effect?.getComputedTiming().iterations !== Infinity)
    .map(animation => animation.finished.catch(() => {}))))
  const { violations } = await new AxeBuilder({ page }).analyze()
  expect(violations.map(violation => `${violation.id}: ${violation.nodes.map(node => `${node.target.join(' ')} ${node.failureSummary}`).join(' | ')}`)).toEqual([])
  expect(await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)).toBeLessThanOrEqual(0)
}
