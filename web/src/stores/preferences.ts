import { usePreferredDark } from '@vueuse/core'
import { defineStore } from 'pinia'
import { computed, ref, watch } from 'vue'
import { device } from '@/lib/deviceStorage'

export type Theme = 'system' | 'light' | 'dark'
export type Locale = 'zh-CN' | 'en'

/** Theme and language of this browser. public/first-paint.js reads the same two keys before the app starts. */
export const usePreferences = defineStore('preferences', () => {
  const systemDark = usePreferredDark()
  const theme = ref<Theme>(themeOf(device.get('tessera.theme')))
  const locale = ref<Locale>(localeOf(device.get('tessera.locale')))
  const dark = computed(() => theme.value === 'dark' || (theme.value === 'system' && systemDark.value))

  watch(dark, isDark => document.documentElement.classList.toggle('dark', isDark), { immediate: true, flush: 'sync' })

  function setTheme(next: Theme): void {
    theme.value = next
    device.set('tessera.theme', next)
  }

  function setLocale(next: Locale): void {
    locale.value = next
    device.set('tessera.locale', next)
  }

  return {
    theme,
    locale,
    dark,
    setTheme,
    setLocale,
  }
})

function themeOf(stored: string | null): Theme {
  return stored === 'light' || stored === 'dark'
    ? stored
    : 'system'
}

function localeOf(stored: string | null): Locale {
  if (stored === 'zh-CN' || stored === 'en')
    return stored
  return /^zh/i.test(navigator.language)
    ? 'zh-CN'
    : 'en'
}
