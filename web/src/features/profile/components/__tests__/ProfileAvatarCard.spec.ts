import { flushPromises } from '@vue/test-utils'
import { describe, expect, it, vi } from 'vitest'
import { ApiFault } from '@/api/fault'
import { useSession } from '@/stores/session'
import { mountPage } from '@/testing/mountPage'
import ProfileAvatarCard from '../ProfileAvatarCard.vue'

const adopted = '/avatars/9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08'
const me = { nickname: 'Neo', email: '', avatar_url: adopted }

async function show(more: Partial<typeof me> = {}) {
  const { wrapper } = await mountPage(ProfileAvatarCard, {
    props: {
      me: {
        ...me,
        ...more,
      },
    },
  })
  const session = useSession()
  // The card shows what the session says, as the page hands it down.
  session.$subscribe(() => void wrapper.setProps({ me: session.me }), { flush: 'sync' })
  return {
    wrapper,
    session,
    current: () => wrapper.get('[data-testid=avatar-current]'),
  }
}

describe('profileAvatarCard', () => {
  it('shows the picture of our own origin, or the first letter', async () => {
    expect((await show()).current().attributes('src')).toBe(adopted)
    expect((await show({ avatar_url: '' })).current().text()).toBe('N')
  })

  it('deletes a picture that a provider had given, and nothing comes back', async () => {
    const { wrapper, session, current } = await show()
    const removed = vi.spyOn(session.api, 'removeAvatar').mockResolvedValue({ ...me, avatar_url: '' } as never)
    const set = vi.spyOn(session.api, 'setAvatar')
    await wrapper.get('[data-testid=avatar-remove]').trigger('click')
    await flushPromises()
    expect(removed).toHaveBeenCalledOnce()
    expect(set).not.toHaveBeenCalled()
    expect(current().text()).toBe('N')
    expect(wrapper.find('[data-testid=avatar-remove]').exists()).toBe(false)
  })

  it('has the server fetch an address, and never loads it itself', async () => {
    const { wrapper, session, current } = await show({ avatar_url: '' })
    const set = vi.spyOn(session.api, 'setAvatar').mockResolvedValue(me as never)
    await wrapper.get('[data-testid=avatar-by-address]').trigger('click')
    await wrapper.get('input[type=url]').setValue(' https://pictures.example/neo.png ')
    expect(wrapper.html()).not.toContain('src="https://')
    await wrapper.get('form').trigger('submit')
    await flushPromises()
    expect(set).toHaveBeenCalledWith({ url: 'https://pictures.example/neo.png' })
    expect(current().attributes('src')).toBe(adopted)
    expect(wrapper.find('form').exists()).toBe(false)
  })

  it('says why an address is refused, and keeps it', async () => {
    const { wrapper, session } = await show()
    vi.spyOn(session.api, 'setAvatar').mockRejectedValue(new ApiFault({ status: 422, code: 'picture.address_refused', message: 'Pictures are not fetched from this address.' }))
    await wrapper.get('[data-testid=avatar-by-address]').trigger('click')
    await wrapper.get('input[type=url]').setValue('http://127.0.0.1/')
    await wrapper.get('form').trigger('submit')
    await flushPromises()
    expect(wrapper.get('[role=alert]').text()).toContain('not fetched from this address')
    expect((wrapper.get('input[type=url]').element as HTMLInputElement).value).toBe('http://127.0.0.1/')
  })
})
