// Package identity owns who someone is: users, the (provider, subject) pairs
// they are known by, their passwords and their profile.
//
// # What it refuses
//
//   - Two users with one sign-in address. Addresses pass one normaliser,
//     [NormalizeEmail], on every way in.
//   - Linking or signing in by equality of e-mail addresses: an identity is
//     found by its canonical [Key] and by nothing else.
//   - Telling whether an address is known: a wrong password and an unknown
//     user cost the same hash and give the same fault.
//
// # One way in
//
// Every account, whatever it begins with, is made by [Service.Create]:
//
//	e-mail + password ─┐
//	anonymous ─────────┤
//	administrator ─────┼──▶ Create ──▶ users row + identity row, one transaction
//	trusted issuer ────┘
//
// The life of an account:
//
//	unconfirmed ──Confirm──▶ confirmed ──Ban──▶ banned (until) ──▶ confirmed
//	     │                       │
//	     └──────Delete───────────┴──▶ gone, or soft-deleted: hashed, without a way in
//
// # Second factors and passkeys
//
//	Enroll ──▶ unverified ──first right code──▶ verified ──Remove──▶ gone, and with
//	               └──15 minutes──▶ gone           │        the last one the recovery codes
//	                                               └─ 5 tries ──▶ rests 1, 2, 4 ... 64 minutes
//
// A try is counted before it is looked at, and a right one takes the count back.
// Each step of an app's code, and each recovery code, is taken once.
//
//	Begin... ──▶ ceremony (5 minutes) ──answered, rightly or not──▶ gone
//	                                          └─ rightly ──▶ registered, signed in, confirmed
//
// The last way in, an identity or a passkey, cannot be removed: hasWayIn.
package identity
