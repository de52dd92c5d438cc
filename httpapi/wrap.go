package httpapi

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"tessera/fault"
)

// HandlerFunc answers a request or returns why it could not. It must not have
// written anything when it returns an error.
type HandlerFunc func(w http.ResponseWriter, r *http.Request) error

// ErrorWriter puts a fault into a surface's own wire format.
type ErrorWriter func(w http.ResponseWriter, r *http.Request, f *fault.Fault)

// Wrap makes an http.Handler of h. Its error, or its panic, is noted for the
// request's log line and written by writeError; a fault that says when to try
// again sets Retry-After, whatever the surface. A path or query with text that
// no database takes is refused before h sees it.
func Wrap(h HandlerFunc, writeError ErrorWriter) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := run(h, w, r); err != nil {
			Fail(w, r, err, writeError)
		}
	})
}

// Guard is Wrap as a middleware, for handlers that answer their own errors.
func Guard(writeError ErrorWriter) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return Wrap(func(w http.ResponseWriter, r *http.Request) error {
			next.ServeHTTP(w, r)
			return nil
		}, writeError)
	}
}

// Fail notes err for the log line and writes it.
func Fail(w http.ResponseWriter, r *http.Request, err error, writeError ErrorWriter) {
	f := fault.From(err)
	Report(r.Context(), f)
	SetRetryAfter(w.Header(), f)
	writeError(w, r, f)
}

// SetRetryAfter states the fault's delay in whole seconds, rounded up.
func SetRetryAfter(h http.Header, f *fault.Fault) {
	if f.RetryAfter > 0 {
		h.Set("Retry-After", strconv.FormatInt(int64((f.RetryAfter+time.Second-1)/time.Second), 10))
	}
}

func run(h HandlerFunc, w http.ResponseWriter, r *http.Request) (err error) {
	defer func() {
		if p := recover(); p != nil {
			if p == http.ErrAbortHandler { //nolint:errorlint // an identity, as net/http compares it
				panic(p)
			}
			if started(w) {
				Report(r.Context(), panicFault(p))
				panic(http.ErrAbortHandler)
			}
			err = panicFault(p)
		}
	}()
	if err := checkURL(r); err != nil {
		return err
	}
	return h(w, r)
}

// started reports whether the answer has begun. Outside Observer nobody knows.
func started(w http.ResponseWriter) bool {
	s, ok := w.(interface{ Status() int })
	return ok && s.Status() != 0
}

// checkURL refuses NUL and broken UTF-8, which percent-encoding lets through.
func checkURL(r *http.Request) error {
	if !isText(r.URL.Path) {
		return ErrText.On("path", "must be UTF-8 without NUL characters")
	}
	if !strings.Contains(r.URL.RawQuery, "%") {
		return nil
	}
	for name, values := range r.URL.Query() {
		if !isText(name) {
			return ErrText.On("query", "must be UTF-8 without NUL characters")
		}
		for _, v := range values {
			if !isText(v) {
				return ErrText.On("query."+name, "must be UTF-8 without NUL characters")
			}
		}
	}
	return nil
}

func isText(s string) bool { return utf8.ValidString(s) && !strings.ContainsRune(s, 0) }

// WriteJSON answers with body as JSON. The body is encoded before the status is
// sent, so a body that cannot be encoded is an error that Wrap can still answer.
func WriteJSON(w http.ResponseWriter, status int, body any) error {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(body); err != nil {
		return err
	}
	if w.Header().Get("Content-Type") == "" {
		w.Header().Set("Content-Type", "application/json")
	}
	w.Header().Set("Content-Length", strconv.Itoa(buf.Len()))
	w.WriteHeader(status)
	_, _ = w.Write(buf.Bytes()) // the client left: there is nobody to tell
	return nil
}
