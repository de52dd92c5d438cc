package store

import "time"

// PoolStats are the connections of one pool.
type PoolStats struct {
	Pool  string // "write" or "read"; PostgreSQL has one, "write"
	Open  int
	InUse int
	// Waits and Waited count the calls that had to wait for a connection.
	Waits  int64
	Waited time.Duration
}

// Stats returns the state of the connection pools, for metrics.
func (db *DB) Stats() []PoolStats {
	of := func(name string) PoolStats {
		pool := db.write
		if name == "read" {
			pool = db.read
		}
		s := pool.Stats()
		return PoolStats{Pool: name, Open: s.OpenConnections, InUse: s.InUse, Waits: s.WaitCount, Waited: s.WaitDuration}
	}
	if db.read == db.write {
		return []PoolStats{of("write")}
	}
	return []PoolStats{of("write"), of("read")}
}
