// Storage of this browser. It can be full, or refused altogether: then things are simply not remembered.

function read(storage: () => Storage, key: string): string | null {
  try {
    return storage().getItem(key)
  }
  catch {
    return null
  }
}

function write(storage: () => Storage, key: string, value: string | null): void {
  try {
    if (value === null)
      storage().removeItem(key)
    else
      storage().setItem(key, value)
  }
  catch { /* not remembered */ }
}

/** Kept for this browser. Never holds a token. */
export const device = {
  get: (key: string) => read(() => localStorage, key),
  set: (key: string, value: string | null) => write(() => localStorage, key, value),
}

/** Kept for this tab, through reloads. Never holds a token. */
export const tab = {
  get: (key: string) => read(() => sessionStorage, key),
  set: (key: string, value: string | null) => write(() => sessionStorage, key, value),
}
