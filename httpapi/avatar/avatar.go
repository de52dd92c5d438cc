// Package avatar serves people's pictures to everybody: by the SHA-256 of their
// content, so that an address says nothing of whose it is, and what is behind it
// never changes.
package avatar

import (
	"context"
	"net/http"
	"strconv"
	"strings"

	"github.com/go-chi/chi/v5"

	"tessera/httpapi"
	"tessera/identity"
)

// Store finds pictures; identity.AvatarStore does.
type Store interface {
	AvatarBySum(ctx context.Context, sum string) (identity.Avatar, error)
}

// Mount adds GET and HEAD /avatars/{sha256} to r.
func Mount(r chi.Router, store Store, writeError httpapi.ErrorWriter) {
	handler := httpapi.Wrap(func(w http.ResponseWriter, r *http.Request) error {
		return serve(w, r, store)
	}, writeError)
	for _, method := range []string{http.MethodGet, http.MethodHead} {
		r.Method(method, identity.AvatarPrefix+"{sha256}", handler)
	}
}

func serve(w http.ResponseWriter, r *http.Request, store Store) error {
	sum := chi.URLParam(r, "sha256")
	if len(sum) != 64 || strings.Trim(sum, "0123456789abcdef") != "" {
		return identity.ErrAvatarNotFound
	}
	found, err := store.AvatarBySum(r.Context(), sum)
	if err != nil {
		return err
	}
	header := w.Header()
	header.Set("Content-Type", found.ContentType)
	header.Set("X-Content-Type-Options", "nosniff")
	// The bytes are our own encoding; should they ever be anything else, they are
	// opened in a sandbox and load nothing.
	header.Set("Content-Security-Policy", "default-src 'none'; sandbox")
	header.Set("Content-Disposition", "inline")
	header.Set("Cross-Origin-Resource-Policy", "cross-origin") // apps of other origins show them
	header.Set("Cache-Control", "public, max-age=604800, immutable")
	header.Set("ETag", `"`+sum+`"`)
	if strings.Contains(r.Header.Get("If-None-Match"), sum) {
		w.WriteHeader(http.StatusNotModified)
		return nil
	}
	header.Set("Content-Length", strconv.Itoa(len(found.Content)))
	w.WriteHeader(http.StatusOK)
	if r.Method == http.MethodGet {
		_, _ = w.Write(found.Content)
	}
	return nil
}
