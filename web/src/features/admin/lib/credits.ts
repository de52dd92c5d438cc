// Credits are whole millionths, on the wire as in the books. People write them as decimals; nothing here goes through a
// floating-point number on the way.

/** The largest amount that the server takes, and that a JavaScript number holds exactly. */
export const maxMicros = Number.MAX_SAFE_INTEGER

/** Reads "12.5" as 12500000; null for what is no amount: signs, letters, more than six decimals, too much. */
export function microsOf(text: string): number | null {
  const parts = /^(\d{1,13})(?:\.(\d{1,6}))?$/.exec(text.trim())
  if (!parts)
    return null
  const micros = BigInt(parts[1]!) * 1_000_000n + BigInt((parts[2] ?? '').padEnd(6, '0') || '0')
  return micros <= BigInt(maxMicros)
    ? Number(micros)
    : null
}

/** Writes 12500000 as "12.5". */
export function creditsOf(micros: number): string {
  const digits = BigInt(micros).toString().padStart(7, '0')
  const decimals = digits.slice(-6).replace(/0+$/, '')
  return decimals
    ? `${digits.slice(0, -6)}.${decimals}`
    : digits.slice(0, -6)
}

/** Reads a whole number from 0 to most; null for all else. */
export function countOf(text: string, most: number): number | null {
  if (!/^\d{1,9}$/.test(text.trim()))
    return null
  const count = Number(text)
  return count <= most
    ? count
    : null
}
