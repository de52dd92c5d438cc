package httpapi

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strings"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"

	"tessera/fault"
)

// Observer writes the one log line of each request and counts it.
type Observer struct {
	Log     *slog.Logger
	Metrics *Metrics // nil = not counted
	Now     func() time.Time
	// Quiet are paths whose successes are not logged: probes.
	Quiet map[string]bool
}

// record is what a request gathers for its log line.
type record struct {
	err   error
	attrs []slog.Attr
}

type recordKey struct{}

// Report notes the error that a request failed with, for its log line. Wrap
// does it for handlers; a surface that answers errors by itself calls it.
func Report(ctx context.Context, err error) {
	if rec, ok := ctx.Value(recordKey{}).(*record); ok && rec.err == nil {
		rec.err = err
	}
}

// Annotate adds to the request's log line. Never pass a secret.
func Annotate(ctx context.Context, attrs ...slog.Attr) {
	if rec, ok := ctx.Value(recordKey{}).(*record); ok {
		rec.attrs = append(rec.attrs, attrs...)
	}
}

// Middleware logs and counts each request under its route pattern, and answers
// a panic that came past Wrap. The query is never logged: it may hold a code.
func (o Observer) Middleware(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		rec := &record{}
		ctx := context.WithValue(r.Context(), recordKey{}, rec)
		r = r.WithContext(ctx)
		ww := middleware.NewWrapResponseWriter(w, r.ProtoMajor)
		started := o.Now()
		done := o.Metrics.begin()
		aborted := serve(next, ww, r)
		took := o.Now().Sub(started)
		done(r, ww, took)
		o.log(r, ww, rec, took)
		if aborted {
			panic(http.ErrAbortHandler) // the server then cuts the connection, quietly
		}
	})
}

// serve runs next and recovers. It reports whether the answer is broken half
// way, so that it must not end like a whole one.
func serve(next http.Handler, ww middleware.WrapResponseWriter, r *http.Request) (aborted bool) {
	defer func() {
		p := recover()
		switch {
		case p == nil:
		case p == http.ErrAbortHandler: //nolint:errorlint // an identity, as net/http compares it
			aborted = true
		default:
			Report(r.Context(), panicFault(p))
			if aborted = ww.Status() != 0; !aborted {
				http.Error(ww, "Internal Server Error", http.StatusInternalServerError)
			}
		}
	}()
	next.ServeHTTP(ww, r)
	return false
}

func panicFault(p any) *fault.Fault {
	return ErrPanic.Because(fmt.Errorf("panic: %v\n%s", p, debug.Stack()))
}

func (o Observer) log(r *http.Request, ww middleware.WrapResponseWriter, rec *record, took time.Duration) {
	status := statusOf(ww)
	if o.Quiet[r.URL.Path] && rec.err == nil && status < http.StatusBadRequest {
		return
	}
	attrs := append([]slog.Attr{
		slog.String("request_id", RequestID(r.Context())),
		slog.String("method", r.Method),
		slog.String("path", strings.ToValidUTF8(r.URL.Path, "\uFFFD")),
		slog.String("route", RoutePattern(r)),
		slog.Int("status", status),
		slog.Int("bytes", ww.BytesWritten()),
		slog.Float64("ms", float64(took.Microseconds())/1000),
		slog.String("ip", ClientIP(r.Context())),
	}, rec.attrs...)
	level := slog.LevelInfo
	if rec.err != nil {
		f := fault.From(rec.err)
		level = levelOf(f.Kind)
		attrs = append(attrs, slog.Any("error", f))
	}
	o.Log.LogAttrs(context.WithoutCancel(r.Context()), level, "request", attrs...)
}

// levelOf says who has to look: an error is ours to mend, a warning may be a
// neighbour's, and the rest is the client's own affair.
func levelOf(k fault.Kind) slog.Level {
	switch k {
	case fault.Internal:
		return slog.LevelError
	case fault.FailedDependency, fault.Unavailable, fault.Timeout:
		return slog.LevelWarn
	default:
		return slog.LevelInfo
	}
}

// statusOf is the status that was sent; a handler that wrote nothing sent 200.
func statusOf(ww middleware.WrapResponseWriter) int {
	if s := ww.Status(); s != 0 {
		return s
	}
	return http.StatusOK
}

// RoutePattern returns the pattern that r matched, so that a label or a log
// never counts paths that a stranger made up. A path that a surface does not
// know has the surface's own pattern ("/api/v1/*"), or "unmatched".
func RoutePattern(r *http.Request) string {
	route := chi.RouteContext(r.Context())
	if route == nil {
		return "unmatched"
	}
	if pattern := route.RoutePattern(); pattern != "" {
		return pattern
	}
	return "unmatched"
}
