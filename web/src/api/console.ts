import type { paths } from './schema'
import type { AvatarChoice, PublicConfig, TestUserRequest } from './types'
import createClient from 'openapi-fetch'
import { bodyOf } from './body'
import { sendRequest } from './http'
import { securityCalls } from './security'

/** How a request of the console surface is sent; rejects with an `ApiFault` for every answer of 400 and more. */
export type Sender = (request: Request) => Promise<Response>

function clientOver(fetch: Sender) {
  return createClient<paths>({ baseUrl: `${location.origin}/api/v1`, fetch })
}

/** What anyone may know about this server. */
export async function fetchPublicConfig(): Promise<PublicConfig> {
  const config = await bodyOf(clientOver(request => sendRequest(request)).GET('/public-config'))
  return { ...config, simulators: config.simulators ?? [] }
}

/** The calls that need a signed-in user; `authorised` sends them with the user's token. */
export function consoleApi(authorised: Sender) {
  const client = clientOver(authorised)
  return {
    ...securityCalls(client),
    me: () => bodyOf(client.GET('/me')),
    syncUser: () => bodyOf(client.POST('/auth/sync-user')),
    changeNickname: (nickname: string) => bodyOf(client.PATCH('/me', {
      body: { nickname },
    })),
    setAvatar: (body: AvatarChoice) => bodyOf(client.PUT('/me/avatar', { body })),
    removeAvatar: () => bodyOf(client.DELETE('/me/avatar')),
    bindings: async () => (await bodyOf(client.GET('/me/bindings'))).data ?? [],
    /** A picture that only its owner may see, by the path that another answer named. */
    picture: async (path: string) => (await authorised(new Request(new URL(path, location.origin), {
      headers: { Accept: 'image/*' },
    }))).blob(),
    async inspectToken(token: string) {
      const verdict = await bodyOf(client.POST('/auth/inspect-token', {
        body: { token },
      }))
      return { ...verdict, checks: verdict.checks ?? [] }
    },
    models: async () => (await bodyOf(client.GET('/llm/app/models'))).data ?? [],
    testUsers: async () => (await bodyOf(client.GET('/llm/tests/mail-users'))).data ?? [],
    createTestUser: (body: TestUserRequest, headers?: Record<string, string>) =>
      bodyOf(client.POST('/llm/tests/create-mail-user', { body, headers })),
    refreshTestUser: (id: string, headers?: Record<string, string>) =>
      bodyOf(client.POST('/llm/tests/mail-users/{id}/refresh', {
        params: {
          path: { id },
        },
        headers,
      })),
    anonymousToken: (headers?: Record<string, string>) => bodyOf(client.POST('/llm/tests/anon-token', { headers })),
  }
}
