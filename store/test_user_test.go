package store_test

import (
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"tessera/store"
	"tessera/store/storetest"
	"tessera/testuser"
)

func newTestUser(t *testing.T, username string) testuser.User {
	t.Helper()
	id, err := uuid.NewV7()
	if err != nil {
		t.Fatal(err)
	}
	return testuser.User{ID: id, Username: username, CreatedAt: time.Now().UTC().Truncate(time.Microsecond)}
}

func TestANameIsReservedOnce(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		const calls = 16
		var wg sync.WaitGroup
		var mu sync.Mutex
		fresh, ids := 0, map[uuid.UUID]bool{}
		for range calls {
			u := newTestUser(t, "gymbro-test-01")
			wg.Go(func() {
				kept, isNew, err := db.TestUsers().ReserveTestUser(t.Context(), u)
				mu.Lock()
				defer mu.Unlock()
				if err != nil {
					t.Error(err)
				}
				if isNew {
					fresh++
				}
				ids[kept.ID] = true
			})
		}
		wg.Wait()
		if fresh != 1 || len(ids) != 1 {
			t.Errorf("%d calls made %d users of %d ids", calls, fresh, len(ids))
		}
	})
}

func TestSaveTestUserIsConditional(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		users := db.TestUsers()
		u, _, err := users.ReserveTestUser(t.Context(), newTestUser(t, "gymbro-test-01"))
		if err != nil {
			t.Fatal(err)
		}
		first, second := u, u
		first.Email, second.Email = "a@example.com", "b@example.com"
		if saved, err := users.SaveTestUser(t.Context(), u, first); err != nil || !saved {
			t.Fatalf("first: %v, %v", saved, err)
		}
		if saved, err := users.SaveTestUser(t.Context(), u, second); err != nil || saved {
			t.Fatalf("second, of a state that is gone: %v, %v", saved, err)
		}
		used := first
		used.AuthUserID, used.LastUsedAt = "auth-1", time.Now().UTC().Truncate(time.Microsecond)
		if saved, err := users.SaveTestUser(t.Context(), first, used); err != nil || !saved {
			t.Fatalf("used: %v, %v", saved, err)
		}
		got, err := users.TestUser(t.Context(), u.ID)
		if err != nil || got != used {
			t.Fatalf("got  %+v, %v\nwant %+v", got, err, used)
		}
		if _, err := users.TestUser(t.Context(), uuid.New()); !errors.Is(err, testuser.ErrNotFound) {
			t.Errorf("an unknown id: %v", err)
		}
		if _, _, err := users.ReserveTestUser(t.Context(), newTestUser(t, "gymbro-test-02")); err != nil {
			t.Fatal(err)
		}
		all, err := users.TestUsers(t.Context())
		if err != nil || len(all) != 2 || all[0].Username != "gymbro-test-01" {
			t.Errorf("all: %+v, %v", all, err)
		}
	})
}
