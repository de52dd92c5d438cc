package store_test

import (
	"sync"
	"testing"
	"time"

	"tessera/store"
	"tessera/store/storetest"
)

func TestInstalledAtIsTheFirstCallsTime(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		start := time.Date(2026, 1, 2, 3, 4, 5, 678, time.UTC)
		var mu sync.Mutex
		seen := map[time.Time]int{}
		var wg sync.WaitGroup
		for i := range 8 {
			wg.Go(func() {
				at, err := db.InstalledAt(t.Context(), start.Add(time.Duration(i)*time.Hour))
				if err != nil {
					t.Error(err)
				}
				mu.Lock()
				seen[at]++
				mu.Unlock()
			})
		}
		wg.Wait()
		if len(seen) != 1 {
			t.Fatalf("several answers: %v", seen)
		}
		for _, pool := range db.Stats() {
			if pool.Open == 0 {
				t.Errorf("pool %s has no connection after use", pool.Pool)
			}
		}
	})
}
