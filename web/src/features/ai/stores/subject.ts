import type { TestUserSession, TokenVerdict } from '@/api/types'
import { defineStore } from 'pinia'
import { computed, ref, shallowRef } from 'vue'
import { ApiFault } from '@/api/fault'
import { passwordGrant } from '@/api/gotrue'
import { newRequestId } from '@/lib/requestId'
import { usePublicConfig } from '@/stores/publicConfig'
import { useSession } from '@/stores/session'

export type SubjectKind = 'test-user' | 'anonymous' | 'self'

/** Whose token the test page works with. */
export interface Subject {
  kind: SubjectKind
  username: string
  email: string
  password: string
  accessToken: string
  /** A user of that name was there already and got a new password. */
  reused: boolean
  /** The password grant was made with the shown credentials, and the token is that session's. */
  signedIn: boolean
  /** The id of the call that made it; empty for one's own session. */
  requestId: string
}

/**
 * The test page's own signed-in user. It lives in memory and beside the administrator's session: no cookie of this
 * browser is sent or taken when it signs in, and a reload forgets it.
 */
export const useSubject = defineStore('subject', () => {
  const session = useSession()
  const publicConfig = usePublicConfig()
  const subject = shallowRef<Subject | null>(null)
  const verdict = shallowRef<TokenVerdict | null>(null)
  /** Milliseconds that the server's clock is ahead of this browser's. */
  const clockAhead = ref(0)

  /** Where password sign-ins go: this server, or the Supabase project. */
  const authOrigin = computed(() => publicConfig.config.mode === 'supabase'
    ? publicConfig.config.supabase!.url.replace(/\/$/, '')
    : '')
  const anonKey = computed(() => publicConfig.config.supabase?.anon_key ?? publicConfig.config.anon_key)

  function become(next: Subject): void {
    subject.value = next
    verdict.value = null
  }

  async function signInAs(made: TestUserSession): Promise<void> {
    const grant = await passwordGrant(authOrigin.value, anonKey.value, made.email, made.password)
    become({
      ...fromTestUser(made, 'test-user'),
      accessToken: grant.access_token,
      signedIn: true,
    })
  }

  async function adopt(make: (headers: Record<string, string>) => Promise<TestUserSession>): Promise<void> {
    const requestId = newRequestId()
    const made = await make({ 'X-Request-Id': requestId })
    // Shown at once: should the sign-in fail, the credentials are there to look into it.
    become({
      ...fromTestUser(made, 'test-user'),
      requestId: made.request_id || requestId,
    })
    await signInAs({ ...made, request_id: made.request_id || requestId })
  }

  const createTestUser = (body: { username_prefix: string, mail_api_key?: string, force_new?: boolean }) =>
    adopt(headers => session.api.createTestUser(body, headers))

  const refreshTestUser = (id: string) => adopt(headers => session.api.refreshTestUser(id, headers))

  async function takeAnonymous(): Promise<void> {
    const made = await session.api.anonymousToken()
    become({
      ...fromTestUser(made, 'anonymous'),
      signedIn: true,
    })
  }

  async function takeSelf(): Promise<void> {
    const accessToken = await session.accessToken()
    if (!accessToken)
      throw new ApiFault({ status: 401, code: 'signed_out' })
    become({
      kind: 'self',
      username: session.me?.nickname ?? '',
      email: session.me?.email ?? '',
      password: '',
      accessToken,
      reused: true,
      signedIn: true,
      requestId: '',
    })
  }

  /** Asks for the verdict on the present token; should it change meanwhile, on the new one. */
  async function inspect(): Promise<void> {
    verdict.value = null
    for (let token = subject.value?.accessToken; token && !verdict.value; token = subject.value?.accessToken) {
      const answer = await session.api.inspectToken(token)
      const serverTime = Date.parse(answer.server_time)
      clockAhead.value = Number.isNaN(serverTime)
        ? 0
        : serverTime - Date.now()
      if (subject.value?.accessToken === token)
        verdict.value = answer
    }
  }

  function forget(): void {
    subject.value = null
    verdict.value = null
  }

  return {
    subject,
    verdict,
    clockAhead,
    authOrigin,
    anonKey,
    createTestUser,
    refreshTestUser,
    takeAnonymous,
    takeSelf,
    inspect,
    forget,
  }
})

function fromTestUser(made: TestUserSession, kind: SubjectKind): Subject {
  return {
    kind,
    username: made.username,
    email: made.email,
    password: made.password,
    accessToken: made.access_token,
    reused: made.reused,
    signedIn: false,
    requestId: made.request_id,
  }
}
