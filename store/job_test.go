package store_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"tessera/job"
	"tessera/store"
	"tessera/store/storetest"
)

var jobEpoch = time.Date(2030, 5, 6, 7, 8, 9, 123456000, time.UTC)

func jobRow(kind, unique string, runAt time.Time) job.Row {
	return job.Row{
		ID: uuid.Must(uuid.NewV7()), Kind: kind, Unique: unique, Payload: []byte("payload of " + unique),
		MaxAttempts: 3, RunAt: runAt, CreatedAt: jobEpoch,
	}
}

func addJob(t *testing.T, db *store.DB, row job.Row) {
	t.Helper()
	if added, err := db.AddJob(t.Context(), row); err != nil || !added {
		t.Fatalf("add %s/%s: added=%v, %v", row.Kind, row.Unique, added, err)
	}
}

// claimJobs claims at a time, with a lease of a minute.
func claimJobs(t *testing.T, db *store.DB, at time.Time, n int, kinds ...string) []job.Claim {
	t.Helper()
	claims, err := db.ClaimJobs(t.Context(), kinds, n, at, at.Add(time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	return claims
}

func settle(t *testing.T, db *store.DB, lease job.Lease, outcome job.Outcome) bool {
	t.Helper()
	ok, err := db.SettleJob(t.Context(), lease, outcome)
	if err != nil {
		t.Fatal(err)
	}
	return ok
}

func wantCounts(t *testing.T, db *store.DB, want job.Counts) {
	t.Helper()
	got, err := db.CountJobs(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if got.Ready != want.Ready || got.Running != want.Running || got.Dead != want.Dead || !got.DueSince.Equal(want.DueSince) {
		t.Fatalf("counts: got %+v, want %+v", got, want)
	}
}

func TestJobsAreWrittenWithTheTransaction(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		stop := errors.New("changed my mind")
		err := db.InTx(t.Context(), func(ctx context.Context) error {
			if _, err := db.AddJob(ctx, jobRow("mail", "lost", jobEpoch)); err != nil {
				return err
			}
			return stop
		})
		if !errors.Is(err, stop) {
			t.Fatal(err)
		}
		wantCounts(t, db, job.Counts{})
		err = db.InTx(t.Context(), func(ctx context.Context) error {
			_, err := db.AddJob(ctx, jobRow("mail", "kept", jobEpoch))
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		wantCounts(t, db, job.Counts{Ready: 1, DueSince: jobEpoch})
	})
}

func TestALiveUniqueJobRefusesAnother(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		// In a transaction, which must go on after the refusal.
		err := db.InTx(t.Context(), func(ctx context.Context) error {
			for i, want := range []bool{true, false} {
				if added, err := db.AddJob(ctx, jobRow("mail", "u", jobEpoch)); err != nil || added != want {
					return fmt.Errorf("add %d: added=%v, %w", i, added, err)
				}
			}
			_, err := db.AddJob(ctx, jobRow("other", "u", jobEpoch))
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		addJob(t, db, jobRow("mail", "", jobEpoch))
		addJob(t, db, jobRow("mail", "", jobEpoch))

		claims := claimJobs(t, db, jobEpoch, 10, "mail")
		claim := claims[slices.IndexFunc(claims, func(c job.Claim) bool { return c.Unique == "u" })]
		if added, err := db.AddJob(t.Context(), jobRow("mail", "u", jobEpoch)); err != nil || added {
			t.Fatalf("while it runs: added=%v, %v", added, err)
		}
		settle(t, db, claim.Lease, job.Outcome{State: job.Done, At: jobEpoch})
		addJob(t, db, jobRow("mail", "u", jobEpoch))

		taken := jobRow("mail", "another", jobEpoch)
		taken.ID = claim.ID
		if added, err := db.AddJob(t.Context(), taken); err != nil || added {
			t.Fatalf("a taken id: added=%v, %v", added, err)
		}
	})
}

func TestClaimsTakeWhatIsDueInOrder(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		addJob(t, db, jobRow("a", "third", jobEpoch.Add(2*time.Microsecond)))
		addJob(t, db, jobRow("a", "first", jobEpoch))
		addJob(t, db, jobRow("a", "second", jobEpoch.Add(time.Microsecond).In(time.FixedZone("", 8*3600))))
		addJob(t, db, jobRow("a", "later", jobEpoch.Add(time.Hour)))
		addJob(t, db, jobRow("b", "unknown here", jobEpoch))

		if got := claimJobs(t, db, jobEpoch.Add(-time.Microsecond), 10, "a"); len(got) != 0 {
			t.Fatalf("before any is due: %v", got)
		}
		var order []string
		for range 3 {
			claims := claimJobs(t, db, jobEpoch.Add(2*time.Microsecond), 1, "a", "c")
			if len(claims) != 1 {
				t.Fatalf("claimed %d, want 1", len(claims))
			}
			c := claims[0]
			order = append(order, c.Unique)
			if c.Kind != "a" || c.Attempt != 1 || c.MaxAttempts != 3 || string(c.Payload) != "payload of "+c.Unique {
				t.Errorf("claim: %+v", c)
			}
		}
		if got := fmt.Sprint(order); got != "[first second third]" {
			t.Errorf("order %s", got)
		}
		if got := claimJobs(t, db, jobEpoch.Add(2*time.Microsecond), 10, "a"); len(got) != 0 {
			t.Fatalf("all due ones are held: %v", got)
		}
		if got := claimJobs(t, db, jobEpoch, 10); len(got) != 0 {
			t.Fatalf("no kinds, no claims: %v", got)
		}
	})
}

func TestAnEndedLeaseIsClaimedAnewAndTheOldHolderRefused(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		addJob(t, db, jobRow("a", "", jobEpoch))
		stale := claimJobs(t, db, jobEpoch, 1, "a")[0]
		if ok, err := db.RenewJob(t.Context(), stale.Lease, jobEpoch.Add(2*time.Minute)); err != nil || !ok {
			t.Fatalf("renew: %v, %v", ok, err)
		}
		if got := claimJobs(t, db, jobEpoch.Add(time.Minute), 1, "a"); len(got) != 0 {
			t.Fatal("a renewed lease is claimed")
		}
		later := jobEpoch.Add(2 * time.Minute)
		fresh := claimJobs(t, db, later, 1, "a")
		if len(fresh) != 1 || fresh[0].ID != stale.ID || fresh[0].Attempt != 2 {
			t.Fatalf("after the lease: %+v", fresh)
		}
		for _, state := range []job.State{job.Done, job.Dead, job.Ready} {
			if settle(t, db, stale.Lease, job.Outcome{State: state, At: later}) {
				t.Errorf("the old holder could settle as %s", state)
			}
		}
		if ok, err := db.RenewJob(t.Context(), stale.Lease, later); err != nil || ok {
			t.Errorf("the old holder could renew: %v, %v", ok, err)
		}
		if !settle(t, db, fresh[0].Lease, job.Outcome{State: job.Done, At: later}) {
			t.Error("the new holder could not settle")
		}
		if settle(t, db, fresh[0].Lease, job.Outcome{State: job.Done, At: later}) {
			t.Error("a job was settled twice")
		}
	})
}

func TestSettledJobs(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		addJob(t, db, jobRow("a", "u", jobEpoch))
		claim := claimJobs(t, db, jobEpoch, 1, "a")[0]
		retryAt := jobEpoch.Add(time.Minute)
		settle(t, db, claim.Lease, job.Outcome{State: job.Ready, At: retryAt, Error: "not yet"})
		wantCounts(t, db, job.Counts{Ready: 1, DueSince: retryAt})
		if got := claimJobs(t, db, retryAt.Add(-time.Microsecond), 1, "a"); len(got) != 0 {
			t.Fatal("claimed before its time")
		}
		claim = claimJobs(t, db, retryAt, 1, "a")[0]
		if claim.Attempt != 2 || claim.MaxAttempts != 3 || string(claim.Payload) != "payload of u" {
			t.Fatalf("second attempt: %+v", claim)
		}
		settle(t, db, claim.Lease, job.Outcome{State: job.Ready, At: retryAt, Error: "cut short", Forgiven: true})
		claim = claimJobs(t, db, retryAt, 1, "a")[0]
		if claim.Attempt != 3 || claim.MaxAttempts != 4 {
			t.Fatalf("after a forgiven attempt: %+v", claim)
		}
		settle(t, db, claim.Lease, job.Outcome{State: job.Dead, At: retryAt, Error: "never"})
		wantCounts(t, db, job.Counts{Dead: 1})
		if got := claimJobs(t, db, retryAt.Add(time.Hour), 1, "a"); len(got) != 0 {
			t.Fatal("a dead job is claimed")
		}
		if _, err := db.SettleJob(t.Context(), claim.Lease, job.Outcome{State: job.Running}); err == nil {
			t.Error("settling as running should be an error")
		}
	})
}

func TestPurgeKeepsWhatIsYoungOrAlive(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		for i := range 4 {
			addJob(t, db, jobRow("a", strconv.Itoa(i), jobEpoch))
		}
		claims := claimJobs(t, db, jobEpoch, 4, "a")
		settle(t, db, claims[0].Lease, job.Outcome{State: job.Done, At: jobEpoch})
		settle(t, db, claims[1].Lease, job.Outcome{State: job.Dead, At: jobEpoch})
		settle(t, db, claims[2].Lease, job.Outcome{State: job.Ready, At: jobEpoch})
		purge := func(done, dead time.Time) int {
			t.Helper()
			n, err := db.PurgeJobs(t.Context(), done, dead, 100)
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
		after := jobEpoch.Add(time.Second)
		if n := purge(jobEpoch, jobEpoch); n != 0 {
			t.Fatalf("purged %d that are not old enough", n)
		}
		if n := purge(after, jobEpoch); n != 1 {
			t.Fatalf("purged %d, want the done one", n)
		}
		if n := purge(after, after); n != 1 {
			t.Fatalf("purged %d, want the dead one", n)
		}
		wantCounts(t, db, job.Counts{Ready: 1, Running: 1, DueSince: jobEpoch})
	})
}

func TestManyWorkersClaimEachJobOnce(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		const jobs = 200
		for i := range jobs {
			addJob(t, db, jobRow("a", strconv.Itoa(i), jobEpoch))
		}
		var mu sync.Mutex
		claimed := map[string]int{}
		var workers sync.WaitGroup
		for range 8 {
			workers.Go(func() {
				for {
					claims, err := db.ClaimJobs(t.Context(), []string{"a"}, 7, jobEpoch, jobEpoch.Add(time.Hour))
					if err != nil {
						t.Error(err)
						return
					}
					mu.Lock()
					done := len(claimed) == jobs
					for _, c := range claims {
						claimed[c.Unique]++
					}
					mu.Unlock()
					// SKIP LOCKED may find nothing while others hold the rest.
					if len(claims) == 0 && done {
						return
					}
				}
			})
		}
		workers.Wait()
		for unique, n := range claimed {
			if n != 1 {
				t.Errorf("job %s was claimed %d times", unique, n)
			}
		}
	})
}
