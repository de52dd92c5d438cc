import { onBeforeUnmount, onMounted } from 'vue'
import { asFault } from '@/api/fault'
import { passkeysApi } from '@/api/passkeys'
import { useAction } from '@/lib/useAction'
import { usePublicConfig } from '@/stores/publicConfig'
import { useSession } from '@/stores/session'
import { abortCeremony, browserSupportsWebAuthn, browserSupportsWebAuthnAutofill, getCredential } from './webauthn'

/** Signing in with a passkey: by a press, and from the suggestions of the address field. */
export function usePasskeySignIn() {
  const session = useSession()
  const { config } = usePublicConfig()
  const isOffered = config.mode === 'embedded' && config.passkeys_enabled && browserSupportsWebAuthn()
  const api = passkeysApi(config.anon_key, session.accessToken)
  let gone = false

  async function enter(autofill: boolean): Promise<void> {
    const asked = await api.askSignIn()
    if (gone)
      return
    const credential = await getCredential(asked.options, autofill)
    const grant = await api.signIn(asked.challenge_id, credential)
    await session.enter({ accessToken: grant.access_token, expiresAt: grant.expires_at })
  }

  const signIn = useAction(() => enter(false))

  // Nobody asked for it, so nothing that goes wrong is shown, but for the refusal of a passkey that was chosen.
  async function waitInSuggestions(): Promise<void> {
    try {
      await enter(true)
    }
    catch (error) {
      const fault = asFault(error)
      if (fault.status >= 400 && !gone)
        signIn.fault.value = fault
    }
  }

  onMounted(async () => {
    if (isOffered && await browserSupportsWebAuthnAutofill() && !gone)
      void waitInSuggestions()
  })
  onBeforeUnmount(() => {
    gone = true
    abortCeremony()
  })

  return { isOffered, signIn }
}
