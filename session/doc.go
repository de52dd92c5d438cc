// Package session owns being signed in: sessions, their refresh tokens, the
// one-time links and codes sent by mail, and the codes of PKCE.
//
// # A session and its chain of refresh tokens
//
//	Start ──▶ R0 ──Refresh──▶ R1 ──Refresh──▶ R2 ... ──SignOut──▶ gone
//
// A token is stored as its hash. Its successor is derived from it with the
// installation's secret key, so a second caller with the same token, within
// the reuse window, is handed the very successor that the first one got: tabs
// that race all win, and there is one chain, never two. That matters for
// theft: a thief inside the window gets the victim's own next token, and the
// first of them to use it too late is found out.
//
//	R(n) presented   R(n) is the newest            → R(n+1), R(n) replaced now
//	                 replaced within the window    → the newest of the chain
//	                 replaced before the window    → the session ends, for all holders
//
// Ending a session deletes its row: refresh tokens go with it, and its access
// tokens are refused from then on wherever [Service.Current] is asked.
//
// # Proof, and how long it counts
//
//	signed in ──▶ confirmed ──reauthenticate_after──▶ must confirm before a
//	                  ▲                               sensitive change
//	                  └──Confirm, ShowSecondFactor────────┘
//
// Refreshing is no proof. Where the account has a second factor, nothing less
// confirms: see [Service.RequireConfirmed] and [RequireSecondFactor].
//
// # One-time links and codes
//
//	Issue ──▶ waiting ──Redeem──▶ taken (one statement decides who took it)
//	             ├──5 wrong codes──▶ spent
//	             ├──its hour is over──▶ spent
//	             └──a newer one of its kind──▶ replaced
//
// The link's token has 256 bits and does not depend on the 6-digit code. A
// link is consumed by a POST only: mail scanners follow links.
package session
