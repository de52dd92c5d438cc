// Package store keeps Tessera's data, on SQLite or PostgreSQL, behind the
// Store ports that the domain rooms declare.
//
// # One transaction, carried by the context
//
// [DB.InTx] opens a transaction and passes it on in the context; every method
// that is called with that context takes part in it, and a nested InTx joins
// it. Services open transactions, stores never do. No network belongs inside
// one. The closure may run more than once: it is repeated when the database
// asks for that (serialisation failure, deadlock, busy file).
//
// # Two dialects
//
// SQLite runs with one writer connection and a pool of readers; a pool shared
// by both makes writers wait for seconds. Statements that decide something are
// conditional UPDATEs and unique keys, right on both databases without a lock:
// reading, deciding in Go and writing back loses updates on PostgreSQL, and a
// unique violation that is swallowed there aborts the whole transaction. Times
// are UTC microseconds on the way in.
//
// # Files
//
// db.go opens, tx.go carries the transaction, migrate.go brings the schema up
// to date; then one file per domain store. The tables are described in
// ent/accountdb/schema and ent/gatewaydb/schema: two graphs without an edge
// between them, so that a change in one does not rebuild the other.
package store
