/**
 * Puts a reply together from its deltas. `seq` counts from 1 without gaps, and the reply is the concatenation by `seq`
 * and nothing else: a repeated delta (after a reconnect) is dropped, one that runs ahead waits for those before it.
 */
export class ReplyAssembler {
  #text = ''
  #next = 1
  #early = new Map<number, string>()

  /** Takes one delta; false when it was seen before. */
  accept(seq: number, delta: string): boolean {
    if (!Number.isInteger(seq) || seq < this.#next || this.#early.has(seq))
      return false
    this.#early.set(seq, delta)
    for (let waiting = this.#early.get(this.#next); waiting !== undefined; waiting = this.#early.get(this.#next)) {
      this.#text += waiting
      this.#early.delete(this.#next)
      this.#next += 1
    }
    return true
  }

  get text(): string {
    return this.#text
  }

  /** How many deltas are part of the text. */
  get count(): number {
    return this.#next - 1
  }

  /** True while a delta is missing before one that has come. */
  get hasGap(): boolean {
    return this.#early.size > 0
  }
}
