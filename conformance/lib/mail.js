// Reads the mails that a server sent, from its simulated inbox.

const patience = 10_000

// mails returns what an address got, newest first.
export async function mails(target, to) {
  const response = await fetch(`${target.mailURL}/?to=${encodeURIComponent(to)}`, { headers: { accept: 'application/json' } })
  return response.json()
}

// nthMail waits until an address has n mails and returns the newest, taken apart.
export async function nthMail(target, to, n = 1) {
  const deadline = Date.now() + patience
  for (;;) {
    const found = await mails(target, to)
    if (found.length >= n) return read(found[0].raw)
    if (Date.now() > deadline) throw new Error(`${found.length} of ${n} mails to ${to} after ${patience} ms`)
    await new Promise(resolve => setTimeout(resolve, 50))
  }
}

// read finds link and code in the plain text of a mail.
export function read(raw) {
  const [, head, rest] = /^([\s\S]*?)\r?\n\r?\n([\s\S]*)$/.exec(raw)
  const boundary = /boundary="?([^"\r\n;]+)"?/.exec(head)[1]
  const part = rest.split(`--${boundary}`).find(p => /content-type: text\/plain/i.test(p))
  const [, partHead, partBody] = /^\s*([\s\S]*?)\r?\n\r?\n([\s\S]*)$/.exec(part)
  const text = /quoted-printable/i.test(partHead) ? unquote(partBody) : partBody
  const link = /https?:\/\/\S+/.exec(text)?.[0]
  const url = link && new URL(link)
  return {
    text,
    link,
    code: /^\s*(\d{6})\s*$/m.exec(text)?.[1],
    tokenHash: url && (url.searchParams.get('token_hash') ?? url.searchParams.get('token')),
    subject: /^subject: (.*)$/im.exec(head)?.[1],
  }
}

function unquote(text) {
  const bytes = text.replace(/=\r?\n/g, '').replace(/=([0-9A-F]{2})/gi, (_, hex) => String.fromCharCode(parseInt(hex, 16)))
  return Buffer.from(bytes, 'latin1').toString('utf8')
}
