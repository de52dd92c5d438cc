import type { ApiFault } from '@/api/fault'
import { useI18n } from 'vue-i18n'

/** What to tell a person about a fault: our own words for a known code, else the server's. */
export function useFaultText() {
  const { t, te, locale } = useI18n()
  const keyOf = (part: 'codes' | 'hints', code: string) => `errors.${part}.${code.replace(/\W/g, '_')}`

  function message(fault: ApiFault): string {
    const key = keyOf('codes', fault.code)
    return te(key)
      ? t(key)
      : fault.message
  }

  function hint(fault: ApiFault): string {
    const key = keyOf('hints', fault.code)
    if (te(key))
      return t(key)
    // The server's hints are English; beside our own translated sentence they would only repeat it.
    return locale.value === 'en' || !te(keyOf('codes', fault.code))
      ? fault.hint
      : ''
  }

  return { message, hint }
}
