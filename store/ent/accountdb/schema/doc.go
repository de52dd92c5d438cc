// Package schema describes the account tables: who someone is, how they are
// signed in, the keys that sign their tokens, and the jobs and audit rows that
// go with it. Run `make generate` after a change, then `make migration
// NAME=what_changed` for both databases.
package schema
