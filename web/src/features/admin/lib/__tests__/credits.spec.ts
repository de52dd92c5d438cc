import { describe, expect, it } from 'vitest'
import { countOf, creditsOf, maxMicros, microsOf } from '../credits'

describe('credits', () => {
  it('are read exactly', () => {
    expect([
      '0',
      '1',
      '12.5',
      '0.000001',
      ' 7.10 ',
      '9007199254.740991',
    ].map(microsOf)).toEqual([
      0,
      1_000_000,
      12_500_000,
      1,
      7_100_000,
      maxMicros,
    ])
  })

  it('are refused where they are none', () => {
    for (const text of [
      '',
      ' ',
      '-1',
      '+1',
      '1e3',
      '1,5',
      '.5',
      '1.',
      '0.0000001',
      '9007199254.740992',
      '99999999999999',
      'abc',
      '１',
      '1 2',
      'NaN',
    ])
      expect(microsOf(text), text).toBeNull()
  })

  it('come back as they were written', () => {
    for (const micros of [
      0,
      1,
      999_999,
      1_000_000,
      12_500_000,
      100_000,
      123_456_789,
      maxMicros,
    ]) {
      expect(microsOf(creditsOf(micros))).toBe(micros)
      expect(creditsOf(micros)).not.toMatch(/\.$|\.\d*0$/)
    }
    // Sums that floating-point numbers get wrong.
    expect(creditsOf(microsOf('0.1')! + microsOf('0.2')!)).toBe('0.3')
  })

  it('go with whole numbers up to a most', () => {
    expect([
      countOf('0', 5),
      countOf('5', 5),
      countOf('6', 5),
      countOf('1.5', 5),
      countOf('', 5),
      countOf('-1', 5),
    ]).toEqual([0, 5, null, null, null, null])
  })
})
