import { flushPromises } from '@vue/test-utils'
import { describe, expect, it, vi } from 'vitest'
import { ApiFault } from '@/api/fault'
import { mountPage } from '@/testing/mountPage'
import SourcePolicyForm from '../SourcePolicyForm.vue'

const standing = {
  email_required: true,
  on_signup: { balance_micros: 1_500_000, concurrency: 2, subscription_days: 0 },
  on_first_bind: { balance_micros: 0, concurrency: 0, subscription_days: 0 },
}

async function show(save = vi.fn().mockResolvedValue(undefined)) {
  const { wrapper } = await mountPage(SourcePolicyForm, {
    props: { type: 'github', policy: standing, save },
  })
  const input = (name: string) => wrapper.get<HTMLInputElement>(`[data-testid=${name}]`)
  return { wrapper, save, input }
}

describe('sourcePolicyForm', () => {
  it('shows what stands, and offers to save only what differs', async () => {
    const { wrapper, input } = await show()
    expect(input('on_signup-credits').element.value).toBe('1.5')
    expect(wrapper.get('[data-testid=save-policy]').attributes('disabled')).toBeDefined()
  })

  it('sends only what was changed, in millionths', async () => {
    const { wrapper, save, input } = await show()
    await input('on_signup-credits').setValue('0.000001')
    await wrapper.get('form').trigger('submit')
    await flushPromises()
    expect(save).toHaveBeenCalledExactlyOnceWith('github', {
      on_signup: { balance_micros: 1 },
    })
  })

  it('names what is no amount, and does not send it', async () => {
    const { wrapper, save, input } = await show()
    await input('on_first_bind-credits').setValue('1.2345678')
    await input('on_first_bind-days').setValue('-1')
    expect(wrapper.text()).toContain('up to six decimals')
    expect(wrapper.text()).toContain('A whole number')
    await wrapper.get('form').trigger('submit')
    await flushPromises()
    expect(save).not.toHaveBeenCalled()
  })

  it('offers to load what stands when somebody else was quicker', async () => {
    const { wrapper, input } = await show(vi.fn().mockRejectedValue(new ApiFault({ status: 409, code: 'policy.changed_meanwhile' })))
    await input('on_signup-concurrency').setValue('9')
    await wrapper.get('form').trigger('submit')
    await flushPromises()
    await wrapper.get('[data-testid=reload-policy]').trigger('click')
    expect(wrapper.emitted('reload')).toHaveLength(1)
  })
})
