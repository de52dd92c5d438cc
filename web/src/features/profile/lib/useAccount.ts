import type { Account } from './accountApi'
import { shallowRef } from 'vue'
import { useAction } from '@/lib/useAction'
import { usePublicConfig } from '@/stores/publicConfig'
import { useSession } from '@/stores/session'
import { accountApi } from './accountApi'

export function useAccountApi() {
  const session = useSession()
  return accountApi(usePublicConfig().config.anon_key, session.accessToken)
}

/** The signed-in account with its identities and factors. */
export function useAccount() {
  const api = useAccountApi()
  const account = shallowRef<Account | null>(null)
  const load = useAction(async () => {
    account.value = await api.account()
  })
  return { account, load }
}
