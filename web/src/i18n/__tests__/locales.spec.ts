import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

const source = join(dirname(fileURLToPath(import.meta.url)), '../..')

type Messages = Record<string, unknown>

function load(locale: string): Map<string, string> {
  const folder = join(source, 'i18n/locales', locale)
  const flat = new Map<string, string>()
  for (const file of readdirSync(folder).filter(name => name.endsWith('.json')))
    flatten(JSON.parse(readFileSync(join(folder, file), 'utf8')) as Messages, file.replace('.json', ''), flat)
  return flat
}

function flatten(messages: Messages, prefix: string, into: Map<string, string>): void {
  for (const [key, value] of Object.entries(messages)) {
    if (typeof value === 'string')
      into.set(`${prefix}.${key}`, value)
    else
      flatten(value as Messages, `${prefix}.${key}`, into)
  }
}

const chinese = load('zh-CN')
const english = load('en')
const code = readdirSync(source, { recursive: true, encoding: 'utf8' })
  .filter(name => /\.(?:vue|ts)$/.test(name) && !name.includes('__tests__') && !name.includes('locales'))
  .map(name => readFileSync(join(source, name), 'utf8'))
  .join('\n')

describe('messages', () => {
  it('are the same set in both languages', () => {
    expect([
      ...english.keys(),
    ].filter(key => !chinese.has(key))).toEqual([])
    // What the server says of its own errors is English already.
    expect([
      ...chinese.keys(),
    ].filter(key => !english.has(key) && !key.startsWith('errors.'))).toEqual([])
  })

  it('name only errors that the server declares', () => {
    const document = readFileSync(join(source, '../../docs/errors.md'), 'utf8')
    const declared = new Set([
      ...document.matchAll(/^\| `([a-z_]+\.[a-z_]+)` /gm),
    ].map(match => match[1]!.replace('.', '_')))
    expect(declared.size).toBeGreaterThan(50)
    const named = [
      ...chinese.keys(),
    ].filter(key => /^errors\.codes\.(?:access|gateway|testuser|token)_/.test(key)).map(key => key.split('.')[2]!)
    expect(named.length).toBeGreaterThan(30)
    expect(named.filter(code => !declared.has(code))).toEqual([])
  })

  it('take the same parameters in both languages', () => {
    const parameters = (text = '') => [
      ...text.matchAll(/\{(\w+)\}/g),
    ].map(match => match[1]).sort()
    for (const [key, text] of english) {
      expect([
        key,
        parameters(chinese.get(key)),
      ]).toEqual([
        key,
        parameters(text),
      ])
    }
  })

  it('are written in their language', () => {
    const mixed = [...chinese].filter(([key, text]) => text && !/\p{Script=Han}/u.test(text) && !key.includes('codes'))
    expect(mixed).toEqual([])
    expect([...english].filter(([, text]) => /\p{Script=Han}/u.test(text))).toEqual([])
  })

  it('are there for every key that the code names', () => {
    const named = [
      ...code.matchAll(/['"`]((?:admin|common|auth|home|ai|docs|errors|thirdparty|profile|security)(?:\.\w+)+)['"`]/g),
    ].map(match => match[1]!)
    expect(named.length).toBeGreaterThan(100)
    const prefixes = [
      ...english.keys(),
    ]
    const missing = named.filter(key => !english.has(key) && !prefixes.some(known => known.startsWith(`${key}.`)))
    expect(missing).toEqual([])
  })

  it('have no entry that nothing uses', () => {
    // Keys made at run time (`ai.states.${state}`) are known by what stands before the variable.
    const made = [
      ...code.matchAll(/`((?:admin|common|auth|home|ai|docs|errors|thirdparty|profile|security)\.[\w.]*)\$\{/g),
    ].map(match => match[1]!)
    const unused = [
      ...english.keys(),
    ].filter(key => !code.includes(key) && !made.some(prefix => key.startsWith(prefix)) && !key.startsWith('errors.'))
    expect(unused).toEqual([])
  })
})
