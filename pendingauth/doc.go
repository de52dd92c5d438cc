// Package pendingauth is the state machine between "the provider said yes"
// and "signed in".
//
// # The way there and back
//
//	Begin ──▶ flow row (state, nonce, PKCE verifier, browser) ──▶ the provider
//	                                                                  │
//	Finish ◀── claims the row: once, by state and browser together ◀──┘
//	   │
//	   ├─ the identity is known      → signed in
//	   ├─ intent bind, nobody has it → bound to the account that began the flow
//	   ├─ intent bind, another's     → refused
//	   ├─ intent link, nobody has it → a code; exchanging it binds ([Service.Link])
//	   └─ unknown                    → a pending session: the person chooses
//
// # A pending session
//
//	            ┌───────────── email typed, code sent ◀─┐
//	            ▼                                       │
//	  choosing ─┼─ code right → email verified ─────────┤
//	            │                                       │
//	            ├─ Create (e-mail verified, or none needed) ──▶ completed: new account
//	            │
//	            └─ Prove: password, then TOTP where the account has it;
//	                      or the live session of the account
//	                   └─▶ Bind (asks for the proof in the same statement) ──▶ completed
//
//	any state ── 15 minutes, five wrong proofs, five wrong codes, cancel ──▶ over
//
// Completing is one conditional statement: of many that try, one does. With it
// go the account or the identity, the adoption decision and the grant, in one
// transaction. machine_test.go tries steps in any order against this drawing.
//
// # What it refuses
//
//   - An address typed is a candidate, never a target: it selects no account.
//   - A provider's verified e-mail is not ours, and equality links nothing.
//   - A token in a URL: completion leads to a session cookie or to a one-time
//     code that the client exchanges with its PKCE verifier.
package pendingauth
