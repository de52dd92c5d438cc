import { computed } from 'vue'
import { useI18n } from 'vue-i18n'

const formatters = new Map<string, Intl.DateTimeFormat>()

function formatter(locale: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = `${locale} ${JSON.stringify(options)}`
  let found = formatters.get(key)
  if (!found)
    formatters.set(key, found = new Intl.DateTimeFormat(locale, options))
  return found
}

/** Dates and durations in the page's language and the browser's time zone. */
export function useFormat() {
  const { locale, t } = useI18n()
  const options: Intl.DateTimeFormatOptions = { dateStyle: 'medium', timeStyle: 'short' }

  const dateTime = computed(() => (value: string | number | Date | null | undefined): string => {
    const date = value === null || value === undefined || value === ''
      ? null
      : new Date(value)
    return date && !Number.isNaN(date.getTime())
      ? formatter(locale.value, options).format(date)
      : '—'
  })

  /** Seconds as "1:05:09" or "5:09". */
  function clock(seconds: number): string {
    const whole = Math.max(0, Math.floor(seconds))
    const parts = [
      Math.floor(whole / 3600),
      Math.floor(whole / 60) % 60,
      whole % 60,
    ]
    const shown = parts[0]
      ? parts
      : parts.slice(1)
    return shown.map((part, index) => index === 0
      ? String(part)
      : String(part).padStart(2, '0')).join(':')
  }

  const milliseconds = (value: number) => value < 1000
    ? t('common.milliseconds', {
        n: Math.round(value),
      })
    : t('common.seconds', {
        n: (value / 1000).toFixed(1),
      })

  const bytes = (value: number) => t('common.kilobytes', {
    n: (value / 1024).toFixed(1),
  })

  return { dateTime, clock, milliseconds, bytes }
}
