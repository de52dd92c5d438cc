import { afterEach, vi } from 'vitest'

// No unit test talks to a network: a call that a test did not expect fails it.
vi.stubGlobal('fetch', (input: unknown) => Promise.reject(new Error(`unexpected call: ${String(input)}`)))

afterEach(() => {
  localStorage.clear()
  sessionStorage.clear()
  document.body.innerHTML = ''
})
