import { flushPromises } from '@vue/test-utils'
import { describe, expect, it, vi } from 'vitest'
import { ApiFault } from '@/api/fault'
import { useSession } from '@/stores/session'
import { mountPage } from '@/testing/mountPage'
import ProfileInfoCard from '../ProfileInfoCard.vue'

const me = { nickname: '', email: '', avatar_url: '' }

async function show(more: Partial<typeof me> = {}) {
  const { wrapper } = await mountPage(ProfileInfoCard, {
    props: {
      me: {
        ...me,
        ...more,
      },
    },
  })
  return wrapper
}

async function rename(wrapper: Awaited<ReturnType<typeof show>>, to: string) {
  await wrapper.get('[data-testid=nickname-edit]').trigger('click')
  await flushPromises()
  await wrapper.get('input').setValue(to)
  await wrapper.get('form').trigger('submit')
  await flushPromises()
}

describe('profileInfoCard', () => {
  it('shows what the account has, and says of the rest that it is not set', async () => {
    const fact = async (name: string, more: Partial<typeof me>) => (await show(more)).get(`[data-testid=info-${name}] dd`).text()
    expect(await fact('nickname', { nickname: 'Neo' })).toBe('Neo')
    expect(await fact('email', { email: 'neo@example.com' })).toBe('neo@example.com')
    expect(await fact('email', { nickname: 'Neo' })).toBe('Not set')
  })

  it('shows a nickname of markup as text', async () => {
    const wrapper = await show({ nickname: '<img src=x onerror=alert(1)>' })
    expect(wrapper.get('[data-testid=info-nickname] dd').text()).toBe('<img src=x onerror=alert(1)>')
    expect(wrapper.find('img').exists()).toBe(false)
  })

  it('changes the nickname', async () => {
    const wrapper = await show({ nickname: 'Neo' })
    const changed = vi.spyOn(useSession().api, 'changeNickname').mockResolvedValue({ ...me, nickname: 'Trinity' } as never)
    await rename(wrapper, 'Trinity')
    expect(changed).toHaveBeenCalledWith('Trinity')
    expect(useSession().me?.nickname).toBe('Trinity')
    expect(wrapper.find('form').exists()).toBe(false)
  })

  it('keeps what was typed when it is refused, and says why', async () => {
    const wrapper = await show()
    vi.spyOn(useSession().api, 'changeNickname').mockRejectedValue(new ApiFault({ status: 422, code: 'identity.nickname_invalid', message: 'This nickname cannot be used.' }))
    await rename(wrapper, '\u202Eevil')
    expect(wrapper.get('[role=alert]').text()).toContain('This nickname cannot be used.')
    expect((wrapper.get('input').element as HTMLInputElement).value).toBe('\u202Eevil')
  })
})
