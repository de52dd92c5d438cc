import type { PublicConfig } from '@/api/types'
import { defineStore } from 'pinia'
import { computed, shallowRef } from 'vue'
import { fetchPublicConfig } from '@/api/console'

/** What the server says about itself. Loaded once, before the first page is drawn. */
export const usePublicConfig = defineStore('publicConfig', () => {
  const loaded = shallowRef<PublicConfig | null>(null)

  const config = computed<PublicConfig>(() => {
    if (!loaded.value)
      throw new Error('public config is read before it is loaded')
    return loaded.value
  })

  async function load(): Promise<void> {
    loaded.value ??= await fetchPublicConfig()
  }

  const simulator = (name: string) => loaded.value?.simulators?.find(entry => entry.name === name)

  return { loaded, config, load, simulator }
})
