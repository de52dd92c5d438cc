import type { ListedUser, UserListQuery } from '@/api/admin'
import { computed, shallowRef, watch } from 'vue'
import { useRoute, useRouter } from 'vue-router'
import { useAction } from '@/lib/useAction'
import { useSession } from '@/stores/session'

export const sorts = [
  'last_active_at',
  'last_login_at',
  'created_at',
  'email',
] as const
export type SortKey = typeof sorts[number]
export const statuses = [
  'active',
  'disabled',
  'administrator',
  'deleted',
] as const
export const sourceTypes = [
  'email',
  'linuxdo',
  'wechat',
  'google',
  'github',
  'oidc',
  'supabase',
  'anonymous',
] as const

const perPage = 25

function oneOf<T extends string>(known: readonly T[], value: unknown): T | undefined {
  return known.find(entry => entry === value)
}

/**
 * The list of users. What is searched, filtered and ordered stands in the page's address, so that it survives a reload;
 * the place in the list does not, for it is one of a list that moves.
 */
export function useUserList() {
  const route = useRoute()
  const router = useRouter()
  const session = useSession()
  const users = shallowRef<ListedUser[] | null>(null)
  const isCut = shallowRef(false)
  const next = shallowRef<string | null>(null)
  /** The cursors of the pages before this one; the first page has none. */
  const trail = shallowRef<string[]>([])
  let asked = 0

  const query = computed(() => ({
    search: typeof route.query.q === 'string'
      ? route.query.q
      : '',
    sort: oneOf(sorts, route.query.sort) ?? 'created_at',
    order: oneOf(['asc', 'desc'] as const, route.query.order) ?? 'desc',
    source: oneOf(sourceTypes, route.query.source),
    status: oneOf(statuses, route.query.status),
  }))

  const load = useAction(async () => {
    // An answer to an earlier question may come late: it is dropped.
    let mine: number
    do {
      mine = asked
      const { search, ...rest } = query.value
      const wanted: UserListQuery = {
        ...rest,
        search: search || undefined,
        cursor: trail.value.at(-1),
        limit: perPage,
      }
      const page = await session.admin.users(wanted)
      if (mine === asked) {
        users.value = page.data
        next.value = page.next
        isCut.value = page.is_cut
      }
    } while (mine !== asked)
  })

  function reload(): void {
    asked += 1
    void load.run()
  }

  watch(query, (now, before) => {
    if (JSON.stringify(now) === JSON.stringify(before))
      return
    trail.value = []
    reload()
  })

  function change(part: Partial<Record<'search' | 'sort' | 'order' | 'source' | 'status', string>>): void {
    const { search, ...rest } = {
      ...query.value,
      ...part,
    }
    void router.replace({
      query: {
        ...search
          ? { q: search }
          : {},
        ...rest.sort !== 'created_at'
          ? { sort: rest.sort }
          : {},
        ...rest.order !== 'desc'
          ? { order: rest.order }
          : {},
        ...rest.source
          ? { source: rest.source }
          : {},
        ...rest.status
          ? { status: rest.status }
          : {},
      },
    })
  }

  function sortBy(key: SortKey): void {
    const { sort, order } = query.value
    change({
      sort: key,
      order: sort === key && order === 'desc'
        ? 'asc'
        : sort === key
          ? 'desc'
          : key === 'email'
            ? 'asc'
            : 'desc',
    })
  }

  function forward(): void {
    if (!next.value)
      return
    trail.value = [...trail.value, next.value]
    reload()
  }

  function back(): void {
    trail.value = trail.value.slice(0, -1)
    reload()
  }

  return {
    users,
    isCut,
    next,
    query,
    load,
    reload,
    change,
    sortBy,
    forward,
    back,
    page: computed(() => trail.value.length + 1),
  }
}
