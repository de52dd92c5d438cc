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
package identity
