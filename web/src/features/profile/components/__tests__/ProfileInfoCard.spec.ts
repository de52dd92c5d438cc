import { describe, expect, it } from 'vitest'
import { mountPage } from '@/testing/mountPage'
import ProfileInfoCard from '../ProfileInfoCard.vue'

const me = { nickname: '', email: '', avatar_url: '' }

async function facts(more: Partial<typeof me>) {
  const { wrapper } = await mountPage(ProfileInfoCard, {
    props: {
      me: {
        ...me,
        ...more,
      },
    },
  })
  return (name: string) => wrapper.get(`[data-testid=info-${name}] dd`).text()
}

describe('profileInfoCard', () => {
  it('shows what the account has', async () => {
    const fact = await facts({ nickname: 'Neo', email: 'neo@example.com', avatar_url: 'https://pictures.example/neo.png' })
    expect([
      fact('nickname'),
      fact('email'),
      fact('avatar'),
    ]).toEqual(['Neo', 'neo@example.com', 'A picture at pictures.example'])
  })

  it('says of the rest that it is not set', async () => {
    const fact = await facts({ nickname: 'Neo' })
    expect([
      fact('nickname'),
      fact('email'),
      fact('avatar'),
    ]).toEqual(['Neo', 'Not set', 'Not set'])
  })
})
