// Package gateway is access to models: what a client asks, the upstream that
// answers, and the log of events in which the answer is kept and streamed.
//
// It owns messages, their conversations and their event logs, the allow-list
// of models, and the work that runs between a request and its last event. It
// refuses a model or a dialect that is not allowed, a request that matches no
// form or two, a second live stream of one user on one conversation, and a
// look at anybody else's message.
//
// # A message
//
//	            Create                first event of the work
//	(nothing) ──────────▶ queued ──────────────────────────▶ working
//	                        │                                   │
//	                        │ lease ran out                     │ reply whole ──▶ completed
//	                        │ (its process died)                │
//	                        └──────────▶ failed ◀───────────────┘ upstream fault, panic,
//	                                                              shutdown, lease ran out
//
// completed and failed are final. Each is entered together with the one
// terminal event of the log ("completed" or "error") in one transaction, and a
// unique index allows one terminal event a message, whoever tries.
//
// # The log
//
// Every event has a position: 1, 2, 3, ... without a gap; it is the id of the
// SSE frame. An event is committed before anybody sees it, so that no client
// knows of an event that a restart forgets. (A power failure is another matter
// on SQLite, whose write-ahead log is not synced with each commit.) Commits are shared: events of all
// messages that come while one commit runs go into the next (journal.go).
// Subscribers read the tail of the log from memory while the work runs in
// their process, and the table otherwise; a wake-up tells them when to look
// (hub.go), also across replicas, and they look once a second in any case.
//
// # The lease
//
// The process that works on a message holds a lease on it, renewed while it
// lives. Every append is a conditional UPDATE that names the holder and the
// position before it, so a process that lost its lease cannot write. A message
// whose lease has run out gets its terminal event from whoever notices.
package gateway
