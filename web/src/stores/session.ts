import type { MailProof, SignOutScope } from '@/api/gotrue'
import type { Me } from '@/api/types'
import type { AuthGateway, SessionToken } from '@/features/auth/gateway/port'
import { defineStore } from 'pinia'
import { computed, ref, shallowRef } from 'vue'
import { adminApi } from '@/api/admin'
import { consoleApi } from '@/api/console'
import { ApiFault } from '@/api/fault'
import { sendRequest } from '@/api/http'
import { useAccessGate } from '@/features/security/lib/useAccessGate'
import { device } from '@/lib/deviceStorage'
import { singleFlight } from '@/lib/singleFlight'
import { sessionChannel } from './sessionChannel'

/** Renew when fewer than this many seconds are left. */
const renewAhead = 60
/** A hint, not a secret: without it a newcomer's first page would ask for a session that cannot be there. */
const hintKey = 'tessera.signed-in'

/**
 * The signed-in user of this browser. The access token is in memory only; what renews it is the gateway's business.
 * Tabs tell each other when someone signs in or out.
 */
export const useSession = defineStore('session', () => {
  const me = shallowRef<Me | null>(null)
  const token = shallowRef<SessionToken | null>(null)
  const endedElsewhere = ref(false)
  /** Signed in by the first factor; the account has a second one, which is still to be shown. */
  const halfway = ref(false)
  let gateway: AuthGateway | null = null
  let timer: ReturnType<typeof setTimeout> | undefined

  const signedIn = computed(() => me.value !== null)

  const channel = sessionChannel({
    onSignedIn: userId => void (userId === me.value?.id || restore(true).catch(() => {})),
    onSignedOut: () => {
      if (me.value) {
        endedElsewhere.value = true
        forget()
      }
    },
  })

  function port(): AuthGateway {
    if (!gateway)
      throw new Error('the session store is used before it is connected')
    return gateway
  }

  function hold(next: SessionToken): void {
    token.value = next
    clearTimeout(timer)
    const seconds = next.expiresAt - Date.now() / 1000 - renewAhead
    // A timer longer than 24 days fires at once; no access token lives that long, but a clock may be wrong.
    timer = setTimeout(() => void renew().catch(() => {}), Math.min(Math.max(seconds, 5) * 1000, 86_400_000))
  }

  function forget(): void {
    clearTimeout(timer)
    token.value = null
    me.value = null
    halfway.value = false
    device.set(hintKey, null)
  }

  const renew = singleFlight(async (): Promise<SessionToken | null> => {
    const next = await port().renew()
    if (next)
      hold(next)
    else if (me.value || halfway.value)
      end()
    return next
  })

  function end(): void {
    forget()
    endedElsewhere.value = true
    channel.tellSignedOut()
  }

  /** The access token, renewed first when it is about to expire; null when signed out. */
  async function accessToken(): Promise<string | null> {
    if (token.value && token.value.expiresAt - Date.now() / 1000 > 10)
      return token.value.accessToken
    return (await renew())?.accessToken ?? null
  }

  /** Sends a request with the user's token. A 401 is tried once more with a renewed one. */
  async function authorised(request: Request): Promise<Response> {
    const first = await accessToken()
    if (!first)
      throw new ApiFault({ status: 401, code: 'signed_out' })
    try {
      return await sendRequest(request, first)
    }
    catch (error) {
      if (!(error instanceof ApiFault) || error.status !== 401)
        throw error
      // Another call may have renewed it in the meantime.
      const current = token.value?.accessToken
      const second = current && current !== first
        ? current
        : (await renew())?.accessToken
      if (!second)
        throw new ApiFault({ status: 401, code: 'signed_out', requestId: error.requestId })
      return await sendRequest(request, second)
    }
  }

  const api = consoleApi(authorised)
  // Administrators decide over others' accounts: where the server wants a recent proof, it is asked for, and the call made again.
  const admin = adminApi(request => useAccessGate().confirmed(() => authorised(request)))

  /** Shows who is signed in, or that the second factor is still to be shown. */
  async function welcome(who: () => Promise<Me>): Promise<void> {
    try {
      me.value = await who()
      halfway.value = false
    }
    catch (error) {
      if (!(error instanceof ApiFault) || error.code !== 'access.second_factor_needed')
        throw error
      halfway.value = true
    }
    endedElsewhere.value = false
    device.set(hintKey, '1')
  }

  async function enter(next: SessionToken): Promise<void> {
    hold(next)
    try {
      await welcome(api.syncUser)
    }
    catch (error) {
      forget()
      throw error
    }
    if (me.value)
      channel.tellSignedIn(me.value.id)
  }

  /** Takes a code of the authenticator app, or a recovery code: the session goes on, now let in everywhere. */
  async function showSecondFactor(code: string): Promise<void> {
    const raised = await api.showSecondFactor(code)
    await enter({
      accessToken: raised.access_token,
      expiresAt: Math.floor(Date.parse(raised.expires_at) / 1000),
    })
  }

  /** Picks up the session that this browser has. `insist` asks even where no earlier visit left a hint. */
  async function restore(insist = false): Promise<void> {
    if (!insist && device.get(hintKey) === null)
      return
    const next = await renew()
    if (!next) {
      device.set(hintKey, null)
      return
    }
    await welcome(api.me)
  }

  async function signUp(email: string, password: string, next: string): Promise<boolean> {
    const session = await port().signUp(email, password, next)
    if (session)
      await enter(session)
    return session !== null
  }

  /** False when another mail is still to be followed. */
  async function verify(proof: MailProof): Promise<boolean> {
    const next = await port().verify(proof)
    if (next)
      await enter(next)
    return next !== null
  }

  async function signOut(scope: SignOutScope): Promise<void> {
    const current = await accessToken()
    // Already gone on the server's side: nothing left to end there.
    if (current && token.value)
      await port().signOut(token.value, scope)
    if (scope !== 'others') {
      forget()
      channel.tellSignedOut()
    }
  }

  async function setPassword(password: string): Promise<void> {
    await accessToken()
    if (!token.value)
      throw new ApiFault({ status: 401, code: 'signed_out' })
    await port().setPassword(token.value, password)
  }

  return {
    me,
    signedIn,
    halfway,
    endedElsewhere,
    api,
    /** The calls of administrators; the server refuses them to others. */
    admin,
    connect: (to: AuthGateway) => void (gateway = to),
    restore,
    accessToken,
    /** Somebody sets out for a provider and will come back with a session in the cookie: ask for it then. */
    expectReturn: () => device.set(hintKey, '1'),
    enter,
    showSecondFactor,
    /** Takes over the session of an answer that replaced this one's token. */
    replace: hold,
    /** What the server says of the user now. */
    know: (now: Me) => void (me.value = now),
    signUp,
    signIn: async (email: string, password: string) => enter(await port().signIn(email, password)),
    verify,
    exchange: async (code: string) => enter(await port().exchange(code)),
    resendConfirmation: (email: string, next: string) => port().resendConfirmation(email, next),
    sendRecovery: (email: string) => port().sendRecovery(email),
    setPassword,
    signOut,
  }
})
