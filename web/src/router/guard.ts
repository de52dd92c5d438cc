import type { RouteLocationNormalized, RouteLocationRaw } from 'vue-router'
import { safeRedirect } from '@/lib/safeRedirect'
import { useSession } from '@/stores/session'

/** Sends strangers to the sign-in page, remembering where they wanted to go, and the signed-in past the entrances. */
export async function guard(to: RouteLocationNormalized): Promise<true | RouteLocationRaw> {
  const session = useSession()
  const needsSession = to.meta.access === 'user' || to.meta.access === 'admin'
  if (needsSession && !session.signedIn) {
    // The hint of an earlier visit may be lost while the cookie is not: ask before sending anyone away.
    if (!session.halfway)
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
  // Others learn nothing of what is there, not even that it is; the server refuses them anyway.
  if (to.meta.access === 'admin' && !session.me?.is_admin) {
    return {
      name: 'not-found',
      params: {
        pathMatch: to.path.slice(1).split('/'),
      },
    }
  }
  if (to.meta.access === 'guest' && session.signedIn)
    return safeRedirect(to.query.redirect)
  return true
}
