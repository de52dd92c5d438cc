package console

import (
	"net/http"
	"strings"
	"sync"

	"github.com/danielgtaylor/huma/v2"

	"tessera/fault"
	"tessera/httpapi"
)

// statuses is the one table from kinds to statuses. A failed dependency is 424
// and not 502: a CDN in front replaces a 502 by a page of its own, and the
// client loses the request id.
var statuses = map[fault.Kind]int{
	fault.Internal:         http.StatusInternalServerError,
	fault.Invalid:          http.StatusBadRequest,
	fault.Unprocessable:    http.StatusUnprocessableEntity,
	fault.Unauthenticated:  http.StatusUnauthorized,
	fault.Forbidden:        http.StatusForbidden,
	fault.NotFound:         http.StatusNotFound,
	fault.Conflict:         http.StatusConflict,
	fault.TooLarge:         http.StatusRequestEntityTooLarge,
	fault.RateLimited:      http.StatusTooManyRequests,
	fault.FailedDependency: http.StatusFailedDependency,
	fault.Unavailable:      http.StatusServiceUnavailable,
	fault.Timeout:          http.StatusGatewayTimeout,
}

// override names a fault on a route; the empty route is every route.
type override struct{ route, code string }

// overrides are the statuses that a code has in spite of its kind.
var overrides = map[override]int{
	{"", "request.method_not_allowed"}: http.StatusMethodNotAllowed,
	{"", "request.timeout"}:            http.StatusRequestTimeout,
	{"", "request.validation_failed"}:  http.StatusUnprocessableEntity,
	{"", "request.not_json"}:           http.StatusUnsupportedMediaType,
}

// wireCodes are codes that existing clients know by another name.
var wireCodes = map[string]string{
	"gateway.model_not_allowed": "model_not_allowed",
	"gateway.stream_limit":      "SSE_CONCURRENCY_LIMIT_EXCEEDED",
}

// Status returns the status of a fault on this surface, for docs/errors.md.
func Status(f *fault.Fault) int { return statusOf(f, "") }

// Code returns the code of a fault on this surface, for docs/errors.md.
func Code(f *fault.Fault) string { return wireCode(f) }

func statusOf(f *fault.Fault, route string) int {
	if status, ok := overrides[override{route, f.Code}]; ok {
		return status
	}
	if status, ok := overrides[override{"", f.Code}]; ok {
		return status
	}
	return statuses[f.Kind]
}

func wireCode(f *fault.Fault) string {
	if code, ok := wireCodes[f.Code]; ok {
		return code
	}
	return f.Code
}

// ErrNotJSON is the fault of a body in another format.
var ErrNotJSON = fault.Declare(fault.Invalid, "request.not_json",
	"The request body must be JSON.", "Send Content-Type: application/json.")

// speakProblems makes Huma's own errors problems too. Huma keeps the maker of
// errors in global variables; this program has one Huma surface.
var speakProblems = sync.OnceFunc(func() {
	huma.NewError = func(status int, message string, errs ...error) huma.StatusError {
		return problem(humaFault(status, message, errs), "", "")
	}
	huma.NewErrorWithContext = func(ctx huma.Context, status int, message string, errs ...error) huma.StatusError {
		f := humaFault(status, message, errs)
		httpapi.Report(ctx.Context(), f)
		header := http.Header{}
		httpapi.SetRetryAfter(header, f)
		for name := range header {
			ctx.SetHeader(name, header.Get(name))
		}
		p := problem(f, basePath+ctx.Operation().Path, httpapi.RequestID(ctx.Context()))
		if p.Status == http.StatusUnauthorized {
			ctx.SetHeader("WWW-Authenticate", `Bearer realm="tessera"`)
		}
		return p
	}
})

// humaFault finds the fault behind an error of Huma: a handler's own, or what
// Huma itself found wrong with the request.
func humaFault(status int, message string, errs []error) *fault.Fault {
	if status == http.StatusInternalServerError && len(errs) > 0 {
		return fault.From(errs[0])
	}
	switch status {
	case http.StatusRequestEntityTooLarge:
		return httpapi.ErrBodyTooLarge
	case http.StatusRequestTimeout:
		return httpapi.ErrTimeout
	case http.StatusUnsupportedMediaType:
		return ErrNotJSON
	case http.StatusUnprocessableEntity, http.StatusBadRequest:
		return refusedInputs(message, errs)
	}
	return fault.ErrUnexpected
}

// refusedInputs turns Huma's findings into named fields. Their values are left
// out: one may be a password.
func refusedInputs(message string, errs []error) *fault.Fault {
	if message == "request body is required" {
		return httpapi.ErrBodyEmpty
	}
	f := fault.ErrValidation
	for _, err := range errs {
		detailer, ok := err.(huma.ErrorDetailer)
		if !ok {
			return fault.From(err)
		}
		detail := detailer.ErrorDetail()
		if detail.Location == "body" && isSyntax(detail.Message) {
			return httpapi.ErrBodyInvalid
		}
		if strings.Contains(detail.Message, "unknown content type") {
			return ErrNotJSON
		}
		f = f.On(fieldName(detail), detail.Message)
	}
	if len(f.Fields) > 0 {
		f = f.Saying("The request is not valid: %s %s.", f.Fields[0].Name, f.Fields[0].Message)
	}
	return f
}

// isSyntax recognises what encoding/json says of text that is no JSON.
func isSyntax(message string) bool {
	return strings.HasPrefix(message, "invalid character") || strings.HasPrefix(message, "unexpected end of JSON") ||
		strings.HasPrefix(message, "json:")
}

func fieldName(detail *huma.ErrorDetail) string {
	name := strings.TrimPrefix(detail.Location, "body.")
	if detail.Message == "" || name == "" {
		return "body"
	}
	// Huma locates a missing property at its parent and names it in the text:
	// "expected required property id to be present".
	if rest, ok := strings.CutPrefix(detail.Message, "expected required property "); ok {
		property, _, _ := strings.Cut(rest, " ")
		if name == "body" {
			return property
		}
		return name + "." + property
	}
	return name
}
