import type { Locale } from '@/stores/preferences'
import { zh_cn as uiChinese, en as uiEnglish } from '@nuxt/ui/locale'
import { createI18n } from 'vue-i18n'

export const uiLocales = { 'en': uiEnglish, 'zh-CN': uiChinese }

/** Each language by the name that its speakers give it. */
export const languageNames: Record<Locale, string> = { 'zh-CN': '中文', 'en': 'English' }

// One chunk per language: a reader downloads their own only.
const loaders: Record<Locale, () => Promise<{ default: Record<string, unknown> }>> = {
  'zh-CN': () => import('./locales/zh-CN'),
  'en': () => import('./locales/en'),
}

export const i18n = createI18n({
  legacy: false,
  locale: 'en',
  missingWarn: import.meta.env.DEV,
  fallbackWarn: false,
  messages: {} as Record<string, Record<string, never>>,
})

/** Shows the app in a language, fetching its messages on first use. */
export async function useLocaleMessages(locale: Locale): Promise<void> {
  const { global } = i18n
  if (!global.availableLocales.includes(locale))
    global.setLocaleMessage(locale, (await loaders[locale]()).default as Record<string, never>)
  global.locale.value = locale
  document.documentElement.lang = locale
}
