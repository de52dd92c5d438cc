import type { Amount, SourcePolicy, SourcePolicyPatch } from '@/api/admin'
import { computed, reactive, watch } from 'vue'
import { countOf, creditsOf, microsOf } from './credits'

export const moments = ['on_signup', 'on_first_bind'] as const
export type Moment = typeof moments[number]

interface AmountText { credits: string, concurrency: string, days: string }

const nothing: Amount = { balance_micros: 0, concurrency: 0, subscription_days: 0 }

function textOf(amount: Amount): AmountText {
  return {
    credits: creditsOf(amount.balance_micros),
    concurrency: String(amount.concurrency),
    days: String(amount.subscription_days),
  }
}

function amountOf(text: AmountText) {
  return {
    balance_micros: microsOf(text.credits),
    concurrency: countOf(text.concurrency, 10_000),
    subscription_days: countOf(text.days, 36_500),
  }
}

/** What is decided about one source, as it is typed; only what differs from what stands is sent. */
export function usePolicyForm(standing: () => SourcePolicy | undefined) {
  const form = reactive({
    emailRequired: false,
    on_signup: textOf(nothing),
    on_first_bind: textOf(nothing),
  })

  function reset(): void {
    const policy = standing()
    form.emailRequired = policy?.email_required ?? false
    for (const moment of moments)
      form[moment] = textOf(policy?.[moment] ?? nothing)
  }
  watch(standing, reset, { immediate: true })

  /** Fields that hold no amount: "on_signup.credits". */
  const wrong = computed(() => new Set(moments.flatMap((moment) => {
    const { balance_micros, concurrency, subscription_days } = amountOf(form[moment])
    return [
      ...balance_micros === null
        ? [`${moment}.credits`]
        : [],
      ...concurrency === null
        ? [`${moment}.concurrency`]
        : [],
      ...subscription_days === null
        ? [`${moment}.days`]
        : [],
    ]
  })))

  const patch = computed<SourcePolicyPatch>(() => {
    const policy = standing()
    const changed: SourcePolicyPatch = {}
    if (form.emailRequired !== (policy?.email_required ?? false))
      changed.email_required = form.emailRequired
    for (const moment of moments) {
      const before = policy?.[moment] ?? nothing
      const now = amountOf(form[moment])
      const parts = Object.fromEntries(Object.entries(now).filter(([key, value]) => value !== null && value !== before[key as keyof Amount]))
      if (Object.keys(parts).length)
        changed[moment] = parts
    }
    return changed
  })

  return {
    form,
    wrong,
    patch,
    reset,
    isChanged: computed(() => Object.keys(patch.value).length > 0),
  }
}
