import type { Account } from './accountApi'
import type { Binding } from '@/api/types'
import { shallowRef } from 'vue'
import { useAction } from '@/lib/useAction'
import { usePublicConfig } from '@/stores/publicConfig'
import { useSession } from '@/stores/session'
import { accountApi } from './accountApi'

export function useAccountApi() {
  const session = useSession()
  return accountApi(usePublicConfig().config.anon_key, session.accessToken)
}

/** The signed-in account: what it is bound to, and its factors. */
export function useAccount() {
  const api = useAccountApi()
  const session = useSession()
  const account = shallowRef<Account | null>(null)
  const bindings = shallowRef<Binding[]>([])
  const load = useAction(async () => {
    [account.value, bindings.value] = await Promise.all([
      api.account(),
      session.api.bindings(),
    ])
  })
  return { account, bindings, load }
}
