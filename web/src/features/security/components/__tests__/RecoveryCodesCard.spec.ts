import { flushPromises } from '@vue/test-utils'
import { describe, expect, it, vi } from 'vitest'
import { useSession } from '@/stores/session'
import { mountPage } from '@/testing/mountPage'
import RecoveryCodesCard from '../RecoveryCodesCard.vue'

async function show(total: number) {
  // The card asks as soon as it is there, so the answer must be ready before.
  const Host = {
    components: { RecoveryCodesCard },
    data: () => ({ ready: false }),
    template: '<RecoveryCodesCard v-if="ready" />',
  }
  const { wrapper } = await mountPage(Host)
  const api = useSession().api
  vi.spyOn(api, 'recoveryCodes').mockResolvedValue({
    total,
    left: total,
    created_at: total ? '2026-01-02T03:04:05Z' : null,
  })
  const make = vi.spyOn(api, 'makeRecoveryCodes').mockResolvedValue(['abcde-fghjk', 'mnpqr-stuvw'])
  await wrapper.setData({ ready: true })
  await flushPromises()
  return { wrapper, make }
}

describe('recoveryCodesCard', () => {
  it('shows new codes once, to be copied, downloaded or printed', async () => {
    const { wrapper } = await show(0)
    expect(wrapper.get('[data-testid=codes-left]').text()).toContain('no recovery codes')
    await wrapper.get('[data-testid=make-codes]').trigger('click')
    await flushPromises()
    expect(wrapper.findAll('li').map(item => item.text())).toEqual(['abcde-fghjk', 'mnpqr-stuvw'])
    const file = wrapper.get('a[download]')
    expect(decodeURIComponent(file.attributes('href')!)).toContain('abcde-fghjk\nmnpqr-stuvw')
    await wrapper.get('[data-testid=codes-kept]').trigger('click')
    await flushPromises()
    expect(wrapper.text()).not.toContain('abcde-fghjk')
  })

  it('says what is left, and that new ones end the old', async () => {
    const { wrapper } = await show(10)
    expect(wrapper.get('[data-testid=codes-left]').text()).toContain('10 of 10 left')
    expect(wrapper.get('[data-testid=make-codes]').text()).toContain('the old ones end')
  })
})
