import type { FormErrorEvent } from '@nuxt/ui'
import { ref } from 'vue'

/**
 * When a form tells of errors: first when it is sent, from then on with every key. Not when a field is left: the message
 * would push the button away from under the very press that took the focus, and the press would be lost.
 */
export function useCalmValidation() {
  const validateOn = ref<'input'[]>([])

  /** Moves focus to the first field that is wrong, in the order of the page. */
  function onInvalid(event: FormErrorEvent): void {
    validateOn.value = ['input']
    const fields = event.errors.flatMap(error => error.id
      ? document.getElementById(error.id) ?? []
      : [])
    fields.sort((a, b) => a.compareDocumentPosition(b) & Node.DOCUMENT_POSITION_FOLLOWING
      ? -1
      : 1)
    fields[0]?.focus()
  }

  return { validateOn, onInvalid }
}
