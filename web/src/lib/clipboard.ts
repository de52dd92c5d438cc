/** Puts text on the clipboard; false when the browser refuses. Plain http pages have no async clipboard: the old way is used. */
export async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text)
    return true
  }
  catch {
    return copyThroughSelection(text)
  }
}

function copyThroughSelection(text: string): boolean {
  const area = document.createElement('textarea')
  const focused = document.activeElement
  area.value = text
  area.readOnly = true
  area.className = 'sr-only'
  document.body.append(area)
  area.select()
  try {
    return document.execCommand('copy')
  }
  catch {
    return false
  }
  finally {
    area.remove()
    if (focused instanceof HTMLElement)
      focused.focus()
  }
}
