package upstream

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"tessera/fault"
	"tessera/gateway"
)

const (
	maxQuote      = 300       // characters of the server's own words that we pass on
	maxRetryAfter = time.Hour // more is not believed
)

// refused turns any status but 200 into a fault, and reads the body for it.
func (c *Client) refused(res *http.Response) error {
	if res.StatusCode == http.StatusOK {
		return nil
	}
	body, _ := io.ReadAll(io.LimitReader(res.Body, maxErrorBytes)) // a body that breaks off says less
	said := parseProblem(body)
	cause := fmt.Errorf("upstream answered %d: %s", res.StatusCode, c.redact(said.text()))
	f := byStatus(res.StatusCode, said).Because(cause)
	switch {
	case f.Is(gateway.ErrUpstreamRateLimited):
		f = f.After(retryAfter(res.Header))
	case f.Is(gateway.ErrUpstreamRejectedRequest) && said.Message != "":
		f = c.quoting(f, said.Message)
	}
	return f
}

func byStatus(status int, said problem) *fault.Fault {
	switch {
	case status == http.StatusUnauthorized, status == http.StatusForbidden:
		return gateway.ErrUpstreamRejectedKey
	case status == http.StatusNotFound && said.Code == "model_not_found":
		return gateway.ErrUpstreamModelUnknown
	case status == http.StatusNotFound, status == http.StatusMethodNotAllowed:
		return gateway.ErrUpstreamUnreadable // no such API at this address
	case status == http.StatusTooManyRequests:
		return gateway.ErrUpstreamRateLimited
	case status == http.StatusRequestTimeout, status == http.StatusGatewayTimeout:
		return gateway.ErrUpstreamTimeout
	case status >= 500:
		return gateway.ErrUpstreamFailed
	case status >= 400:
		return gateway.ErrUpstreamRejectedRequest
	default: // a redirect, or a success without a body of the API
		return gateway.ErrUpstreamUnreadable
	}
}

// problem is OpenAI's error object, as far as servers agree on it.
type problem struct {
	Message string
	Type    string
	Code    string
}

func (p problem) text() string {
	return strings.Trim(strings.Join([]string{p.Type, p.Code, p.Message}, " "), " ")
}

// parseProblem reads {"error":{...}}, {"error":"..."} or {"message":"..."};
// anything else (an HTML page) is an empty problem.
func parseProblem(body []byte) problem {
	var outer struct {
		Error   json.RawMessage `json:"error"`
		Message string          `json:"message"`
	}
	if json.Unmarshal(body, &outer) != nil {
		return problem{}
	}
	if len(outer.Error) == 0 {
		return problem{Message: outer.Message}
	}
	return parseErrorObject(outer.Error)
}

func parseErrorObject(raw json.RawMessage) problem {
	var inner struct {
		Message string          `json:"message"`
		Type    string          `json:"type"`
		Code    json.RawMessage `json:"code"` // a string, a number or null
	}
	if json.Unmarshal(raw, &inner) != nil {
		var text string
		_ = json.Unmarshal(raw, &text)
		return problem{Message: text}
	}
	return problem{Message: inner.Message, Type: inner.Type, Code: strings.Trim(string(inner.Code), `"`)}
}

// reported is the fault for an error that the server put into its stream.
func (c *Client) reported(p problem) error {
	cause := errors.New("upstream reported in its stream: " + c.redact(p.text()))
	switch {
	case strings.Contains(p.Type+p.Code, "rate_limit"), p.Code == "429":
		return gateway.ErrUpstreamRateLimited.Because(cause)
	case strings.HasPrefix(p.Type, "invalid_request"):
		return c.quoting(gateway.ErrUpstreamRejectedRequest.Because(cause), p.Message)
	default:
		return gateway.ErrUpstreamFailed.Because(cause)
	}
}

// quoting adds the server's own words about a request that the user made.
func (c *Client) quoting(f *fault.Fault, message string) *fault.Fault {
	message = strings.Join(strings.Fields(c.redact(message)), " ")
	if utf8.RuneCountInString(message) > maxQuote {
		message = string([]rune(message)[:maxQuote]) + "…"
	}
	if message == "" {
		return f
	}
	return f.Saying("The model's server refused the request: %s", message)
}

// redact takes our key out of text that the server sent.
func (c *Client) redact(text string) string {
	if c.cfg.APIKey == "" {
		return text
	}
	return strings.ReplaceAll(text, c.cfg.APIKey, "[key]")
}

// retryAfter reads the header in seconds; the form with a date is not used by
// servers of this API.
func retryAfter(h http.Header) time.Duration {
	seconds, err := strconv.Atoi(h.Get("Retry-After"))
	if err != nil || seconds < 0 {
		return 0
	}
	return min(time.Duration(seconds)*time.Second, maxRetryAfter)
}
