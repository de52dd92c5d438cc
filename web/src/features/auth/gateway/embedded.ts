import type { AuthGateway, SessionToken } from './port'
import type { GotrueSession } from '@/api/gotrue'
import { ApiFault } from '@/api/fault'
import { gotrue } from '@/api/gotrue'

/** Answers to a renewal that mean "signed out", not "try again". */
const endedCodes = new Set([
  'refresh_token_not_found',
  'refresh_token_already_used',
  'session_not_found',
  'session_expired',
  'user_banned',
  'user_not_found',
])

/** Our own server: the refresh token lives in an HttpOnly cookie that this code never sees. */
export function embeddedGateway(anonKey: string): AuthGateway {
  const api = gotrue(anonKey)
  const here = (next: string) => location.origin + next

  return {
    async renew() {
      try {
        return tokenOf(await api.refresh())
      }
      catch (error) {
        if (error instanceof ApiFault && endedCodes.has(error.code))
          return null
        throw error
      }
    },
    signIn: async (email, password) => tokenOf(await api.password(email, password)),
    async signUp(email, password, next) {
      const answer = await api.signUp(email, password, here(next))
      return answer.access_token
        ? tokenOf(answer as GotrueSession)
        : null
    },
    async verify(proof) {
      const answer = await api.verify(proof)
      return 'msg' in answer
        ? null
        : tokenOf(answer as GotrueSession)
    },
    resendConfirmation: async (email, next) => void await api.resend('signup', email, here(next)),
    sendRecovery: async email => void await api.recover(email, here('/auth/reset-password')),
    setPassword: async (token, password) => void await api.updatePassword(token.accessToken, password),
    async exchange() {
      throw new ApiFault({ code: 'flow_state_not_found' })
    },
    signOut: (token, scope) => api.logout(token.accessToken, scope),
  }
}

function tokenOf(session: GotrueSession): SessionToken {
  if (!session.access_token)
    throw new ApiFault({ code: 'unexpected_response' })
  return { accessToken: session.access_token, expiresAt: session.expires_at }
}
