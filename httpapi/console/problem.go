package console

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strconv"

	"tessera/fault"
	"tessera/httpapi"
)

// Problem is the body of every error (RFC 9457).
type Problem struct {
	Type      string         `json:"type" doc:"A name for this kind of problem, as a URI." example:"urn:tessera:fault:identity.email_taken"`
	Title     string         `json:"title" doc:"The status, in words." example:"Conflict"`
	Status    int            `json:"status" doc:"The HTTP status." example:"409"`
	Detail    string         `json:"detail" doc:"What happened, for a person."`
	Code      string         `json:"code" doc:"What happened, for a program; docs/errors.md lists all codes." example:"identity.email_taken"`
	Hint      string         `json:"hint,omitempty" doc:"What to do about it."`
	RequestID string         `json:"request_id" doc:"The id of this request, as in the X-Request-Id header."`
	Errors    []ProblemField `json:"errors,omitempty" doc:"The inputs that were refused, each with its reason."`
}

// ProblemField is one refused input.
type ProblemField struct {
	Field   string `json:"field" doc:"The input's path." example:"messages[0].role"`
	Message string `json:"message" doc:"Why it was refused." example:"is missing"`
}

// Error implements error.
func (p *Problem) Error() string { return p.Code + ": " + p.Detail }

// GetStatus implements huma.StatusError.
func (p *Problem) GetStatus() int { return p.Status }

// ContentType implements huma.ContentTypeFilter.
func (p *Problem) ContentType(string) string { return problemType }

const problemType = "application/problem+json"

// problem renders a fault for a route.
func problem(f *fault.Fault, route, requestID string) *Problem {
	status := statusOf(f, route)
	p := &Problem{
		Type: "urn:tessera:fault:" + f.Code, Title: http.StatusText(status), Status: status,
		Detail: f.Message, Code: wireCode(f), Hint: f.Hint, RequestID: requestID,
	}
	for _, field := range f.Fields {
		p.Errors = append(p.Errors, ProblemField{Field: field.Name, Message: field.Message})
	}
	return p
}

// WriteProblem is this surface's error writer.
func WriteProblem(w http.ResponseWriter, r *http.Request, f *fault.Fault) {
	body := problem(f, httpapi.RoutePattern(r), httpapi.RequestID(r.Context()))
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(body) // strings and a number always encode
	h := w.Header()
	h.Set("Content-Type", problemType)
	h.Set("Content-Length", strconv.Itoa(buf.Len()))
	if body.Status == http.StatusUnauthorized {
		h.Set("WWW-Authenticate", `Bearer realm="tessera"`)
	}
	w.WriteHeader(body.Status)
	_, _ = w.Write(buf.Bytes())
}
