package job

import (
	"crypto/sha256"
	"errors"
	"time"

	"github.com/google/uuid"
)

// Job is work to be done. Kind must have a handler.
type Job struct {
	Kind string
	// Unique names the work: while a job of that kind and name is ready or
	// running, another is not added. "" = any number of them.
	Unique string
	// Once extends Unique to jobs that are done, for as long as they are kept.
	Once    bool
	Payload []byte
	RunAt   time.Time // zero = at once
}

// State of a job.
type State string

// The states; see the package's drawing.
const (
	Ready   State = "ready"
	Running State = "running"
	Done    State = "done"
	Dead    State = "dead"
)

// maxPayload bounds a payload, in bytes: a job names its subject, it does not
// carry it.
const maxPayload = 256 << 10

// id returns the row's key: for a job that is to run once it follows from the
// name, so that the key itself refuses the second.
func (j Job) id() (uuid.UUID, error) {
	if !j.Once {
		return uuid.NewV7()
	}
	if j.Unique == "" {
		return uuid.UUID{}, errors.New("job: Once needs a Unique name")
	}
	sum := sha256.Sum256([]byte(j.Kind + "\x00" + j.Unique))
	return uuid.NewSHA1(uuid.NameSpaceOID, sum[:]), nil
}

// permanent marks an error that no repetition mends.
type permanent struct{ error }

func (p permanent) Unwrap() error { return p.error }

// Permanent wraps a handler's error so that the job is given up at once.
// Permanent(nil) is nil.
func Permanent(err error) error {
	if err == nil {
		return nil
	}
	return permanent{err}
}

func isPermanent(err error) bool {
	var p permanent
	return errors.As(err, &p)
}

// ErrLost says that the job is no longer this worker's: its lease ended and
// another may have it. A transaction that got it must not commit.
var ErrLost = errors.New("job: the lease is lost")
