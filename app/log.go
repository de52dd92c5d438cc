package app

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"regexp"
	"strings"

	"go.opentelemetry.io/otel/trace"

	"tessera/httpapi"
)

// LogConfig says what is logged and how.
type LogConfig struct {
	Level  slog.Level `default:"info" doc:"Least severity that is logged: debug, info, warn or error."`
	Format string     `default:"json" doc:"json, or text for reading in a terminal."`
}

// Check implements the rules of this section.
func (c LogConfig) Check(report func(field, message string)) {
	if c.Format != "json" && c.Format != "text" {
		report("format", "must be json or text")
	}
}

// NewLogger returns a logger to w. Whatever is logged with a request's context
// carries its id and its trace. Secrets are kept out twice over: attributes
// with a secret's name are blanked, and so are tokens and the given secrets
// wherever they stand in a text.
func NewLogger(w io.Writer, c LogConfig, secrets ...string) *slog.Logger {
	g := newGuard(secrets)
	options := &slog.HandlerOptions{Level: c.Level, ReplaceAttr: g.replace}
	var handler slog.Handler = slog.NewJSONHandler(w, options)
	if c.Format == "text" {
		handler = slog.NewTextHandler(w, options)
	}
	return slog.New(contextHandler{handler})
}

// contextHandler adds what the context knows.
type contextHandler struct{ slog.Handler }

// Handle implements slog.Handler. The request's own line states its id itself.
func (h contextHandler) Handle(ctx context.Context, r slog.Record) error {
	if id := httpapi.RequestID(ctx); id != "" && !hasAttr(r, "request_id") {
		r.AddAttrs(slog.String("request_id", id))
	}
	if span := trace.SpanContextFromContext(ctx); span.HasTraceID() {
		r.AddAttrs(slog.String("trace_id", span.TraceID().String()))
	}
	return h.Handler.Handle(ctx, r)
}

// WithAttrs implements slog.Handler.
func (h contextHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return contextHandler{h.Handler.WithAttrs(attrs)}
}

// WithGroup implements slog.Handler.
func (h contextHandler) WithGroup(name string) slog.Handler {
	return contextHandler{h.Handler.WithGroup(name)}
}

func hasAttr(r slog.Record, key string) bool {
	found := false
	r.Attrs(func(a slog.Attr) bool {
		found = a.Key == key
		return !found
	})
	return found
}

// hidden stands in a log where a secret stood.
const hidden = "[hidden]"

// guard keeps secrets out of logs.
type guard struct {
	known *strings.Replacer
}

// secretNames are keys whose values are never logged, whatever they hold.
var secretNames = regexp.MustCompile(`(?i)(^|_)(password|passwd|secret|token|authorization|cookie|api_?key|code|link|otp|nonce)$`)

// secretShapes are texts that are secrets by their look: JWTs, API keys,
// bearer headers, and passwords inside URLs.
var secretShapes = regexp.MustCompile(
	`eyJ[A-Za-z0-9_-]{5,}\.[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]*)?` +
		`|\bsk-[A-Za-z0-9_-]{8,}` +
		`|(?i:bearer) [A-Za-z0-9._~+/=-]{8,}` +
		`|(://[^/\s:@]+):[^/\s@]+@`)

func newGuard(secrets []string) guard {
	var pairs []string
	for _, s := range secrets {
		if len(s) >= 6 {
			pairs = append(pairs, s, hidden)
		}
	}
	return guard{known: strings.NewReplacer(pairs...)}
}

func (g guard) replace(groups []string, a slog.Attr) slog.Attr {
	// "code" in a fault's group is its name and no secret.
	isFaultCode := a.Key == "code" && len(groups) > 0 && groups[len(groups)-1] == "error"
	if secretNames.MatchString(a.Key) && !isFaultCode {
		return slog.String(a.Key, hidden)
	}
	switch a.Value.Kind() {
	case slog.KindString:
		return slog.String(a.Key, g.scrub(a.Value.String()))
	case slog.KindAny:
		if _, isLevel := a.Value.Any().(slog.Level); isLevel {
			return a
		}
		if _, isSource := a.Value.Any().(*slog.Source); isSource {
			return a
		}
		if err, isError := a.Value.Any().(error); isError {
			return slog.String(a.Key, g.scrub(err.Error()))
		}
		return slog.String(a.Key, g.scrub(fmt.Sprintf("%+v", a.Value.Any())))
	default:
		return a
	}
}

func (g guard) scrub(s string) string {
	s = g.known.Replace(s)
	return secretShapes.ReplaceAllString(s, "$2"+hidden)
}
