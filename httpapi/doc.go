// Package httpapi is where HTTP lives. Its root is the kit that every surface
// builds on; the surfaces are the packages inside it (gotrue, console, webapp),
// one file per resource and one errors.go each.
//
// The life of a request:
//
//	RequestID -> ClientIP -> Observe (log line, metrics, last-resort recover)
//	  -> SecurityHeaders -> Body (its size, its time) -> router -> Wrap(handler, error writer)
//
// A handler returns its error. Wrap turns it into a fault, hands it to the
// surface's error writer and notes it for the one log line that Observe writes
// when the request ends; nothing else logs it.
//
// This package refuses: storing anything, knowing a database or a provider, and
// deciding business rules.
package httpapi
