import type { Sender } from './console'
import type { components, paths } from './schema'
import createClient from 'openapi-fetch'

// The administrators' part of the console surface. Times are RFC 3339, amounts of credits are millionths.

type Schemas = components['schemas']

export type ListedUser = Schemas['ListedUser']
export type UserDetail = Schemas['UserDetail']
export type AuditLine = Schemas['AuditLine']
export type ProviderView = Schemas['ProviderView']
export type ProviderType = Schemas['ProviderType']
export type ProviderField = Schemas['ProviderField']
export type ProviderCheck = Schemas['ProviderCheck']
export type SourcePolicy = Schemas['SourcePolicy']
export type SourcePolicyPatch = Schemas['SourcePolicyPatch']
export type Amount = Schemas['Amount']
export type UserListQuery = NonNullable<paths['/admin/users']['get']['parameters']['query']>
export type ProviderChange = paths['/admin/providers/{name}']['patch']['requestBody']['content']['application/json']
export type NewProvider = paths['/admin/providers']['post']['requestBody']['content']['application/json']
export type Disabling = paths['/admin/users/{id}/disable']['post']['requestBody']['content']['application/json']

async function bodyOf<T>(answer: Promise<{ data?: T }>): Promise<T> {
  return (await answer).data as T
}

/** The calls of an administrator; `authorised` sends them with the user's token, and rejects with an `ApiFault`. */
export function adminApi(authorised: Sender) {
  const client = createClient<paths>({ baseUrl: `${location.origin}/api/v1`, fetch: authorised })
  const user = (id: string) => ({
    params: {
      path: { id },
    },
  })
  const named = (name: string) => ({
    params: {
      path: { name },
    },
  })
  return {
    users: (query: UserListQuery) => bodyOf(client.GET('/admin/users', {
      params: { query },
    })),
    user: (id: string) => bodyOf(client.GET('/admin/users/{id}', user(id))),
    userAudit: async (id: string, before?: string) => {
      const page = await bodyOf(client.GET('/admin/users/{id}/audit', {
        params: {
          path: { id },
          query: { before, limit: 30 },
        },
      }))
      return { data: page.data ?? [], next: page.next ?? null }
    },
    disable: (id: string, body: Disabling) => bodyOf(client.POST('/admin/users/{id}/disable', {
      ...user(id),
      body,
    })),
    enable: (id: string) => bodyOf(client.POST('/admin/users/{id}/enable', user(id))),
    setRole: (id: string, isAdmin: boolean) => bodyOf(client.PUT('/admin/users/{id}/role', {
      ...user(id),
      body: { is_admin: isAdmin },
    })),
    endSessions: (id: string) => bodyOf(client.DELETE('/admin/users/{id}/sessions', user(id))),
    endSession: (id: string, sessionId: string) => bodyOf(client.DELETE('/admin/users/{id}/sessions/{session_id}', {
      params: {
        path: { id, session_id: sessionId },
      },
    })),
    unbind: (id: string, identityId: string) => bodyOf(client.DELETE('/admin/users/{id}/identities/{identity_id}', {
      params: {
        path: { id, identity_id: identityId },
      },
    })),

    providers: () => bodyOf(client.GET('/admin/providers')),
    createProvider: (body: NewProvider) => bodyOf(client.POST('/admin/providers', { body })),
    changeProvider: (name: string, body: ProviderChange) => bodyOf(client.PATCH('/admin/providers/{name}', {
      ...named(name),
      body,
    })),
    removeProvider: (name: string) => bodyOf(client.DELETE('/admin/providers/{name}', named(name))),
    testProvider: (name: string) => bodyOf(client.POST('/admin/providers/{name}/test', named(name))),

    sourcePolicy: () => bodyOf(client.GET('/admin/policies/sources')),
    changeSourcePolicy: (version: number, sources: Record<string, SourcePolicyPatch>) => bodyOf(client.PATCH('/admin/policies/sources', {
      body: { version, sources },
    })),
  }
}
