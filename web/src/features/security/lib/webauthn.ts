import { browserSupportsWebAuthn, browserSupportsWebAuthnAutofill, startAuthentication, startRegistration, WebAuthnAbortService } from '@simplewebauthn/browser'
import { ApiFault } from '@/api/fault'

export { browserSupportsWebAuthn, browserSupportsWebAuthnAutofill }

/** Ends a ceremony that waits, if there is one. */
export const abortCeremony = () => WebAuthnAbortService.cancelCeremony()

/** Runs a ceremony; what the browser refuses becomes a fault, a person's change of mind one that is not shown. */
async function ceremony<T>(run: () => Promise<T>): Promise<T> {
  try {
    return await run()
  }
  catch (error) {
    throw ceremonyFault(error)
  }
}

export function ceremonyFault(error: unknown): ApiFault {
  const name = error instanceof Error
    ? error.name
    : ''
  const codes: Record<string, string> = {
    // Browsers do not say whether it was refused or took too long, lest pages find out what a person has.
    NotAllowedError: 'passkey_not_given',
    AbortError: 'aborted',
    InvalidStateError: 'passkey_here_already',
    SecurityError: 'passkey_wrong_site',
  }
  return new ApiFault({
    code: codes[name] ?? 'passkey_failed',
    message: error instanceof Error
      ? error.message
      : String(error),
    cause: error,
  })
}

export const createCredential = (options: Parameters<typeof startRegistration>[0]['optionsJSON']) =>
  ceremony(() => startRegistration({ optionsJSON: options }))

/** `autofill` waits in the address field's suggestions until a passkey is chosen there. */
export const getCredential = (options: Parameters<typeof startAuthentication>[0]['optionsJSON'], autofill = false) =>
  ceremony(() => startAuthentication({ optionsJSON: options, useBrowserAutofill: autofill }))
