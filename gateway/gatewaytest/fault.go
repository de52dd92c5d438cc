package gatewaytest

import (
	"net/http"
	"regexp"
	"strings"
	"sync"
	"time"
)

// Fault names something that goes wrong.
type Fault string

// Faults. Those in the stream happen after the first few words.
const (
	NoFault      Fault = ""
	RateLimited  Fault = "429"
	ServerError  Fault = "500"
	Overloaded   Fault = "503"
	BadRequest   Fault = "400"
	UnknownModel Fault = "model_not_found"
	WrongKey     Fault = "401"
	HTML         Fault = "html"         // a proxy's page with status 200
	HTMLError    Fault = "html_error"   // a proxy's page with status 502
	NotStreamed  Fault = "not_streamed" // plain JSON where a stream was asked for
	Redirect     Fault = "redirect"
	Drop         Fault = "drop"        // the connection closes before an answer
	Cut          Fault = "cut"         // the connection breaks in the stream
	CutInside    Fault = "cut_inside"  // it ends in the middle of an event, as if whole
	HalfClosed   Fault = "half_closed" // it ends properly, without the reply's end
	Stall        Fault = "stall"       // it stays open and silent
	Endless      Fault = "endless"     // it never stops talking
	Garbage      Fault = "garbage"     // what comes is no JSON
	HugeEvent    Fault = "huge_event"  // one event of 8 MiB
	StreamError  Fault = "stream_error"
	EchoKey      Fault = "echo_key" // an error that repeats the key it was sent
)

// Faults lists every fault, for the simulator's page and for tests.
func Faults() []Fault {
	return []Fault{
		RateLimited, ServerError, Overloaded, BadRequest, UnknownModel, WrongKey, HTML, HTMLError, NotStreamed,
		Redirect, Drop, Cut, CutInside, HalfClosed, Stall, Endless, Garbage, HugeEvent, StreamError, EchoKey,
	}
}

var (
	faultWord = regexp.MustCompile(`\[\[fault:([a-z0-9_]+)\]\]`)
	delayWord = regexp.MustCompile(`\[\[delay:([0-9a-z.]+)\]\]`)
)

const maxDelay = 5 * time.Minute

// ordered holds the faults of the control endpoint.
type ordered struct {
	mu    sync.Mutex
	fault Fault
	times int
}

func (o *ordered) set(f Fault, times int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.fault, o.times = f, times
}

func (o *ordered) take() Fault {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.times == 0 {
		return NoFault
	}
	o.times--
	return o.fault
}

// wanted is the fault and the delay that a request asks for.
func (s *Server) wanted(r *http.Request, prompt string) (Fault, time.Duration) {
	var delay time.Duration
	if m := delayWord.FindStringSubmatch(prompt); m != nil {
		if d, err := time.ParseDuration(m[1]); err == nil {
			delay = min(max(d, 0), maxDelay)
		}
	}
	if f := r.Header.Get("X-Simulator-Fault"); f != "" {
		return Fault(f), delay
	}
	if m := faultWord.FindStringSubmatch(prompt); m != nil {
		return Fault(m[1]), delay
	}
	return s.ordered.take(), delay
}

const proxyPage = `<!DOCTYPE html><html><head><title>Bad gateway</title></head><body><h1>This is a simulated proxy's error page</h1></body></html>`

// refuse answers a fault that comes instead of a reply, and reports whether it
// did.
func refuse(w http.ResponseWriter, r *http.Request, f Fault) bool {
	switch f {
	case RateLimited:
		w.Header().Set("Retry-After", "7")
		writeProblem(w, http.StatusTooManyRequests, "rate_limit_exceeded", "Rate limit reached (simulated).")
	case ServerError:
		writeProblem(w, http.StatusInternalServerError, "server_error", "The server had an error (simulated).")
	case Overloaded:
		writeProblem(w, http.StatusServiceUnavailable, "overloaded", "The engine is overloaded (simulated).")
	case BadRequest:
		writeProblem(w, http.StatusBadRequest, "context_length_exceeded", "The prompt is too long for this model (simulated).")
	case UnknownModel:
		writeProblem(w, http.StatusNotFound, "model_not_found", "The model does not exist (simulated).")
	case WrongKey:
		writeProblem(w, http.StatusUnauthorized, "invalid_api_key", "Incorrect API key provided (simulated).")
	case EchoKey:
		key := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
		writeProblem(w, http.StatusBadRequest, "invalid_request", "Something is wrong with the request made with "+key+" (simulated).")
	case HTML, HTMLError:
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		if f == HTMLError {
			w.WriteHeader(http.StatusBadGateway)
		}
		_, _ = w.Write([]byte(proxyPage))
	case Redirect:
		http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
	case Drop:
		panic(http.ErrAbortHandler)
	default:
		return false
	}
	return true
}
