import { describe, expect, it } from 'vitest'
import { fakeFetch, json } from '@/testing/fakeFetch'
import { mountPage } from '@/testing/mountPage'
import WechatCallbackView from '../WechatCallbackView.vue'

const config = {
  sources: [
    { name: 'wechat', type: 'wechat', display_name: 'WeChat' },
  ],
}

describe('wechatCallbackView', () => {
  it('says why it cannot go on without a unionid', async () => {
    const { wrapper } = await mountPage(WechatCallbackView, {
      props: { source: 'wechat', error: 'wechat.unionid_missing', requestId: 'req-9' },
      config,
      locale: 'zh-CN',
    })
    expect(wrapper.get('[role=alert]').text()).toContain('unionid')
    expect(wrapper.get('[data-testid=fault-request-id]').text()).toBe('req-9')
  })

  it.each([
    ['Mozilla/5.0 MicroMessenger/8.0.50', 'mp'],
    ['Mozilla/5.0 Chrome/140', 'open'],
  ])('goes the way that fits the browser (%s)', async (agent, channel) => {
    Object.defineProperty(navigator, 'userAgent', { value: agent, configurable: true })
    const calls = fakeFetch(() => json({ code: 'wechat.channel_off' }, 400))
    const { wrapper } = await mountPage(WechatCallbackView, {
      props: { source: 'wechat', error: 'provider.denied' },
      config,
    })
    await wrapper.get('[data-testid=again]').trigger('click')
    await expect.poll(() => calls.length).toBe(1)
    expect(calls[0]!.body).toMatchObject({ provider: 'wechat', channel })
  })
})
