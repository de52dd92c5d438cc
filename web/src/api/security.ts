import type { Client } from 'openapi-fetch'
import type { paths } from './schema'
import type { Access, AccessProof, DeviceSession } from './types'
import { bodyOf } from './body'

const ownPage = { 'X-Tessera-Session': 'cookie' }

/** What people do for the safety of their own account. */
export function securityCalls(client: Client<paths>) {
  const accessOf = (answer: { methods: Access['methods'] | null } & Omit<Access, 'methods'>): Access => ({ ...answer, methods: answer.methods ?? [] })
  return {
    access: async () => accessOf(await bodyOf(client.GET('/me/access'))),
    confirmAccess: async (body: AccessProof) => accessOf(await bodyOf(client.POST('/me/access', { body }))),
    sendAccessCode: async () => void await client.POST('/me/access/email'),
    askAccessPasskey: () => bodyOf(client.POST('/me/access/passkey/options')),
    showSecondFactor: (code: string) => bodyOf(client.POST('/auth/second-factor', {
      body: { code },
      headers: ownPage,
    })),
    sessions: async (): Promise<DeviceSession[]> => ((await bodyOf(client.GET('/me/sessions'))).sessions ?? [])
      .map(session => ({ ...session, methods: session.methods ?? [] })),
    endSession: async (id: string) => void await client.DELETE('/me/sessions/{id}', {
      params: {
        path: { id },
      },
    }),
    endOtherSessions: async () => void await client.DELETE('/me/sessions'),
    recoveryCodes: () => bodyOf(client.GET('/me/recovery-codes')),
    makeRecoveryCodes: async () => (await bodyOf(client.POST('/me/recovery-codes'))).codes ?? [],
    setOwnPassword: async (password: string) => void await client.PUT('/me/password', {
      body: { password },
    }),
    changeEmail: (email: string) => bodyOf(client.PUT('/me/email', {
      body: { email, redirect_to: '/profile/security' },
    })),
  }
}
