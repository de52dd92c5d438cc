package store_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"tessera/gateway"
	"tessera/store"
	"tessera/store/storetest"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 123456000, time.UTC)

func newMessage(user, conversation uuid.UUID) gateway.Message {
	return gateway.Message{
		ID: uuid.Must(uuid.NewV7()), ConversationID: conversation, UserID: user, RequestID: "req-1",
		Form: gateway.ServerPrompt, Model: "m", Dialect: gateway.ChatCompletions, ResultMode: gateway.RawPassthrough,
		Request: []byte(`{"z":1.10,"a":"\u0000"}`), Metadata: []byte(`{}`), State: gateway.Queued, LastPosition: 1,
		LeaseOwner: "one", LeaseUntil: noon.Add(time.Minute), CreatedAt: noon, ExpiresAt: noon.Add(time.Hour),
	}
}

func event(position int64, data string) gateway.Event {
	return gateway.Event{Position: position, Name: gateway.DeltaEvent, Data: []byte(data), At: noon}
}

func terminal(position int64) gateway.Event {
	return gateway.Event{Position: position, Name: gateway.ErrorEvent, Data: []byte(`{}`), Terminal: true, At: noon}
}

func create(t *testing.T, db *store.DB) gateway.Message {
	t.Helper()
	m := newMessage(uuid.New(), uuid.New())
	if err := createMessage(t.Context(), db, m); err != nil {
		t.Fatal(err)
	}
	return m
}

func createMessage(ctx context.Context, db *store.DB, m gateway.Message) error {
	return db.InTx(ctx, func(ctx context.Context) error { return db.CreateMessage(ctx, m, event(1, `{"n":1}`)) })
}

func appendTo(ctx context.Context, db *store.DB, batch ...gateway.Append) (lost []uuid.UUID, err error) {
	err = db.InTx(ctx, func(ctx context.Context) error {
		lost, err = db.AppendEvents(ctx, batch)
		return err
	})
	return lost, err
}

func interrupt(ctx context.Context, db *store.DB, id uuid.UUID, before time.Time) (ended bool, err error) {
	err = db.InTx(ctx, func(ctx context.Context) error {
		ended, err = db.InterruptMessage(ctx, id, before, terminal(0))
		return err
	})
	return ended, err
}

func TestMessageRoundTrip(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		m := create(t, db)
		got, err := db.Message(t.Context(), m.UserID, m.ID)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(m, got); diff != "" {
			t.Errorf("message (-want +got):\n%s", diff)
		}
		if _, err := db.Message(t.Context(), uuid.New(), m.ID); !errors.Is(err, gateway.ErrMessageNotFound) {
			t.Errorf("a stranger got %v", err)
		}
		if _, err := db.Message(t.Context(), m.UserID, uuid.New()); !errors.Is(err, gateway.ErrMessageNotFound) {
			t.Errorf("an unknown id got %v", err)
		}
	})
}

func TestConversationBelongsToOneUser(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		m := create(t, db)
		if err := createMessage(t.Context(), db, newMessage(m.UserID, m.ConversationID)); err != nil {
			t.Errorf("a second message of the conversation: %v", err)
		}
		stranger := newMessage(uuid.New(), m.ConversationID)
		if err := createMessage(t.Context(), db, stranger); !errors.Is(err, gateway.ErrConversationNotFound) {
			t.Errorf("a stranger's message: %v", err)
		}
		if _, err := db.Message(t.Context(), stranger.UserID, stranger.ID); !errors.Is(err, gateway.ErrMessageNotFound) {
			t.Errorf("the refused message is there: %v", err)
		}
	})
}

func TestAppendEventsAndReadThemBack(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		a, b := create(t, db), create(t, db)
		var many []gateway.Event
		for i := int64(2); i <= 500; i++ {
			many = append(many, event(i, fmt.Sprintf(`{"n":%d,"x":"\u0000字"}`, i)))
		}
		end := terminal(501)
		lost, err := appendTo(t.Context(), db,
			gateway.Append{MessageID: a.ID, LeaseOwner: "one", Events: append(many, end), State: gateway.Failed, Reply: "half\x00"},
			gateway.Append{MessageID: b.ID, LeaseOwner: "one", Events: []gateway.Event{event(2, `{}`)}, State: gateway.Working})
		if err != nil || len(lost) > 0 {
			t.Fatalf("append: lost %v, %v", lost, err)
		}
		var got []gateway.Event
		for {
			page, err := db.EventsAfter(t.Context(), a.ID, int64(len(got)), 200)
			if err != nil {
				t.Fatal(err)
			}
			if len(page) == 0 {
				break
			}
			got = append(got, page...)
		}
		want := append(append([]gateway.Event{event(1, `{"n":1}`)}, many...), end)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("events (-want +got):\n%s", diff)
		}
		m, err := db.Message(t.Context(), a.UserID, a.ID)
		if err != nil || m.State != gateway.Failed || m.LastPosition != 501 || m.Reply != "half\uFFFD" || m.LeaseOwner != "" || !m.LeaseUntil.IsZero() || !m.FinishedAt.Equal(noon) {
			t.Errorf("after the terminal event: %+v, %v", m, err)
		}
		if m, err := db.Message(t.Context(), b.UserID, b.ID); err != nil || m.State != gateway.Working || m.LeaseOwner != "one" {
			t.Errorf("at work: %+v, %v", m, err)
		}
	})
}

// TestAppendIsFenced: whoever lost the lease, or is not where the log is, does
// not write, and does not stop the others of its batch.
func TestAppendIsFenced(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		m, other := create(t, db), create(t, db)
		two := []gateway.Event{event(2, `{}`)}
		fine := gateway.Append{MessageID: other.ID, LeaseOwner: "one", Events: two}
		for name, bad := range map[string]gateway.Append{
			"another holder": {MessageID: m.ID, LeaseOwner: "two", Events: two},
			"a gap":          {MessageID: m.ID, LeaseOwner: "one", Events: []gateway.Event{event(3, `{}`)}},
			"a repeat":       {MessageID: m.ID, LeaseOwner: "one", Events: []gateway.Event{event(1, `{}`)}},
			"no message":     {MessageID: uuid.New(), LeaseOwner: "one", Events: two},
		} {
			lost, err := appendTo(t.Context(), db, bad, fine)
			if err != nil || !cmp.Equal(lost, []uuid.UUID{bad.MessageID}) {
				t.Errorf("%s: lost %v, %v", name, lost, err)
			}
			fine.Events = []gateway.Event{event(fine.Events[0].Position+1, `{}`)}
		}
		if ended, err := interrupt(t.Context(), db, m.ID, noon.Add(2*time.Minute)); err != nil || !ended {
			t.Fatalf("interrupt: %v, %v", ended, err)
		}
		late := gateway.Append{MessageID: m.ID, LeaseOwner: "one", Events: []gateway.Event{event(3, `{}`)}}
		if lost, err := appendTo(t.Context(), db, late); err != nil || len(lost) != 1 {
			t.Errorf("after the end: lost %v, %v", lost, err)
		}
		if events, err := db.EventsAfter(t.Context(), m.ID, 0, 10); err != nil || len(events) != 2 || !events[1].Terminal || events[1].Position != 2 {
			t.Errorf("log %+v, %v", events, err)
		}
	})
}

func TestInterruptHonoursTheLease(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		m := create(t, db)
		if ids, err := db.ExpiredLeases(t.Context(), noon.Add(time.Second), 10); err != nil || len(ids) != 0 {
			t.Errorf("a lease that runs is listed: %v, %v", ids, err)
		}
		if ended, err := interrupt(t.Context(), db, m.ID, noon.Add(time.Second)); err != nil || ended {
			t.Errorf("a lease that runs was ended: %v, %v", ended, err)
		}
		if err := db.RenewLeases(t.Context(), "two", []uuid.UUID{m.ID}, noon.Add(time.Hour)); err != nil {
			t.Fatal(err)
		}
		expired := noon.Add(2 * time.Minute)
		if ids, err := db.ExpiredLeases(t.Context(), expired, 10); err != nil || !cmp.Equal(ids, []uuid.UUID{m.ID}) {
			t.Errorf("another's renewal must not count: %v, %v", ids, err)
		}
		if err := db.RenewLeases(t.Context(), "one", []uuid.UUID{m.ID}, noon.Add(time.Hour)); err != nil {
			t.Fatal(err)
		}
		if ids, err := db.ExpiredLeases(t.Context(), expired, 10); err != nil || len(ids) != 0 {
			t.Errorf("a renewed lease is listed: %v, %v", ids, err)
		}
	})
}

// TestOneTerminalEventUnderContention lets the worker and many others end a
// message at the same moment.
func TestOneTerminalEventUnderContention(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		for range 10 {
			m := create(t, db)
			var ends atomic.Int64
			var wg sync.WaitGroup
			start := make(chan struct{})
			for range 6 {
				wg.Go(func() {
					<-start
					ended, err := interrupt(context.Background(), db, m.ID, noon.Add(time.Hour))
					if err != nil {
						t.Error(err)
					} else if ended {
						ends.Add(1)
					}
				})
			}
			wg.Go(func() {
				<-start
				lost, err := appendTo(context.Background(), db, gateway.Append{
					MessageID: m.ID, LeaseOwner: "one", State: gateway.Completed, Events: []gateway.Event{event(2, `{}`), terminal(3)},
				})
				if err != nil {
					t.Error(err)
				} else if len(lost) == 0 {
					ends.Add(1)
				}
			})
			close(start)
			wg.Wait()
			events, err := db.EventsAfter(t.Context(), m.ID, 0, 10)
			if err != nil {
				t.Fatal(err)
			}
			terminals := 0
			for i, e := range events {
				if e.Position != int64(i+1) {
					t.Errorf("position %d at %d", e.Position, i)
				}
				if e.Terminal {
					terminals++
				}
			}
			if ends.Load() != 1 || terminals != 1 || !events[len(events)-1].Terminal {
				t.Fatalf("%d ends, %d terminal events in %d", ends.Load(), terminals, len(events))
			}
		}
	})
}

// TestTheDatabaseRefusesASecondTerminalEvent bypasses every rule above it.
func TestTheDatabaseRefusesASecondTerminalEvent(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		m := create(t, db)
		_, err := appendTo(t.Context(), db, gateway.Append{
			MessageID: m.ID, LeaseOwner: "one", Events: []gateway.Event{terminal(2), terminal(3)},
		})
		if err == nil {
			t.Fatal("two terminal events were accepted")
		}
		if events, err := db.EventsAfter(t.Context(), m.ID, 0, 10); err != nil || len(events) != 1 {
			t.Errorf("the refused events are there: %v, %v", events, err)
		}
	})
}

func TestPurgeMessages(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		running, done, fresh := create(t, db), create(t, db), newMessage(uuid.New(), uuid.New())
		fresh.ExpiresAt = noon.Add(100 * time.Hour)
		if err := createMessage(t.Context(), db, fresh); err != nil {
			t.Fatal(err)
		}
		for _, m := range []gateway.Message{done, fresh} {
			if _, err := interrupt(t.Context(), db, m.ID, noon.Add(time.Hour)); err != nil {
				t.Fatal(err)
			}
		}
		var n int
		err := db.InTx(t.Context(), func(ctx context.Context) (err error) {
			n, err = db.PurgeMessages(ctx, noon.Add(50*time.Hour), 10)
			return err
		})
		if err != nil || n != 1 {
			t.Fatalf("purged %d, %v", n, err)
		}
		if _, err := db.Message(t.Context(), done.UserID, done.ID); !errors.Is(err, gateway.ErrMessageNotFound) {
			t.Errorf("the expired message: %v", err)
		}
		if events, err := db.EventsAfter(t.Context(), done.ID, 0, 10); err != nil || len(events) != 0 {
			t.Errorf("its log: %v, %v", events, err)
		}
		for _, m := range []gateway.Message{running, fresh} {
			if _, err := db.Message(t.Context(), m.UserID, m.ID); err != nil {
				t.Errorf("a message that is not due: %v", err)
			}
		}
		// Its conversation went too, so its id is free for anybody.
		if err := createMessage(t.Context(), db, newMessage(uuid.New(), done.ConversationID)); err != nil {
			t.Errorf("the empty conversation is still there: %v", err)
		}
	})
}
