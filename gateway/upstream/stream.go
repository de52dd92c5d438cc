package upstream

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"time"

	"github.com/tmaxmax/go-sse"

	"tessera/gateway"
)

// errIdle is the reason to give up a reply in which nothing comes any more.
var errIdle = errors.New("upstream: silence in the middle of a reply")

// Stream implements [gateway.Upstream].
func (c *Client) Stream(ctx context.Context, call gateway.Call, sink gateway.Sink) error {
	d, known := dialects[call.Dialect]
	if !known {
		return gateway.ErrDialectNotSupported
	}
	body, err := encodeBody(d, call)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	res, err := c.send(ctx, http.MethodPost, d.path, bytes.NewReader(body), call.RequestID, "text/event-stream")
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }()
	if err := c.refused(res); err != nil {
		return err
	}
	if kind, _, _ := mime.ParseMediaType(res.Header.Get("Content-Type")); kind != "text/event-stream" {
		return c.notAStream(res, kind)
	}
	if err := sink.Routed(requestID(res.Header)); err != nil {
		return err
	}
	idle := time.AfterFunc(c.cfg.IdleTimeout, func() { cancel(errIdle) })
	defer idle.Stop()
	err = c.follow(timedReader{res.Body, idle, c.cfg.IdleTimeout}, d, sink)
	if errors.Is(context.Cause(ctx), errIdle) {
		return gateway.ErrUpstreamTimeout.Because(errIdle)
	}
	return err
}

// notAStream is a success that is no event stream: an HTML page of a proxy, or
// a server that does not stream.
func (c *Client) notAStream(res *http.Response, kind string) error {
	body, _ := io.ReadAll(io.LimitReader(res.Body, maxErrorBytes))
	if p := parseProblem(body); p.Message != "" {
		return c.reported(p)
	}
	return gateway.ErrUpstreamUnreadable.Because(fmt.Errorf("content type %q instead of an event stream", kind))
}

// requestID is the server's own id of the call, under the names in use.
func requestID(h http.Header) string {
	for _, name := range []string{"X-Request-Id", "Request-Id", "Cf-Ray"} {
		if id := h.Get(name); id != "" && len(id) <= 200 {
			return id
		}
	}
	return ""
}

// timedReader runs the idle timer while it waits for the server, and not while
// we are busy with what came.
type timedReader struct {
	io.Reader
	idle  *time.Timer
	limit time.Duration
}

func (r timedReader) Read(p []byte) (int, error) {
	r.idle.Reset(r.limit)
	defer r.idle.Stop()
	return r.Reader.Read(p)
}

// follow reads a reply to its end. It is nil only when the server said that
// the reply is whole.
func (c *Client) follow(body io.Reader, d dialect, sink gateway.Sink) error {
	whole := false
	for event, err := range sse.Read(body, &sse.ReadConfig{MaxEventSize: c.cfg.MaxEventBytes}) {
		if err != nil {
			return broken(err, whole)
		}
		if event.Data == "" {
			continue
		}
		p, err := d.decode(event.Type, []byte(event.Data))
		if err != nil {
			return undecoded(err, event.Data, whole)
		}
		if err := c.deliver(event, p, sink); err != nil {
			return err
		}
		whole = whole || p.last
		if p.done {
			break
		}
	}
	if !whole {
		return gateway.ErrUpstreamBrokeOff.Because(io.ErrUnexpectedEOF)
	}
	return nil
}

// broken judges an error while reading: after the last piece of the reply only
// its formal end is missing.
func broken(err error, whole bool) error {
	switch {
	case whole:
		return nil
	case errors.Is(err, bufio.ErrTooLong):
		return gateway.ErrUpstreamUnreadable.Because(err)
	default:
		return gateway.ErrUpstreamBrokeOff.Because(err)
	}
}

// undecoded judges an event that is no JSON of the dialect. One that stops
// half way is what a connection that was cut leaves behind.
func undecoded(err error, data string, whole bool) error {
	var syntax *json.SyntaxError
	switch {
	case whole:
		return nil
	case errors.As(err, &syntax) && syntax.Offset >= int64(len(data)):
		return gateway.ErrUpstreamBrokeOff.Because(err)
	default:
		return gateway.ErrUpstreamUnreadable.Because(err)
	}
}

func (c *Client) deliver(event sse.Event, p piece, sink gateway.Sink) error {
	kind := event.Type
	if kind == "" {
		kind = "message" // the default of the SSE specification
	}
	frame := gateway.Frame{Event: kind, Raw: c.redact(event.Data), Text: p.text, Usage: p.usage}
	if err := sink.Frame(frame); err != nil {
		return err
	}
	if p.problem != nil {
		return c.reported(*p.problem)
	}
	return nil
}
