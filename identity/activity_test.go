package identity_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"

	"tessera/identity"
)

// counted counts what is written, as the database would be asked to.
type counted struct {
	mu         sync.Mutex
	statements int
	users      map[uuid.UUID]int
	err        error
}

func (c *counted) TouchActive(_ context.Context, users []uuid.UUID, at, stale time.Time) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if at.Sub(stale) != time.Minute {
		return 0, errors.New("a note is stale after a minute")
	}
	c.statements++
	for _, id := range users {
		c.users[id]++
	}
	return len(users), c.err
}

func (c *counted) of(id uuid.UUID) (statements, notes int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.statements, c.users[id]
}

func TestActivityAsksTheDatabaseOnceAMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &counted{users: map[uuid.UUID]int{}}
		activity, err := identity.NewActivity(store, time.Now, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { activity.Run(ctx); close(done) }()
		one, other := uuid.New(), uuid.New()
		for range 59 { // a request every second, and each time fifty at once
			var wg sync.WaitGroup
			for range 50 {
				wg.Go(func() { activity.Seen(one) })
			}
			wg.Wait()
			time.Sleep(time.Second)
		}
		if statements, notes := store.of(one); statements != 1 || notes != 1 {
			t.Errorf("2950 requests in a minute: %d statements, %d notes", statements, notes)
		}
		time.Sleep(2 * time.Second)
		activity.Seen(one)
		activity.Seen(other)
		time.Sleep(2 * time.Second)
		if statements, notes := store.of(one); statements != 2 || notes != 2 {
			t.Errorf("in the next minute: %d statements, %d notes", statements, notes)
		}
		last := uuid.New()
		activity.Seen(last)
		cancel()
		<-done
		if _, notes := store.of(last); notes != 1 {
			t.Error("who was seen last was not noted at the stop")
		}
	})
}

func TestActivityThatWasNotWrittenIsNotedByTheNextRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &counted{users: map[uuid.UUID]int{}, err: errors.New("away")}
		var log bytes.Buffer
		activity, err := identity.NewActivity(store, time.Now, slog.New(slog.NewTextHandler(&log, nil)))
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { activity.Run(ctx); close(done) }()
		user := uuid.New()
		for range 2 {
			activity.Seen(user)
			time.Sleep(3 * time.Second)
		}
		cancel()
		<-done
		if statements, _ := store.of(user); statements != 2 {
			t.Errorf("want a try for each request while the database is away, got %d", statements)
		}
		if log.Len() == 0 {
			t.Error("nobody was told")
		}
	})
}
