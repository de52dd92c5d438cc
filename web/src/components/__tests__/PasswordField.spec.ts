import { describe, expect, it } from 'vitest'
import { mountPage } from '@/testing/mountPage'
import PasswordField from '../PasswordField.vue'

describe('passwordField', () => {
  it('shows and hides what was typed, and says which', async () => {
    const { wrapper } = await mountPage(PasswordField, {
      props: { modelValue: 'secret', autocomplete: 'current-password' },
    })
    const input = wrapper.get('input')
    expect(input.attributes()).toMatchObject({ type: 'password', autocomplete: 'current-password' })
    const toggle = wrapper.get('button')
    expect(toggle.attributes()).toMatchObject({ 'type': 'button', 'aria-label': 'Show password', 'aria-pressed': 'false' })
    await toggle.trigger('click')
    expect(input.attributes('type')).toBe('text')
    expect(toggle.attributes()).toMatchObject({ 'aria-label': 'Hide password', 'aria-pressed': 'true' })
  })

  it('warns of caps lock until the field is left', async () => {
    const { wrapper } = await mountPage(PasswordField, {
      props: { modelValue: '', autocomplete: 'new-password' },
    })
    const input = wrapper.get('input')
    input.element.dispatchEvent(Object.assign(new KeyboardEvent('keydown'), {
      getModifierState: (key: string) => key === 'CapsLock',
    }))
    await wrapper.vm.$nextTick()
    expect(wrapper.get('[role=status]').text()).toBe('Caps Lock is on')
    await input.trigger('blur')
    expect(wrapper.find('[role=status]').exists()).toBe(false)
  })

  it('survives the bare key events of a password manager', async () => {
    const { wrapper } = await mountPage(PasswordField, {
      props: { modelValue: '', autocomplete: 'new-password' },
    })
    wrapper.get('input').element.dispatchEvent(new Event('keydown'))
    await wrapper.vm.$nextTick()
    expect(wrapper.find('[role=status]').exists()).toBe(false)
  })
})
