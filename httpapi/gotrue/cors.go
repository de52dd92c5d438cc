package gotrue

import (
	"net/http"
	"strings"
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
