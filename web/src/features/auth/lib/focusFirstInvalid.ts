import type { FormErrorEvent } from '@nuxt/ui'

/** Moves focus to the first field that a submitted form found wrong, in the order of the page. */
export function focusFirstInvalid(event: FormErrorEvent): void {
  const fields = event.errors.flatMap(error => error.id
    ? document.getElementById(error.id) ?? []
    : [])
  fields.sort((a, b) => a.compareDocumentPosition(b) & Node.DOCUMENT_POSITION_FOLLOWING
    ? -1
    : 1)
  fields[0]?.focus()
}
