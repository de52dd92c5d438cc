import { describe, expect, it } from 'vitest'
import { mountPage } from '@/testing/mountPage'
import JsonTree from '../JsonTree.vue'

describe('jsonTree', () => {
  it('shows every value of a token\'s claims, and moments as dates', async () => {
    const value = {
      sub: 'u1',
      exp: 1_900_000_000,
      aal: null,
      roles: ['a', 'b'],
      app_metadata: { provider: 'email', empty: {} },
      is_anonymous: false,
    }
    const { wrapper } = await mountPage(JsonTree, {
      props: { root: true, value },
    })
    const text = wrapper.text()
    for (const part of [
      'sub: "u1"',
      '1900000000',
      '2030',
      'aal: null',
      '"a"',
      '"b"',
      'provider: "email"',
      'empty: {}',
      'is_anonymous: false',
    ])
      expect(text.replace(/\s+/g, ' ')).toContain(part)
  })

  it('never makes markup of a value', async () => {
    const { wrapper } = await mountPage(JsonTree, {
      props: {
        root: true,
        value: { name: '<img src=x onerror=alert(1)>' },
      },
    })
    expect(wrapper.find('img').exists()).toBe(false)
  })
})
