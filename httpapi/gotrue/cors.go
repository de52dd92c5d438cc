package gotrue

import (
	"net/http"
	"strings"

	"tessera/httpapi"
	"tessera/identity"
)

// allowCrossOrigin lets pages of any origin call this surface, as GoTrue does:
// a call carries its own bearer token, so an origin is no authority. The one
// thing that a browser adds by itself, the session cookie, is honoured for our
// own origin only (see cookie.go). apikey and x-client-info are on the list
// because every published client sends them.
func allowCrossOrigin(next http.Handler) http.Handler {
	headers := strings.Join([]string{
		"Accept", "Authorization", "Content-Type", "apikey", "X-Client-Info", "X-Client-IP", "X-JWT-AUD",
		"X-Request-Id", "X-Supabase-Api-Version", "x-use-cookie",
	}, ", ")
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header := w.Header()
		header.Add("Vary", "Origin")
		if r.Header.Get("Origin") == "" {
			next.ServeHTTP(w, r)
			return
		}
		header.Set("Access-Control-Allow-Origin", "*")
		header.Set("Access-Control-Expose-Headers", "X-Total-Count, Link, X-Supabase-Api-Version, X-Request-Id, Retry-After")
		if r.Method == http.MethodOptions && r.Header.Get("Access-Control-Request-Method") != "" {
			header.Set("Access-Control-Allow-Methods", "GET, POST, PUT, PATCH, DELETE")
			header.Set("Access-Control-Allow-Headers", headers)
			header.Set("Access-Control-Max-Age", "86400")
			w.WriteHeader(http.StatusNoContent)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// locate puts where the request came from into its context, for the audit log
// and for sessions, and the language that mails are written in.
func locate(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx := identity.WithRequest(r.Context(), identity.Request{
			IP: httpapi.ClientIP(r.Context()), UserAgent: httpapi.UserAgent(r),
			ID: httpapi.RequestID(r.Context()), Locale: localeOf(r),
		})
		next.ServeHTTP(w, r.WithContext(ctx))
	})
}

// localeOf is Chinese for who prefers it, and English for all others.
func localeOf(r *http.Request) string {
	first, _, _ := strings.Cut(r.Header.Get("Accept-Language"), ",")
	if strings.HasPrefix(strings.ToLower(strings.TrimSpace(first)), "zh") {
		return "zh-CN"
	}
	return "en"
}
