package gateway

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/google/uuid"
)

const shutdownRetry = 2 * time.Second

// Hooks are told of what happens, for metrics. Each may be nil, and must
// return at once.
type Hooks struct {
	StreamOpened func()
	StreamClosed func()
	// FirstDelta gets the time from the create request to the first text.
	FirstDelta func(time.Duration)
	Finished   func(Outcome)
}

func (h Hooks) withDefaults() Hooks {
	if h.StreamOpened == nil {
		h.StreamOpened = func() {}
	}
	if h.StreamClosed == nil {
		h.StreamClosed = func() {}
	}
	if h.FirstDelta == nil {
		h.FirstDelta = func(time.Duration) {}
	}
	if h.Finished == nil {
		h.Finished = func(Outcome) {}
	}
	return h
}

// Deps are what the service works with.
type Deps struct {
	Config   Config
	Store    Store
	Upstream Upstream
	Slots    Slots
	Notifier Notifier // nil = this process is the only one
	Now      func() time.Time
	Log      *slog.Logger // nil = none
	Hooks    Hooks
	// SoleProcess says that no other process uses this database, so that at
	// start every unfinished message is known to be dead.
	SoleProcess bool
}

// Service answers messages. It is safe for concurrent use.
type Service struct {
	cfg      Config
	store    Store
	upstream Upstream
	slots    Slots
	notifier Notifier
	now      func() time.Time
	log      *slog.Logger
	hooks    Hooks

	owner   string // of the leases of this process
	sole    bool
	catalog *catalog
	hub     *hub
	journal *journal
	active  *active
	works   *gate
	streams *gate
	outbox  *outbox

	stopWork context.CancelCauseFunc
	workCtx  context.Context
	stopAll  context.CancelFunc
	loops    sync.WaitGroup
}

// New returns a service that does nothing before [Service.Start].
func New(d Deps) (*Service, error) {
	if err := d.Config.validate(); err != nil {
		return nil, err
	}
	if d.Log == nil {
		d.Log = slog.New(slog.DiscardHandler)
	}
	s := &Service{
		cfg: d.Config, store: d.Store, upstream: d.Upstream, slots: d.Slots,
		notifier: d.Notifier, now: d.Now, log: d.Log, hooks: d.Hooks.withDefaults(),
		owner: uuid.NewString(), sole: d.SoleProcess, hub: newHub(), works: newGate(), streams: newGate(),
	}
	s.active = newActive(s.cfg.MaxActive, s.cfg.MaxActivePerUser)
	s.catalog = &catalog{configured: s.cfg.models(), dialect: s.cfg.Dialect, upstream: d.Upstream, now: d.Now}
	s.outbox = newOutbox(d.Notifier, d.Log)
	s.journal = newJournal(d.Store, s.show, d.Log)
	s.workCtx, s.stopWork = context.WithCancelCause(context.Background())
	return s, nil
}

// show tells subscribers here and elsewhere of committed events.
func (s *Service) show(id uuid.UUID, events []Event) {
	s.hub.publish(id, events)
	s.outbox.add(id)
}

// Create accepts a message and starts to answer it in the background. It
// returns before the upstream was asked. Faults: gateway.request_refused,
// gateway.model_not_allowed, gateway.dialect_not_supported_yet,
// gateway.conversation_not_found, gateway.too_many_active_messages,
// gateway.shutting_down, and the upstream's where the list of models is its.
func (s *Service) Create(ctx context.Context, r Request) (messageID, conversationID uuid.UUID, err error) {
	if err := r.check(); err != nil {
		return uuid.Nil, uuid.Nil, err
	}
	model, err := s.catalog.allowed(ctx, r.Model, r.Dialect)
	if err != nil {
		return uuid.Nil, uuid.Nil, err
	}
	if err := s.works.enter(); err != nil {
		return uuid.Nil, uuid.Nil, err
	}
	w, err := s.accept(ctx, &r, model)
	if err != nil {
		s.works.leave()
		return uuid.Nil, uuid.Nil, err
	}
	go s.workOn(ctx, w)
	return w.m.ID, w.m.ConversationID, nil
}

// accept writes the message with the first event of its log.
func (s *Service) accept(ctx context.Context, r *Request, model Model) (*work, error) {
	call := r.call(model, s.cfg.SystemPrompt)
	m, err := s.newMessage(r, call.Dialect)
	if err != nil {
		return nil, err
	}
	if err := s.active.add(m.UserID, m.ID); err != nil {
		return nil, err
	}
	first := statusEvent(Queued)
	first.Position, first.At = m.LastPosition, m.CreatedAt
	err = s.store.InTx(ctx, func(ctx context.Context) error { return s.store.CreateMessage(ctx, m, first) })
	if err != nil {
		s.active.remove(m.UserID, m.ID)
		return nil, err
	}
	endpoint := s.upstream.Endpoint()
	return &work{
		s: s, m: m, call: call, start: m.CreatedAt, position: m.LastPosition, filter: newFilter(m.ResultMode),
		route: Route{Provider: endpoint.Provider, EndpointID: endpoint.ID, ResolvedModel: call.Model},
	}, nil
}

func (s *Service) newMessage(r *Request, dialect Dialect) (Message, error) {
	id, err := uuid.NewV7()
	if err != nil {
		return Message{}, fmt.Errorf("message id: %w", err)
	}
	now := s.now()
	m := Message{
		ID: id, UserID: r.UserID, RequestID: r.RequestID, Form: r.form(), Model: r.Model,
		Dialect: dialect, ResultMode: r.ResultMode, Request: r.Raw, Metadata: r.Metadata,
		State: Queued, LastPosition: 1, LeaseOwner: s.owner, LeaseUntil: now.Add(s.cfg.Lease),
		CreatedAt: now, ExpiresAt: now.Add(s.cfg.Retention),
	}
	if m.ResultMode == "" {
		m.ResultMode = RawPassthrough
	}
	if m.Metadata == nil {
		m.Metadata = []byte("{}")
	}
	if r.ConversationID != nil {
		m.ConversationID = *r.ConversationID
		return m, nil
	}
	m.ConversationID, err = uuid.NewV7()
	return m, err
}

// workOn answers a message outside the request that created it, of which only
// the values (request id, trace) remain.
func (s *Service) workOn(request context.Context, w *work) {
	ctx, cancel := context.WithCancelCause(context.WithoutCancel(request))
	stop := context.AfterFunc(s.workCtx, func() { cancel(context.Cause(s.workCtx)) })
	topic := s.hub.join(w.m.ID)
	topic.setWorking(true)
	defer func() {
		topic.setWorking(false)
		s.hub.leave(w.m.ID)
		stop()
		cancel(nil)
		s.active.remove(w.m.UserID, w.m.ID)
		s.works.leave()
	}()
	w.run(ctx)
}
