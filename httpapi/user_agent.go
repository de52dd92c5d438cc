package httpapi

import (
	"net/http"
	"strings"
	"unicode/utf8"
)

const maxUserAgent = 400

// UserAgent returns the request's User-Agent as it may be stored: valid UTF-8,
// 400 bytes at most.
func UserAgent(r *http.Request) string {
	agent := strings.ToValidUTF8(r.UserAgent(), "\uFFFD")
	if len(agent) <= maxUserAgent {
		return agent
	}
	agent = agent[:maxUserAgent]
	for !utf8.ValidString(agent) {
		agent = agent[:len(agent)-1]
	}
	return agent
}
