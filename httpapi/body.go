package httpapi

import (
	"io"
	"net/http"
	"time"
)

// Body bounds request bodies: their size in bytes, and the time in which they
// must have come. The server's own ReadTimeout is no substitute, for it goes on
// after the body was read and then ends event streams.
type Body struct {
	Limit   int64
	Timeout time.Duration
	Now     func() time.Time
}

// Middleware applies the bounds. Reading past the size fails with a
// *http.MaxBytesError, reading too long with os.ErrDeadlineExceeded; ReadBody
// turns them into faults.
func (b Body) Middleware(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Body == nil || r.Body == http.NoBody {
			next.ServeHTTP(w, r)
			return
		}
		controller := http.NewResponseController(w)
		// Not every writer has deadlines; a test's recorder has none.
		if controller.SetReadDeadline(b.Now().Add(b.Timeout)) == nil {
			r.Body = &timedBody{ReadCloser: r.Body, controller: controller}
		}
		r.Body = http.MaxBytesReader(w, r.Body, b.Limit)
		next.ServeHTTP(w, r)
	})
}

// timedBody lifts the deadline once the body has been read.
type timedBody struct {
	io.ReadCloser
	controller *http.ResponseController
}

// Read implements io.Reader.
func (t *timedBody) Read(p []byte) (int, error) {
	n, err := t.ReadCloser.Read(p)
	if err == io.EOF {
		_ = t.controller.SetReadDeadline(time.Time{})
	}
	return n, err
}
