package job

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime/debug"
	"strings"
	"time"

	"tessera/fault"
)

// Task is one attempt of a job, as its handler sees it.
type Task struct {
	Claim
	runner *Runner
}

// Complete marks the job done in the context's transaction, so that it is
// done exactly when the handler's effect is. The handler returns nil after
// it. Faults: [ErrLost], with which the transaction must be rolled back.
func (t Task) Complete(ctx context.Context) error {
	now := t.runner.config.Now()
	held, err := t.runner.config.Store.SettleJob(ctx, t.Lease, Outcome{State: Done, At: now})
	if err == nil && !held {
		return ErrLost
	}
	return err
}

// Causes by which an attempt's context ends.
var (
	errTooLong     = errors.New("the attempt took too long")
	errInterrupted = errors.New("interrupted by a shutdown")
)

// attempt runs a claimed job and settles it.
func (r *Runner) attempt(parent context.Context, claim Claim) {
	kind := r.kinds[claim.Kind]
	log := r.config.Log.With("job", claim.ID, "kind", claim.Kind, "attempt", claim.Attempt)
	start := r.config.Now()

	ctx, end := context.WithCancelCause(parent)
	defer end(nil)
	timer := time.AfterFunc(kind.Timeout, func() { end(errTooLong) })
	defer timer.Stop()
	renewed := make(chan struct{})
	go func() {
		defer close(renewed)
		r.keepLease(ctx, claim.Lease, end)
	}()

	var err error
	if claim.Attempt > claim.MaxAttempts {
		// The last attempt's worker died without a word.
		err = Permanent(errors.New("the worker of the last attempt died"))
	} else {
		err = r.call(ctx, kind, claim)
	}
	cause := context.Cause(ctx)
	end(nil)
	<-renewed
	if parent.Err() != nil {
		cause = errInterrupted
	}

	outcome := r.judge(claim, err, cause)
	result := string(outcome.State)
	if outcome.State == Ready {
		result = "retry"
		if outcome.Forgiven {
			result = "interrupted"
		}
	}
	// The outcome is written whatever ended the attempt.
	settle, stop := context.WithTimeout(context.WithoutCancel(parent), 10*time.Second)
	defer stop()
	held, settleErr := r.config.Store.SettleJob(settle, claim.Lease, outcome)
	switch {
	case settleErr != nil:
		// The lease ends by itself, and the job is claimed anew.
		log.ErrorContext(ctx, "a job's outcome cannot be written", "error", settleErr)
		result = "lost"
	case !held && outcome.State != Done: // Done: the handler may have completed it itself
		result = "lost"
	}
	r.config.Observe(claim.Kind, result, r.config.Now().Sub(start))
	switch result {
	case "retry":
		log.WarnContext(ctx, "a job failed and will be tried again", "error", err, "at", outcome.At)
	case "dead":
		log.ErrorContext(ctx, "a job failed for good", "error", err)
	}
}

// call runs the handler; a panic is a failed attempt.
func (r *Runner) call(ctx context.Context, kind Kind, claim Claim) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	return kind.Run(ctx, Task{Claim: claim, runner: r})
}

// keepLease renews a lease until ctx ends, and ends it when the lease is lost.
func (r *Runner) keepLease(ctx context.Context, lease Lease, end context.CancelCauseFunc) {
	ticker := time.NewTicker(r.config.Lease / 3)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		held, err := r.config.Store.RenewJob(ctx, lease, r.config.Now().Add(r.config.Lease))
		if err == nil && !held {
			end(ErrLost)
			return
		}
		// A failed renewal is repeated at the next tick; the lease bears two.
	}
}

// judge turns a handler's error into the job's next state.
func (r *Runner) judge(claim Claim, err, cause error) Outcome {
	now := r.config.Now()
	switch {
	case err == nil:
		return Outcome{State: Done, At: now}
	case isPermanent(err):
		return Outcome{State: Dead, At: now, Error: brief(err)}
	case errors.Is(cause, errInterrupted):
		return Outcome{State: Ready, At: now, Error: brief(cause), Forgiven: true}
	case claim.Attempt >= claim.MaxAttempts:
		return Outcome{State: Dead, At: now, Error: brief(err)}
	}
	if cause != nil && !errors.Is(err, cause) {
		err = errors.Join(cause, err)
	}
	wait := r.config.BackoffOf(claim.Attempt)
	var f *fault.Fault
	if errors.As(err, &f) {
		wait = max(wait, f.RetryAfter)
	}
	return Outcome{State: Ready, At: now.Add(wait), Error: brief(err)}
}

// brief is what of an error is kept with the job: bounded, and text that
// every database takes.
func brief(err error) string {
	const limit = 2000
	text := err.Error()
	text = text[:min(len(text), limit)]
	return strings.ReplaceAll(strings.ToValidUTF8(text, "?"), "\x00", "?")
}

// backoff doubles from 2 s to an hour, spread by a quarter so that jobs that
// failed together do not come back together.
func backoff(attempt int) time.Duration {
	const first, most = 2 * time.Second, time.Hour
	wait := most
	if attempt < 12 {
		wait = min(first<<(attempt-1), most)
	}
	return wait*3/4 + rand.N(wait/2)
}
