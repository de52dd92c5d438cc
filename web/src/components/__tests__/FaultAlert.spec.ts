import { describe, expect, it } from 'vitest'
import { ApiFault } from '@/api/fault'
import { mountPage } from '@/testing/mountPage'
import FaultAlert from '../FaultAlert.vue'

describe('faultAlert', () => {
  it('is announced, in the page\'s language', async () => {
    const fault = new ApiFault({ status: 400, code: 'invalid_credentials', message: 'Invalid login credentials' })
    const { wrapper } = await mountPage(FaultAlert, {
      props: { fault },
      locale: 'zh-CN',
    })
    expect(wrapper.get('[role=alert]').text()).toBe('邮箱或密码不正确。')
  })

  it('shows the server\'s words, hint, fields, code and request id for what it does not know', async () => {
    const fault = new ApiFault({
      status: 422,
      code: 'some.new_code',
      message: 'Nope.',
      hint: 'Do this.',
      requestId: 'r-1',
      fields: { model: 'too long' },
    })
    const { wrapper } = await mountPage(FaultAlert, {
      props: { fault, detailed: true },
    })
    for (const words of [
      'Nope.',
      'Do this.',
      'some.new_code',
      '422',
      'r-1',
      'model',
      'too long',
    ])
      expect(wrapper.text()).toContain(words)
  })

  it('counts the wait down', async () => {
    const fault = new ApiFault({ status: 429, code: 'over_request_rate_limit', retryAfter: 12 })
    const { wrapper } = await mountPage(FaultAlert, {
      props: { fault, waitSeconds: 12 },
    })
    expect(wrapper.text()).toContain('Try again in 12 s.')
  })

  it('says nothing about what the user stopped', async () => {
    const { wrapper } = await mountPage(FaultAlert, {
      props: {
        fault: new ApiFault({ code: 'aborted' }),
      },
    })
    expect(wrapper.find('[role=alert]').exists()).toBe(false)
  })
})
