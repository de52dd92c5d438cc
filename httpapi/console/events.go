package console

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"

	"tessera/fault"
	"tessera/gateway"
	"tessera/httpapi"
)

// EventOptions adjusts the event streams.
type EventOptions struct {
	Now func() time.Time
	// WriteTimeout is how long a client may take to accept what we send; one
	// that stopped reading is dropped, and frees its conversation for another
	// stream. 0 = 10 s.
	WriteTimeout time.Duration
}

const defaultWriteTimeout = 10 * time.Second

const eventsDescription = `The reply of a message as server-sent events. Each event has an id (but heartbeats), a name, and one line of JSON with message_id and request_id (of the call that created the message) and:

| event | data |
|---|---|
| status | state: queued, working, or routed with provider, resolved_model, endpoint_id, upstream_request_id |
| content_delta | seq (from 1, without a gap), delta: the reply is the concatenation of all deltas |
| upstream_raw | seq, dialect, upstream_event, raw: for diagnosis only |
| completed | the last event: provider, resolved_model, endpoint_id, upstream_request_id, result_mode, result_mode_effective, reply_len (in characters), reply_snapshot_included, metadata |
| error | the last event instead: code, message, error, provider, resolved_model, endpoint_id |
| heartbeat | ts (ms), after a silence |

Every stream ends with exactly one completed or error event. One that broke is resumed with the header Last-Event-ID. One live stream per user and conversation: a second is refused with 429.`

// AddEvents adds the event stream of a message.
func AddEvents(a *API, g Gateway, opts EventOptions) {
	if opts.WriteTimeout == 0 {
		opts.WriteTimeout = defaultWriteTimeout
	}
	a.Handle(AnyUser, huma.Operation{
		OperationID: "stream-message-events", Method: "GET", Path: "/messages/{message_id}/events", Tags: []string{"Messages"},
		Summary: "The events of a message, from the first or from where a stream broke", Description: eventsDescription,
		Parameters: []*huma.Param{
			{Name: "message_id", In: "path", Required: true, Schema: &huma.Schema{Type: huma.TypeString, Format: "uuid"}},
			{Name: "conversation_id", In: "query", Schema: &huma.Schema{Type: huma.TypeString, Format: "uuid"}, Description: "The message's conversation, as create answered it."},
			{Name: "Last-Event-ID", In: "header", Schema: &huma.Schema{Type: huma.TypeInteger}, Description: "The id of the last event that arrived."},
		},
		Responses: map[string]*huma.Response{
			"200": {Description: "The events", Content: map[string]*huma.MediaType{
				"text/event-stream": {Schema: &huma.Schema{Type: huma.TypeString}},
			}},
			"default": problemResponse(a),
		},
	}, func(w http.ResponseWriter, r *http.Request) error {
		place, err := placeOf(r)
		if err != nil {
			return err
		}
		user := CallerFrom(r.Context()).User.ID
		stream, err := g.Events(r.Context(), user, place.message, place.conversation, place.after)
		if err != nil {
			return err
		}
		defer stream.Close()
		httpapi.Annotate(r.Context(), slog.String("message_id", stream.MessageID.String()))
		out := &eventWriter{w: w, flow: http.NewResponseController(w), EventOptions: opts}
		return out.copy(r.Context(), stream, r.Method == http.MethodHead)
	})
}

// place is where in which log a client wants to begin.
type place struct {
	message, conversation uuid.UUID
	after                 int64
}

func placeOf(r *http.Request) (place, error) {
	var p place
	var err error
	if p.message, err = parseUUID("message_id", r.PathValue("message_id")); err != nil {
		return p, err
	}
	if text := r.URL.Query().Get("conversation_id"); text != "" {
		if p.conversation, err = parseUUID("query.conversation_id", text); err != nil {
			return p, err
		}
	}
	if text := r.Header.Get("Last-Event-ID"); text != "" {
		p.after, err = strconv.ParseInt(text, 10, 64)
		if err != nil || p.after < 0 {
			return p, fault.ErrValidation.Saying("Last-Event-ID must be the id of an event.").
				On("header.Last-Event-ID", "must be the id of an event: a whole number")
		}
	}
	return p, nil
}

func parseUUID(field, text string) (uuid.UUID, error) {
	const canonical = 36 // uuid.Parse takes other spellings, which we do not echo
	id, err := uuid.Parse(text)
	if err != nil || len(text) != canonical {
		return uuid.Nil, fault.ErrValidation.Saying("The request is not valid: %s must be a UUID.", field).On(field, "must be a UUID")
	}
	return id, nil
}

// eventWriter sends events as they come. Nothing is kept back longer than the
// next event takes to be there.
type eventWriter struct {
	w    http.ResponseWriter
	flow *http.ResponseController
	EventOptions
}

// copy sends a stream to its end. The answer has begun, so what goes wrong is
// noted, and the connection cut: the client then comes back for the rest. A
// HEAD ends after the header.
func (o *eventWriter) copy(ctx context.Context, stream *gateway.Stream, head bool) error {
	h := o.w.Header()
	h.Set("Content-Type", "text/event-stream; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Accel-Buffering", "no") // nginx buffers otherwise
	// The server's own time-outs are for short answers. A reader's would end
	// the watch for a client that leaves.
	_ = o.flow.SetReadDeadline(time.Time{})
	o.w.WriteHeader(http.StatusOK)
	if err := o.flush(); err != nil || head {
		return nil //nolint:nilerr // the client has left: nobody is there to be told
	}
	for {
		event, err := stream.Next(ctx)
		switch {
		case errors.Is(err, io.EOF), ctx.Err() != nil:
			return nil //nolint:nilerr // the end of the stream, or of the client
		case err != nil:
			httpapi.Report(ctx, err)
			panic(http.ErrAbortHandler)
		}
		if err := o.send(stream, event); err != nil {
			httpapi.Annotate(ctx, slog.String("stream_dropped", err.Error()))
			panic(http.ErrAbortHandler)
		}
	}
}

// send writes one event, and everything before it unless more is at hand.
func (o *eventWriter) send(stream *gateway.Stream, e gateway.Event) error {
	if err := o.extend(); err != nil {
		return err
	}
	if _, err := o.w.Write(frame(stream.MessageID, stream.RequestID, e)); err != nil {
		return err
	}
	if stream.More() {
		return nil
	}
	return o.flow.Flush()
}

func (o *eventWriter) flush() error {
	if err := o.extend(); err != nil {
		return err
	}
	return o.flow.Flush()
}

// extend gives the client WriteTimeout from now on.
func (o *eventWriter) extend() error {
	return o.flow.SetWriteDeadline(o.Now().Add(o.WriteTimeout))
}

// frame is one event on the wire. Its data is a JSON object without line
// breaks, to which the two ids are added at the front.
func frame(messageID uuid.UUID, requestID string, e gateway.Event) []byte {
	quoted, err := json.Marshal(requestID)
	if err != nil {
		panic("console: request id: " + err.Error()) // a string always encodes
	}
	var id string
	if e.Position > 0 {
		id = fmt.Sprintf("id: %d\n", e.Position)
	}
	rest := e.Data[1:]
	if len(rest) > 1 {
		rest = append([]byte(","), rest...)
	}
	return fmt.Appendf(nil, "%sevent: %s\ndata: {\"message_id\":%q,\"request_id\":%s%s\n\n", id, e.Name, messageID.String(), quoted, rest)
}
