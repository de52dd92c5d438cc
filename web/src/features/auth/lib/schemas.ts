import * as v from 'valibot'
import { computed } from 'vue'
import { useI18n } from 'vue-i18n'
import { usePublicConfig } from '@/stores/publicConfig'

/** The longest password the server takes, in bytes of UTF-8: more would not count in bcrypt, which it still verifies. */
const passwordMaxBytes = 72

/** The rules of the sign-in and sign-up forms, with messages in the page's language. */
export function useAuthSchemas() {
  const { t } = useI18n()
  const { config } = usePublicConfig()

  const email = () => v.pipe(
    v.string(),
    v.trim(),
    v.nonEmpty(t('auth.fields.emailMissing')),
    v.rfcEmail(t('auth.fields.emailInvalid')),
    v.maxLength(255, t('auth.fields.emailInvalid')),
  )
  const newPassword = () => v.pipe(
    v.string(),
    v.nonEmpty(t('auth.fields.passwordMissing')),
    v.check(value => Array.from(value).length >= config.password_min_length, t('auth.fields.passwordShort', { n: config.password_min_length })),
    v.maxBytes(passwordMaxBytes, t('auth.fields.passwordLong')),
  )

  return {
    email: computed(() => v.object({
      email: email(),
    })),
    // What an existing password looks like is the server's business: only an empty one is refused here.
    signIn: computed(() => v.object({
      email: email(),
      password: v.pipe(v.string(), v.nonEmpty(t('auth.fields.passwordMissing'))),
    })),
    signUp: computed(() => v.object({
      email: email(),
      password: newPassword(),
    })),
    newPassword: computed(() => v.pipe(
      v.object({
        password: newPassword(),
        again: v.string(),
      }),
      v.forward(v.partialCheck([
        ['password'],
        ['again'],
      ], input => input.password === input.again, t('auth.fields.passwordsDiffer')), ['again']),
    )),
  }
}
