import { describe, expect, it } from 'vitest'
import { ReplyAssembler } from '../replyAssembler'

function assembled(deltas: [number, string][]): ReplyAssembler {
  const assembler = new ReplyAssembler()
  for (const [seq, delta] of deltas)
    assembler.accept(seq, delta)
  return assembler
}

describe('replyAssembler', () => {
  it('concatenates by seq', () => {
    expect(assembled([
      [1, '你'],
      [2, '好'],
      [3, '!'],
    ]).text).toBe('你好!')
  })

  it('drops what was seen before', () => {
    const assembler = assembled([
      [1, 'a'],
      [2, 'b'],
    ])
    expect(assembler.accept(2, 'b')).toBe(false)
    expect(assembler.accept(1, 'x')).toBe(false)
    expect(assembler.text).toBe('ab')
    expect(assembler.count).toBe(2)
  })

  it('holds what runs ahead until the gap is filled', () => {
    const assembler = assembled([
      [1, 'a'],
      [3, 'c'],
      [4, 'd'],
    ])
    expect(assembler.text).toBe('a')
    expect(assembler.hasGap).toBe(true)
    expect(assembler.accept(3, 'C')).toBe(false)
    expect(assembler.accept(2, 'b')).toBe(true)
    expect(assembler.text).toBe('abcd')
    expect(assembler.hasGap).toBe(false)
  })

  it.each([0, -1, 1.5, Number.NaN])('takes no delta numbered %d', (seq) => {
    expect(new ReplyAssembler().accept(seq, 'x')).toBe(false)
  })
})
