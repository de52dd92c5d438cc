import type { Outset, SignInSource } from './api'
import { computed } from 'vue'
import { useAccessGate } from '@/features/security/lib/useAccessGate'
import { device } from '@/lib/deviceStorage'
import { useAction } from '@/lib/useAction'
import { usePublicConfig } from '@/stores/publicConfig'
import { useSession } from '@/stores/session'
import { channelOf, thirdPartyApi } from './api'

const lastUsedKey = 'tessera.last-source'

/** Which source this browser signed in with last: a name, and nothing of the account. */
export const lastSource = () => device.get(lastUsedKey)
export const rememberSource = (name: string) => device.set(lastUsedKey, name)

/** The providers that the server offers for signing in; none where a Supabase project does the signing in. */
export function useSources() {
  const config = usePublicConfig()
  const sources = computed<SignInSource[]>(() => config.config.mode === 'embedded'
    ? config.config.sources ?? []
    : [])
  const find = (name: string) => sources.value.find(source => source.name === name)
  const nameOf = (name: string) => find(name)?.display_name || name
  return { sources, find, nameOf }
}

/** Sets out for a provider. The page is left on success, so the action stays under way. */
export function useOutset() {
  const session = useSession()
  const gate = useAccessGate()
  return useAction(async (source: SignInSource, redirectTo: string, bind: boolean) => {
    const outset: Outset = {
      provider: source.name,
      channel: channelOf(source.type),
      redirect_to: redirectTo,
    }
    const { url } = bind
      ? await gate.confirmed(async () => thirdPartyApi.startBind(outset, await session.accessToken()))
      : await thirdPartyApi.start(outset)
    if (!bind) {
      rememberSource(source.name)
      session.expectReturn()
    }
    location.assign(url)
    await new Promise<void>(resolve => setTimeout(resolve, 5000))
  })
}
