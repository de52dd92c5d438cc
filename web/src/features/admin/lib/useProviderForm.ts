import type { ProviderType, ProviderView } from '@/api/admin'
import { computed, reactive } from 'vue'

/** The settings of a provider as they are typed. Lists are typed with commas or spaces between their items. */
export function useProviderForm(kind: ProviderType, standing: ProviderView | null) {
  const values = reactive<Record<string, string>>({})
  for (const field of kind.fields) {
    values[field.name] = textOf(standing?.config[field.name] ?? (field.kind === 'secret'
      ? ''
      : field.default))
  }
  const start = { ...values }

  function textOf(value: unknown): string {
    return Array.isArray(value)
      ? value.join(', ')
      : String(value ?? '')
  }

  const items = (text: string) => text.split(/[\s,]+/).filter(Boolean)

  /** Only what was changed; a secret that was not typed stays what it is. */
  const changes = computed(() => {
    const config: Record<string, unknown> = {}
    const secrets: Record<string, unknown> = {}
    for (const field of kind.fields) {
      const text = (values[field.name] ?? '').trim()
      if (text === (start[field.name] ?? '').trim())
        continue
      if (field.kind === 'secret')
        secrets[field.name] = text
      else if (field.kind === 'list')
        config[field.name] = items(text)
      else
        config[field.name] = text
    }
    return { config, secrets }
  })

  return {
    values,
    changes,
    isChanged: computed(() => Object.keys(changes.value.config).length + Object.keys(changes.value.secrets).length > 0),
  }
}
