// Package schema describes the tables of model access: conversations, their
// messages, and each message's event log. Users are named by id only; there is
// no edge to the account tables, so that either set can change alone.
package schema
