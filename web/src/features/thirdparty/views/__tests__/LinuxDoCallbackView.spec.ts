import { describe, expect, it } from 'vitest'
import { fakeFetch, json } from '@/testing/fakeFetch'
import { mountPage } from '@/testing/mountPage'
import LinuxDoCallbackView from '../LinuxDoCallbackView.vue'

const config = {
  sources: [
    { name: 'linuxdo', type: 'linuxdo', display_name: 'LINUX DO' },
  ],
}

describe('linuxDoCallbackView', () => {
  it('asks the server where the sign-in stands', async () => {
    const calls = fakeFetch(() => json({ code: 'pendingauth.session_unknown' }, 404))
    const { wrapper } = await mountPage(LinuxDoCallbackView, {
      props: { source: 'linuxdo' },
      config,
    })
    expect(calls.map(call => call.url)).toEqual(['/api/v1/auth/pending'])
    expect(wrapper.text()).toContain('Start LINUX DO again')
  })

  it('starts over on request', async () => {
    const calls = fakeFetch(() => json({ code: 'provider.unreachable', detail: 'x' }, 502))
    const { wrapper } = await mountPage(LinuxDoCallbackView, {
      props: { source: 'linuxdo', error: 'provider.denied' },
      config,
    })
    await wrapper.get('[data-testid=again]').trigger('click')
    await expect.poll(() => wrapper.find('[role=alert]').exists()).toBe(true)
    expect(calls[0]).toMatchObject({
      url: '/api/v1/auth/flows',
      body: { provider: 'linuxdo' },
    })
    expect(wrapper.get('[role=alert]').text()).toContain('The provider does not answer.')
  })
})
