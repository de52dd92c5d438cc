// A browser without scripts: it keeps cookies, follows redirects by hand and
// decides on the provider simulator's consent page.
export function browser() {
  const jar = new Map()

  async function go(url, init = {}) {
    const host = new URL(url).host
    const kept = [...(jar.get(host) ?? new Map())].map(([name, value]) => `${name}=${value}`).join('; ')
    const answer = await fetch(url, { redirect: 'manual', ...init, headers: { ...(kept && { Cookie: kept }), ...init.headers } })
    for (const line of answer.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(line)
      jar.set(host, (jar.get(host) ?? new Map()).set(name, value))
    }
    const location = answer.headers.get('location')
    return { status: answer.status, location: location && new URL(location, url).href, body: await answer.text() }
  }

  // visit goes to a provider as somebody, and returns where the callback leads.
  async function visit(authorizeURL, id) {
    const consent = (await go(authorizeURL)).location
    const form = new URLSearchParams({ decision: 'allow', fault: '', person: 'else', id, username: `user${id}`, nickname: 'Trinity', avatar: 'on' })
    const back = await go(consent, { method: 'POST', body: form, headers: { 'Content-Type': 'application/x-www-form-urlencoded' } })
    return (await go(back.location)).location
  }

  return { go, visit }
}

export const someone = () => String(Math.floor(Math.random() * 1e12) + 1e6)
