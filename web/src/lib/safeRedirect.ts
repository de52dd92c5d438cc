// Where to go after signing in may be named by a link, and a link may come from anyone. Only a route of this app is taken.

// Control characters, white space and backslashes: browsers drop or turn them before they read the address.
// eslint-disable-next-line no-control-regex
const treacherous = /[\u0000-\u0020\u007F-\u00A0\u2028\u2029\\]/
const encodedSeparator = /^\/(?:%2f|%5c|%09|%0a|%0d)/i
// Not pages: the server answers these itself.
const serverPaths = /^\/(?:api|auth\/v1|v1|assets|healthz|readyz|metrics)(?:\/|$)/
// Coming back to these after signing in would be a loop.
const entrances = /^\/(?:login|register|auth\/(?:callback|confirm|check-inbox|forgot-password))\/?$/

/**
 * The path, query and fragment of `target` when it is a normalised route of this origin, else `fallback`.
 * Absolute addresses, scheme-relative ones, back-slashed or control-character spellings and server paths are all refused.
 */
export function safeRedirect(target: unknown, fallback = '/'): string {
  if (typeof target !== 'string' || !target.startsWith('/') || target.length > 2048)
    return fallback
  if (target.startsWith('//') || treacherous.test(target) || encodedSeparator.test(target))
    return fallback
  const url = parse(target)
  if (!url || url.origin !== location.origin || url.username || url.password)
    return fallback
  // "/./" and "/../" may leave a path that starts with two slashes, which is another host again.
  if (url.pathname.startsWith('//') || serverPaths.test(url.pathname) || entrances.test(url.pathname))
    return fallback
  return url.pathname + url.search + url.hash
}

function parse(target: string): URL | null {
  try {
    return new URL(target, location.origin)
  }
  catch {
    return null
  }
}
