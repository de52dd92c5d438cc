import { execFileSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { curlCommand } from '../curl'

const call = {
  url: 'http://127.0.0.1:8080/api/v1/messages?x=1',
  headers: { 'Authorization': 'Bearer eyJ.a.b', 'X-Request-Id': 'r1' },
  body: { text: 'It\'s "quoted" $HOME `id` 你好\n' },
  secrets: { TOKEN: 'eyJ.a.b' },
}

/** The arguments that a shell makes of the command. */
function argumentsOf(command: string, environment: Record<string, string> = {}): string[] {
  const script = `curl() { for word in "$@"; do printf '%s\\0' "$word"; done; }\n${command}`
  return execFileSync('sh', ['-c', script], { env: environment }).toString().split('\0').slice(0, -1)
}

describe('curlCommand', () => {
  const expected = [
    '-sS',
    '-X',
    'POST',
    call.url,
    '-H',
    'Authorization: Bearer eyJ.a.b',
    '-H',
    'X-Request-Id: r1',
    '-H',
    'Content-Type: application/json',
    '--data',
    JSON.stringify(call.body),
  ]

  it('quotes for a shell', () => {
    expect(argumentsOf(curlCommand(call, true))).toEqual(expected)
  })

  it('names secrets by variables, and works once they are set', () => {
    const command = curlCommand(call)
    expect(command).not.toContain('eyJ.a.b')
    expect(command).toContain('"$TOKEN"')
    expect(argumentsOf(command, { TOKEN: 'eyJ.a.b' })).toEqual(expected)
  })

  it('hides a secret in the body, quotes and all', () => {
    const command = curlCommand({
      url: 'http://h/x',
      body: { password: 'it\'s' },
      secrets: { PASSWORD: 'it\'s' },
    })
    expect(command).not.toContain('it\'')
    expect(argumentsOf(command, { PASSWORD: 'it\'s' }).at(-1)).toBe('{"password":"it\'s"}')
  })

  it('does not buffer a stream', () => {
    expect(argumentsOf(curlCommand({ url: 'http://h/events', stream: true }))).toEqual(['-N', 'http://h/events'])
  })
})
