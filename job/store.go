package job

import (
	"context"
	"time"

	"github.com/google/uuid"
)

// Store keeps jobs. Methods take part in the context's transaction.
type Store interface {
	// AddJob writes a ready job, or reports false when one of the same kind
	// and unique name is live, or the id is taken.
	AddJob(ctx context.Context, row Row) (added bool, err error)
	// ClaimJobs takes up to n jobs of these kinds that are due at now, or whose
	// lease has ended, gives each a new attempt number and leases them.
	ClaimJobs(ctx context.Context, kinds []string, n int, now, leaseUntil time.Time) ([]Claim, error)
	// RenewJob extends a lease; false means that it is lost.
	RenewJob(ctx context.Context, held Lease, until time.Time) (bool, error)
	// SettleJob ends an attempt as outcome says; false means that the lease is lost.
	SettleJob(ctx context.Context, held Lease, outcome Outcome) (bool, error)
	// PurgeJobs deletes up to n jobs that ended before the given times.
	PurgeJobs(ctx context.Context, doneBefore, deadBefore time.Time, n int) (int, error)
	// CountJobs counts the jobs that are not done.
	CountJobs(ctx context.Context) (Counts, error)
	// AfterCommit runs fn once the context's transaction is committed, or at
	// once when there is none.
	AfterCommit(ctx context.Context, fn func())
}

// Row is a job as it is first written.
type Row struct {
	ID          uuid.UUID
	Kind        string
	Unique      string
	Payload     []byte
	MaxAttempts int
	RunAt       time.Time
	CreatedAt   time.Time
}

// Lease is the right to settle one attempt of a job.
type Lease struct {
	ID      uuid.UUID
	Attempt int
}

// Claim is a job that a worker holds.
type Claim struct {
	Lease
	Kind        string
	Unique      string
	Payload     []byte
	MaxAttempts int
}

// Outcome is how an attempt ended.
type Outcome struct {
	State State     // Done, Dead, or Ready to try again
	At    time.Time // Done, Dead: when it ended; Ready: when to try again
	Error string    // why it failed, "" for Done
	// Forgiven does not count the attempt: it was cut short, not failed.
	Forgiven bool
}

// Counts are the jobs that are not done.
type Counts struct {
	Ready   int
	Running int
	Dead    int
	// DueSince is when the longest-waiting ready job was to run; zero = none.
	DueSince time.Time
}
