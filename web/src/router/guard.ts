import type { RouteLocationNormalized, RouteLocationRaw } from 'vue-router'
import { safeRedirect } from '@/lib/safeRedirect'
import { useSession } from '@/stores/session'

/** Sends strangers to the sign-in page, remembering where they wanted to go, and the signed-in past the entrances. */
export async function guard(to: RouteLocationNormalized): Promise<true | RouteLocationRaw> {
  const session = useSession()
  if (to.meta.access === 'user' && !session.signedIn) {
    // The hint of an earlier visit may be lost while the cookie is not: ask before sending anyone away.
    await session.restore(true).catch(() => {})
    if (!session.signedIn) {
      return {
        name: 'login',
        query: to.fullPath === '/'
          ? {}
          : { redirect: to.fullPath },
      }
    }
  }
  if (to.meta.access === 'guest' && session.signedIn)
    return safeRedirect(to.query.redirect)
  return true
}
