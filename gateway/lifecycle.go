package gateway

import (
	"context"
	"time"

	"github.com/google/uuid"
)

const (
	interruptBatch = 100
	purgeBatch     = 500
	purgeEvery     = 10 * time.Minute
	// lastWords is how long interrupted work may take to write its last event,
	// and how long streams may take to deliver it.
	lastWords = 3 * time.Second
)

// Start ends the messages that an earlier process left behind, and begins the
// background work. It must be called once, before Create.
func (s *Service) Start(ctx context.Context) error {
	before := s.now()
	if s.sole {
		before = before.Add(100 * 365 * 24 * time.Hour) // whatever its lease says
	}
	if err := s.interruptExpired(ctx, before); err != nil {
		return err
	}
	loops, stop := context.WithCancel(context.WithoutCancel(ctx))
	s.stopAll = stop
	s.loops.Go(func() { s.journal.run(loops) })
	s.loops.Go(func() { s.keepLeases(loops) })
	s.loops.Go(func() { s.purge(loops) })
	if s.notifier != nil {
		s.loops.Go(func() { s.outbox.run(loops) })
	}
	return nil
}

// Shutdown lets running work go on for the grace that Config states (less if
// ctx ends), ends the rest with an error event, lets streams deliver it, and
// stops. New messages and streams are refused from its first moment on. Call
// it before the HTTP server is shut down, which waits for streams.
func (s *Service) Shutdown(ctx context.Context) {
	s.works.close()
	s.await(ctx, s.works.idle, s.cfg.ShutdownGrace)
	s.stopWork(errStopping)
	s.await(context.WithoutCancel(ctx), s.works.idle, lastWords)
	s.streams.close()
	s.await(ctx, s.streams.idle, lastWords)
	s.streams.evict()
	if s.stopAll != nil {
		s.stopAll()
	}
	ended := make(chan struct{})
	go func() { s.loops.Wait(); close(ended) }()
	s.await(context.WithoutCancel(ctx), ended, lastWords) // a database that hangs must not hold us
}

func (s *Service) await(ctx context.Context, done <-chan struct{}, limit time.Duration) {
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case <-done:
	case <-ctx.Done():
	case <-timer.C:
	}
}

// keepLeases renews our leases and ends messages whose process died.
func (s *Service) keepLeases(ctx context.Context) {
	tick := time.NewTicker(s.cfg.Lease / 3)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		// Our own leases are renewed first, and judged by the time before that:
		// however slow the database is, we never end what we work on.
		now := s.now()
		if err := s.store.RenewLeases(ctx, s.owner, s.active.messages(), now.Add(s.cfg.Lease)); err != nil && ctx.Err() == nil {
			s.log.ErrorContext(ctx, "leases were not renewed", "error", err)
			continue // then nobody's lease can be judged either
		}
		if err := s.interruptExpired(ctx, now); err != nil && ctx.Err() == nil {
			s.log.ErrorContext(ctx, "expired leases were not ended", "error", err)
		}
	}
}

// interruptExpired writes the terminal event of every message whose lease
// ended before a time.
func (s *Service) interruptExpired(ctx context.Context, before time.Time) error {
	for {
		ids, err := s.store.ExpiredLeases(ctx, before, interruptBatch)
		if err != nil {
			return err
		}
		for _, id := range ids {
			if err := s.interrupt(ctx, id, before); err != nil {
				return err
			}
		}
		if len(ids) < interruptBatch {
			return nil
		}
	}
}

func (s *Service) interrupt(ctx context.Context, id uuid.UUID, before time.Time) error {
	const firstEvents = 8 // the route, if there is one, is among them
	start, err := s.store.EventsAfter(ctx, id, 0, firstEvents)
	if err != nil {
		return err
	}
	terminal := errorEvent(ErrWorkInterrupted, routeOf(start))
	terminal.At = s.now()
	var ended bool
	err = s.store.InTx(ctx, func(ctx context.Context) error {
		var err error
		ended, err = s.store.InterruptMessage(ctx, id, before, terminal)
		return err
	})
	if err != nil || !ended {
		return err
	}
	s.log.WarnContext(ctx, "a message was left unfinished by its process", "message_id", id)
	s.hooks.Finished(Outcome{Code: eventCode(ErrWorkInterrupted)})
	s.show(id, nil)
	return nil
}

// purge deletes what is older than the retention.
func (s *Service) purge(ctx context.Context) {
	tick := time.NewTicker(purgeEvery)
	defer tick.Stop()
	for {
		if err := s.purgeExpired(ctx); err != nil && ctx.Err() == nil {
			s.log.ErrorContext(ctx, "old messages were not deleted", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

func (s *Service) purgeExpired(ctx context.Context) error {
	for {
		var n int
		err := s.store.InTx(ctx, func(ctx context.Context) error {
			var err error
			n, err = s.store.PurgeMessages(ctx, s.now(), purgeBatch)
			return err
		})
		if err != nil || n < purgeBatch {
			return err
		}
		s.log.InfoContext(ctx, "old messages deleted", "count", n)
	}
}
