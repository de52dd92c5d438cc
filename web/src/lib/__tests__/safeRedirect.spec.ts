import { describe, expect, it } from 'vitest'
import { safeRedirect } from '../safeRedirect'

const taken = [
  ['/', '/'],
  ['/ai/jwt', '/ai/jwt'],
  ['/ai/jwt?model=a&x=%20', '/ai/jwt?model=a&x=%20'],
  ['/docs/api#create-message', '/docs/api#create-message'],
  ['/auth/reset-password', '/auth/reset-password'],
  ['/a/../ai/jwt', '/ai/jwt'],
  ['/./docs/api', '/docs/api'],
  ['/loginfo', '/loginfo'],
  ['/?next=https://evil.example', '/?next=https://evil.example'],
]

const refused = [
  '',
  'ai/jwt',
  'https://evil.example',
  'HTTPS://evil.example/',
  'http:evil.example',
  'http:/evil.example',
  '//evil.example',
  '///evil.example',
  '////evil.example',
  '/\\evil.example',
  '\\/evil.example',
  '\\\\evil.example',
  '/\\/evil.example',
  '/%2fevil.example',
  '/%2F%2Fevil.example',
  '/%5cevil.example',
  '/%5C%5Cevil.example',
  '/%09/evil.example',
  '/%0d%0aevil.example',
  '/\t/evil.example',
  '/\n/evil.example',
  '/\r\n/evil.example',
  '\t//evil.example',
  ' //evil.example',
  '/ /evil.example',
  '/\u0000/evil.example',
  '/\u00A0/evil.example',
  '/\u2028/evil.example',
  '/.//evil.example',
  '/..//evil.example',
  '/a/..//evil.example',
  '/a/../..//evil.example',
  'javascript:alert(1)',
  'JaVaScRiPt:alert(1)',
  'data:text/html,x',
  'blob:http://localhost/x',
  'vbscript:x',
  'file:///etc/passwd',
  '@evil.example',
  '/@evil.example\\',
  '?next=/',
  '#/',
  '.',
  '..',
  './ai/jwt',
  '../ai/jwt',
  '/login',
  '/login/',
  '/login?redirect=/login',
  '/register',
  '/auth/confirm?token_hash=x',
  '/auth/callback?code=x',
  '/auth/check-inbox',
  '/auth/forgot-password',
  '/api/v1/me',
  '/api',
  '/auth/v1/logout',
  '/auth/v1',
  '/v1/models',
  '/assets/x.js',
  '/metrics',
  '/healthz',
  '/readyz',
  `/${'a'.repeat(3000)}`,
]

describe('safeRedirect', () => {
  it.each(taken)('takes %j as %j', (target, expected) => {
    expect(safeRedirect(target)).toBe(expected)
  })

  it.each(refused)('refuses %j', (target) => {
    expect(safeRedirect(target, '/fallback')).toBe('/fallback')
  })

  it.each([
    undefined,
    null,
    7,
    ['/ai/jwt'],
    {
      toString: () => '/ai/jwt',
    },
  ])('refuses what is not a string: %o', (target) => {
    expect(safeRedirect(target)).toBe('/')
  })

  it('leaves nothing that a browser would take to another origin', () => {
    for (const target of [
      ...refused,
      ...taken.map(([from]) => from),
    ])
      expect(new URL(safeRedirect(target), location.origin).origin).toBe(location.origin)
  })
})
