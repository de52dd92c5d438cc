package gateway

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"strings"
	"time"
	"unicode/utf8"

	"tessera/fault"
)

// maxUncommitted is how many events of one message may wait for their commit
// before the work waits too.
const maxUncommitted = 256

// Reasons to cancel the work on a message.
var (
	errStopping = errors.New("gateway: the server stops")
	errTooLong  = errors.New("gateway: the work took too long")
)

// work is one message being answered. It is used by one goroutine.
type work struct {
	s     *Service
	m     Message
	call  Call
	route Route
	start time.Time

	position    int64 // of the newest event handed to the journal
	commits     *commit
	uncommitted int

	filter   filter
	reply    strings.Builder
	replyLen int
	seq      int64 // of the newest content_delta
	rawSeq   int64 // of the newest upstream_raw
	rawBytes int64
	usage    Usage
}

// run answers the message. Whatever happens, the log ends with one terminal
// event. Where even that cannot be written, or the log is no longer ours, the
// message is left alone: its lease runs out, and the log is ended then.
func (w *work) run(ctx context.Context) {
	state, f := Completed, w.verdict(ctx, w.answer(ctx))
	terminal := w.completed
	if f != nil {
		state, terminal = Failed, func() Event { return errorEvent(f, w.route) }
	}
	if err := w.finish(state, terminal()); err != nil {
		w.s.log.ErrorContext(ctx, "a message's log could not be ended", "message_id", w.m.ID, "error", err)
		return
	}
	w.report(ctx, f)
}

// answer makes the call; a panic in it is an error like any other.
func (w *work) answer(ctx context.Context) (err error) {
	defer func() {
		if p := recover(); p != nil {
			w.s.log.ErrorContext(ctx, "panic while answering a message",
				"message_id", w.m.ID, "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
			err = ErrWorkFailed.Because(fmt.Errorf("panic: %v", p))
		}
	}()
	if err := w.emit(Append{State: Working, Events: []Event{statusEvent(Working)}}); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeoutCause(ctx, w.s.cfg.TotalTimeout, errTooLong)
	defer cancel()
	if err := w.s.upstream.Stream(ctx, w.call, w); err != nil {
		if cause := context.Cause(ctx); errors.Is(cause, errTooLong) {
			return ErrUpstreamTimeout.Because(cause)
		}
		return err
	}
	return w.show(w.filter.Close())
}

// verdict is the fault that ends the message, nil for a whole reply.
func (w *work) verdict(ctx context.Context, err error) *fault.Fault {
	switch {
	case err == nil:
		return nil
	case errors.Is(context.Cause(ctx), errStopping):
		return ErrWorkInterrupted.Because(err)
	}
	f := fault.From(err)
	if f.Kind == fault.Internal {
		return ErrWorkFailed.Because(err)
	}
	return f
}

// Routed implements [Sink].
func (w *work) Routed(upstreamRequestID string) error {
	w.route.UpstreamRequestID = upstreamRequestID
	return w.emit(Append{Events: []Event{routedEvent(w.route)}})
}

// Frame implements [Sink].
func (w *work) Frame(f Frame) error {
	if f.Usage != nil {
		w.usage = *f.Usage
	}
	if err := w.raw(f); err != nil {
		return err
	}
	if f.Text == "" {
		return nil
	}
	return w.show(w.filter.Write(f.Text))
}

// raw logs the frame for diagnosis, while the reply is passed on as it comes.
func (w *work) raw(f Frame) error {
	w.rawBytes += int64(len(f.Raw))
	if w.filter.Effective() != RawPassthrough || w.rawBytes > w.s.cfg.MaxRawBytes {
		return nil
	}
	w.rawSeq++
	return w.emit(Append{Events: []Event{{Name: RawEvent, Data: encode(rawData{
		Seq: w.rawSeq, Dialect: w.call.Dialect, UpstreamEvent: f.Event, Raw: f.Raw,
	})}}})
}

// show logs text of the reply, in pieces where it is long.
func (w *work) show(text string) error {
	if text == "" {
		return nil
	}
	text = strings.ToValidUTF8(text, "\uFFFD")
	if int64(w.reply.Len()+len(text)) > w.s.cfg.MaxReplyBytes {
		return ErrReplyTooLarge
	}
	w.reply.WriteString(text)
	w.replyLen += utf8.RuneCountInString(text)
	first := w.seq == 0
	var events []Event
	for _, piece := range split(text) {
		w.seq++
		events = append(events, Event{Name: DeltaEvent, Data: encode(deltaData{Seq: w.seq, Delta: piece})})
	}
	if err := w.emit(Append{Events: events}); err != nil {
		return err
	}
	if first {
		w.s.hooks.FirstDelta(w.s.now().Sub(w.start))
	}
	return nil
}

// emit hands events to the journal, and waits for it only when it is behind.
func (w *work) emit(a Append) error {
	if w.commits != nil {
		select {
		case <-w.commits.done:
			if w.commits.err != nil {
				return w.commits.err
			}
			w.uncommitted = 0
		default:
		}
		if w.uncommitted > maxUncommitted {
			<-w.commits.done
			w.uncommitted = 0
			if w.commits.err != nil {
				return w.commits.err
			}
		}
	}
	a.MessageID, a.LeaseOwner = w.m.ID, w.m.LeaseOwner
	for i := range a.Events {
		w.position++
		a.Events[i].Position, a.Events[i].At = w.position, w.s.now()
	}
	w.uncommitted += len(a.Events)
	w.commits = w.s.journal.add(a)
	return nil
}

// finish ends the log and waits until that is durable.
func (w *work) finish(state State, terminal Event) error {
	if err := w.emit(Append{State: state, Reply: w.reply.String(), Events: []Event{terminal}}); err != nil {
		return err
	}
	<-w.commits.done
	return w.commits.err
}

func (w *work) completed() Event {
	return Event{Name: CompletedEvent, Terminal: true, Data: encode(completedData{
		Provider: w.route.Provider, ResolvedModel: w.route.ResolvedModel,
		EndpointID: w.route.EndpointID, UpstreamRequestID: w.route.UpstreamRequestID,
		ResultMode: w.m.ResultMode, ResultModeEffective: w.filter.Effective(),
		ReplyLen: w.replyLen, Metadata: w.m.Metadata,
	})}
}

// Outcome is how the work on a message ended.
type Outcome struct {
	Code     string // "completed", or the code of the error event
	Model    string
	Provider string
	Duration time.Duration
	Usage    Usage
}

func (w *work) report(ctx context.Context, f *fault.Fault) {
	o := Outcome{
		Code: string(CompletedEvent), Model: w.m.Model, Provider: w.route.Provider,
		Duration: w.s.now().Sub(w.start), Usage: w.usage,
	}
	attrs := []any{"message_id", w.m.ID, "model", w.m.Model, "upstream_request_id", w.route.UpstreamRequestID}
	level := slog.LevelInfo
	if f != nil {
		o.Code = eventCode(f)
		attrs = append(attrs, "fault", f)
		level = slog.LevelWarn
	}
	attrs = append(attrs, "outcome", o.Code, "took", o.Duration, "reply_len", w.replyLen,
		"input_tokens", w.usage.Input, "output_tokens", w.usage.Output)
	w.s.log.Log(ctx, level, "message answered", attrs...)
	w.s.hooks.Finished(o)
}
