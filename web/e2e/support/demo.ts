import { Buffer } from 'node:buffer'
import { readFileSync } from 'node:fs'
import process from 'node:process'

interface Demo {
  url: string
  anon_key: string
  service_role_key: string
  admin: { email: string, password: string }
  simulators: { mail: string } & Record<string, string>
}

const file = process.env.DEMO_JSON ?? process.env.TESSERA_DEMO_JSON
if (!file)
  throw new Error('DEMO_JSON is not set: it names the demo.json of the running demo server')

/** What the demo server wrote for scripts. */
export const demo = JSON.parse(readFileSync(file, 'utf8')) as Demo

/** An address that no other test uses. */
export function newAddress(): string {
  return `visitor-${Date.now().toString(36)}-${Math.random().toString(36).slice(2, 8)}@example.com`
}

interface Mail { to: string, raw: string }

/** The newest mail to an address, with quoted-printable undone; waits for it. `beyond` skips mails known before. */
export async function newestMail(to: string, beyond = 0): Promise<string> {
  for (let attempt = 0; attempt < 50; attempt += 1) {
    const answer = await fetch(`${demo.simulators.mail.replace(/\/$/, '')}/?to=${encodeURIComponent(to)}`, {
      headers: { Accept: 'application/json' },
    })
    const mails = await answer.json() as Mail[]
    if (mails.length > beyond)
      return decodeBody(mails[0]!.raw)
    await new Promise(resolve => setTimeout(resolve, 200))
  }
  throw new Error(`no mail for ${to}`)
}

function decodeBody(raw: string): string {
  const plain = raw.replace(/=\r?\n/g, '').replace(/=([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
  // Parts in base64 hold the same text once more.
  const parts = raw.match(/^[a-z0-9+/]{60,}={0,2}$/gim) ?? []
  return `${plain}\n${Buffer.from(parts.join(''), 'base64').toString('utf8')}`
}

/** The link of a mail to the app's confirmation page. */
export function linkIn(mail: string): string {
  const link = /https?:\/\/\S+\/auth\/confirm\?[^\s"'<>]+/.exec(mail)?.[0]
  if (!link)
    throw new Error(`no link in the mail:\n${mail}`)
  return link.replaceAll('&amp;', '&')
}

/** The six-digit code of a mail, which stands on a line of its own. */
export function codeIn(mail: string): string {
  const code = /^\s*(\d{6})\s*$/m.exec(mail)?.[1]
  if (!code)
    throw new Error(`no code in the mail:\n${mail}`)
  return code
}
