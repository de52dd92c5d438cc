/** One HTTP call to be written as a curl command. A secret is named by a shell variable unless it is to be shown. */
export interface CurlCall {
  method?: 'GET' | 'POST'
  url: string
  headers?: Record<string, string>
  body?: unknown
  /** Streams: curl must not buffer. */
  stream?: boolean
  /** Secret values in url, headers or body, each by the shell variable that stands for it. */
  secrets?: Record<string, string>
}

/** The command, on several lines, for a POSIX shell. With `reveal` the secrets themselves are written out. */
export function curlCommand(call: CurlCall, reveal = false): string {
  const method = call.method ?? (call.body === undefined
    ? 'GET'
    : 'POST')
  const parts = [`curl${call.stream ? ' -N' : ' -sS'}${method === 'GET'
    ? ''
    : ` -X ${method}`} ${quote(call.url)}`]
  const headers = {
    ...call.headers,
    ...(call.body === undefined
      ? {}
      : { 'Content-Type': 'application/json' }),
  }
  for (const [name, value] of Object.entries(headers))
    parts.push(`-H ${quote(`${name}: ${value}`)}`)
  if (call.body !== undefined)
    parts.push(`--data ${quote(JSON.stringify(call.body))}`)
  const command = parts.join(' \\\n  ')
  return reveal
    ? command
    : hide(command, call.secrets ?? {})
}

function quote(text: string): string {
  return `'${text.replaceAll('\'', `'\\''`)}'`
}

// Each secret sits inside single quotes; close them, name the variable, open them again.
function hide(command: string, secrets: Record<string, string>): string {
  let hidden = command
  for (const [variable, secret] of Object.entries(secrets)) {
    if (secret)
      hidden = hidden.replaceAll(quote(secret).slice(1, -1), `'"$${variable}"'`)
  }
  return hidden
}
