// Package testuser makes real accounts for testing, at whichever auth server
// is configured, and hands out their real tokens.
//
// # What it owns
//
// The names of test users and which account at the auth server each one is.
// The account itself, its password and its tokens belong to the auth server:
// this server's own /auth/v1, or a Supabase project. Both are spoken to in the
// same way, GoTrue's HTTP API ([AuthServer]): create and update through the
// admin API, then sign in with the password grant as any user would. No token
// is ever made up here, and one that our own verifier refuses is not handed
// out.
//
// # The life of a test user
//
//	(no row) --reserve name--> reserved --address, account--> made
//	                                                           |  ^
//	                          handed out: new password, sign in +--+
//
// A unique row per name decides between calls that race; the loser takes what
// the winner made. Passwords are not kept: each time a user is handed out, a
// new one is set through the admin API. An account that was deleted at the auth
// server is made again under the same name. An account that has the address
// but was not made here is never touched.
//
// # What it refuses
//
// Everything while it is switched off, names outside the allowed prefixes,
// calls over the rate limit. Every call leaves an audit entry, the refused ones
// too. Nothing is written to files.
package testuser
