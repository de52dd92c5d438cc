package httpapi

import (
	"net/http"
	"strings"

	"tessera/identity"
)

// Locate puts where a request came from into its context, for the audit log and
// for sessions, and the language that mails are written in.
func Locate(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx := identity.WithRequest(r.Context(), identity.Request{
			IP: ClientIP(r.Context()), UserAgent: UserAgent(r), ID: RequestID(r.Context()), Locale: Locale(r),
		})
		next.ServeHTTP(w, r.WithContext(ctx))
	})
}

// Locale is Chinese for who prefers it, and English for all others.
func Locale(r *http.Request) string {
	first, _, _ := strings.Cut(r.Header.Get("Accept-Language"), ",")
	if strings.HasPrefix(strings.ToLower(strings.TrimSpace(first)), "zh") {
		return "zh-CN"
	}
	return "en"
}
