import type { ApiFault } from '@/api/fault'
import { readonly, ref, shallowRef, watch } from 'vue'
import { asFault } from '@/api/fault'

/**
 * A picture that only a request of this page may read, as an address for `<img>`. It is loaded anew when the path
 * changes, and given free when it does or when the component goes.
 */
export function usePicture(path: () => string | undefined, load: (path: string) => Promise<Blob>) {
  const src = ref('')
  const fault = shallowRef<ApiFault | null>(null)
  const pending = ref(false)

  watch(path, async (wanted, _, onCleanup) => {
    let gone = false
    let made = ''
    onCleanup(() => {
      gone = true
      if (made)
        URL.revokeObjectURL(made)
    })
    src.value = ''
    fault.value = null
    pending.value = !!wanted
    if (!wanted)
      return
    try {
      const picture = await load(wanted)
      if (!gone)
        src.value = made = URL.createObjectURL(picture)
    }
    catch (error) {
      if (!gone)
        fault.value = asFault(error)
    }
    finally {
      if (!gone)
        pending.value = false
    }
  }, { immediate: true })

  return {
    src: readonly(src),
    fault,
    pending: readonly(pending),
  }
}
