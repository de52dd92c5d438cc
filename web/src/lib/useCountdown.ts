import { useIntervalFn } from '@vueuse/core'
import { computed, ref } from 'vue'

/** Whole seconds left until a moment, counted down once a second. `start` sets the moment; 0 means over. */
export function useCountdown(now: () => number = Date.now) {
  const until = ref(0)
  const current = ref(now())
  const { pause, resume } = useIntervalFn(() => {
    current.value = now()
    if (current.value >= until.value)
      pause()
  }, 1000, { immediate: false })

  const left = computed(() => Math.max(0, Math.ceil((until.value - current.value) / 1000)))

  function startUntil(moment: number): void {
    until.value = moment
    current.value = now()
    if (moment > current.value)
      resume()
    else
      pause()
  }

  return {
    left,
    startUntil,
    start: (seconds: number) => startUntil(now() + seconds * 1000),
  }
}
