package gatewaytest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
)

// faultAfter is how many words come before a fault in the stream.
const faultAfter = 4

// speaker writes an event stream.
type speaker struct {
	s    *Server
	w    http.ResponseWriter
	r    *http.Request
	gone bool
}

func (s *Server) speak(w http.ResponseWriter, r *http.Request) *speaker {
	h := w.Header()
	h.Set("Content-Type", "text/event-stream; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	return &speaker{s: s, w: w, r: r}
}

// event sends one event; name is "" for the default type.
func (sp *speaker) event(name string, data any) {
	encoded, err := json.Marshal(data)
	if err != nil {
		panic("gatewaytest: " + err.Error()) // our own data always encodes
	}
	if name != "" {
		name = "event: " + name + "\n"
	}
	sp.write(name + "data: " + string(encoded) + "\n\n")
}

func (sp *speaker) write(text string) {
	if sp.gone {
		return
	}
	if _, err := sp.w.Write([]byte(text)); err != nil {
		sp.gone = true
		return
	}
	_ = http.NewResponseController(sp.w).Flush()
}

// words sends a reply word by word, each through send, with the fault on its
// way. It reports whether the reply is to be ended properly.
func (sp *speaker) words(text string, f Fault, send func(word string)) bool {
	for i, word := range words(text) {
		if i == faultAfter && !sp.fail(f, send) {
			return false
		}
		if sp.gone || !sleep(sp.r, sp.s.cfg.Pace) {
			return false
		}
		send(word)
	}
	return true
}

// fail makes the fault happen, and reports whether the reply goes on.
func (sp *speaker) fail(f Fault, send func(word string)) bool {
	switch f {
	case Cut:
		panic(http.ErrAbortHandler)
	case CutInside:
		sp.write(`data: {"choices":[{"index":0,"delta":{"cont`)
	case HalfClosed:
	case Stall:
		<-sp.r.Context().Done()
	case Endless:
		for n := 1; !sp.gone && sleep(sp.r, sp.s.cfg.Pace); n++ {
			send(fmt.Sprintf(" and %d", n))
		}
	case Garbage:
		sp.write("data: }{ this is no JSON\n\n")
	case HugeEvent:
		send(strings.Repeat("x", 8<<20))
	case StreamError:
		sp.event("error", map[string]any{
			"type": "error", "code": "server_error", "message": "The server gave up (simulated).",
			"error": map[string]any{"message": "The server gave up (simulated).", "type": "server_error", "code": nil},
		})
	default:
		return true
	}
	return false
}

// tokens is a rough count, so that usage is plausible.
func tokens(text string) int { return max(1, len([]rune(text))/3) }
