import type { Page } from '@playwright/test'

/** A name that no other test uses at a simulated provider; LINUX DO and GitHub want whole numbers. */
export const someone = () => String(Math.floor(Math.random() * 1e12) + 1e6)

export interface AtProvider { nickname?: string, email?: string, avatar?: boolean, fault?: string }

/** Says at the simulator who one is, and what goes wrong. */
export async function consent(page: Page, id: string, { nickname = 'Trinity', email, avatar = true, fault }: AtProvider = {}): Promise<void> {
  await page.locator('input[name=person][value=else]').check()
  await page.locator('input[name=id]').fill(id)
  await page.locator('input[name=username]').fill(`user-${id}`)
  await page.locator('input[name=nickname]').fill(nickname)
  if (email)
    await page.locator('input[name=email]').fill(email)
  await page.locator('input[name=avatar]').setChecked(avatar)
  if (fault)
    await page.locator('select[name=fault]').selectOption(fault)
  await page.locator('button[value=allow]').click()
}

/** From the sign-in page to a source, and back from it. */
export async function enterBy(page: Page, source: string, id: string, at?: AtProvider): Promise<void> {
  await page.goto('/login')
  await page.getByTestId(`source-${source}`).click()
  await consent(page, id, at)
}
