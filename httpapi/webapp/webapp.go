package webapp

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"slices"
	"strconv"
	"strings"
)

// Config is what the app is served with.
type Config struct {
	Dist fs.FS // rooted at index.html; nil = the app was not built into this binary
	// ConnectTo are further origins that pages may call: the Supabase project
	// in that mode.
	ConnectTo []string
	// NotFound answers what is neither a file nor a route of the app.
	NotFound http.Handler
}

// variant is one encoding of a file.
type variant struct {
	name     string // in Dist
	encoding string // "" = identity
	etag     string
	size     int
}

// Handler serves the app. It is safe for concurrent use.
type Handler struct {
	config Config
	files  map[string][]variant // by path, the smallest variant first
	policy string
}

// encodings are the suffixes that the build writes, and their names in HTTP.
var encodings = map[string]string{".br": "br", ".gz": "gzip"}

// New reads the app's files once, for their entity tags.
func New(config Config) (*Handler, error) {
	h := &Handler{config: config, files: map[string][]variant{}, policy: policy(config.ConnectTo)}
	if config.Dist == nil {
		return h, nil
	}
	err := fs.WalkDir(config.Dist, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		return h.add(name)
	})
	if err != nil {
		return nil, fmt.Errorf("web app: %w", err)
	}
	for _, variants := range h.files {
		slices.SortFunc(variants, func(a, b variant) int { return a.size - b.size })
	}
	return h, nil
}

func (h *Handler) add(name string) error {
	content, err := fs.ReadFile(h.config.Dist, name)
	if err != nil {
		return err
	}
	sum := sha256.Sum256(content)
	v := variant{name: name, size: len(content), etag: `"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`}
	file := name
	if encoding, ok := encodings[path.Ext(name)]; ok {
		v.encoding, file = encoding, strings.TrimSuffix(name, path.Ext(name))
	}
	h.files["/"+file] = append(h.files["/"+file], v)
	return nil
}

// policy lets pages load and call this server alone. Inline style attributes
// are what component libraries set positions with; inline style elements and
// scripts stay forbidden.
func policy(connectTo []string) string {
	return strings.Join([]string{
		"default-src 'self'", "script-src 'self'", "style-src 'self'", "style-src-attr 'unsafe-inline'",
		"img-src 'self' data: blob:", "font-src 'self'",
		strings.Join(append([]string{"connect-src 'self'"}, connectTo...), " "),
		"object-src 'none'", "base-uri 'none'", "frame-ancestors 'none'", "form-action 'self'",
	}, "; ")
}

// ServeHTTP implements http.Handler.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		if isForeign(r.URL.Path) {
			h.config.NotFound.ServeHTTP(w, r)
			return
		}
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
		return
	}
	name := path.Clean("/" + r.URL.Path)
	if name == "/" {
		name = "/index.html"
	}
	variants, found := h.files[name]
	switch {
	case found:
		h.serve(w, r, name, variants)
	case h.config.Dist == nil && name == "/index.html":
		h.notBuilt(w)
	case isForeign(name) || path.Ext(name) != "":
		h.config.NotFound.ServeHTTP(w, r) // a missing asset must not look like a page
	case h.config.Dist == nil:
		h.notBuilt(w)
	default:
		h.serve(w, r, "/index.html", h.files["/index.html"])
	}
}

// isForeign reports whether a path belongs to another surface, so that a
// misspelled API call is not answered with a page.
func isForeign(name string) bool {
	for _, prefix := range []string{"/api", "/auth/v1", "/v1", "/avatars", "/metrics", "/healthz", "/readyz"} {
		if name == prefix || strings.HasPrefix(name, prefix+"/") {
			return true
		}
	}
	return false
}

func (h *Handler) serve(w http.ResponseWriter, r *http.Request, name string, variants []variant) {
	v, ok := choose(variants, r.Header.Get("Accept-Encoding"))
	if !ok {
		http.Error(w, "no acceptable encoding", http.StatusNotAcceptable)
		return
	}
	header := w.Header()
	h.headers(header, name)
	header.Set("ETag", v.etag)
	if len(variants) > 1 {
		header.Set("Vary", "Accept-Encoding")
	}
	if matches(r.Header.Get("If-None-Match"), v.etag) {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	content, err := fs.ReadFile(h.config.Dist, v.name)
	if err != nil {
		http.Error(w, "Internal Server Error", http.StatusInternalServerError)
		return
	}
	header.Set("Content-Type", contentType(name))
	header.Set("Content-Length", strconv.Itoa(len(content)))
	if v.encoding != "" {
		header.Set("Content-Encoding", v.encoding)
	}
	w.WriteHeader(http.StatusOK)
	if r.Method == http.MethodGet {
		_, _ = w.Write(content)
	}
}

// headers sets what a page needs in place of what an API answer carries. Files
// under /assets have a hash in their name and never change.
func (h *Handler) headers(header http.Header, name string) {
	header.Set("Content-Security-Policy", h.policy)
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Referrer-Policy", "strict-origin-when-cross-origin")
	header.Set("Permissions-Policy", "camera=(), microphone=(), geolocation=(), payment=(), usb=(), browsing-topics=()")
	header.Set("Cross-Origin-Opener-Policy", "same-origin")
	header.Set("Cross-Origin-Resource-Policy", "same-origin")
	if strings.HasPrefix(name, "/assets/") {
		header.Set("Cache-Control", "public, max-age=31536000, immutable")
	} else {
		header.Set("Cache-Control", "no-cache")
	}
}

// types are those that a system's own table may lack or get wrong.
var types = map[string]string{
	".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8", ".html": "text/html; charset=utf-8",
	".svg": "image/svg+xml", ".json": "application/json", ".webmanifest": "application/manifest+json",
	".woff2": "font/woff2", ".woff": "font/woff", ".txt": "text/plain; charset=utf-8", ".map": "application/json",
	".png": "image/png", ".ico": "image/x-icon", ".webp": "image/webp",
}

func contentType(name string) string {
	if t, ok := types[path.Ext(name)]; ok {
		return t
	}
	if t := mime.TypeByExtension(path.Ext(name)); t != "" {
		return t
	}
	return "application/octet-stream"
}

// matches compares weakly, as RFC 9110 13.1.2 asks.
func matches(ifNoneMatch, etag string) bool {
	for candidate := range strings.SplitSeq(ifNoneMatch, ",") {
		candidate = strings.TrimSpace(candidate)
		if candidate == "*" || strings.TrimPrefix(candidate, "W/") == etag {
			return true
		}
	}
	return false
}

// notBuilt says how to get a binary with the app in it.
func (h *Handler) notBuilt(w http.ResponseWriter) {
	h.headers(w.Header(), "")
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(http.StatusServiceUnavailable)
	_, _ = w.Write([]byte(notBuiltPage))
}

const notBuiltPage = `<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Tessera</title>
<h1>Tessera is running, without its web app</h1>
<p>This binary was compiled before the web app was built. Run <code>make build</code> and start <code>bin/tessera</code> again.</p>
<p lang="zh-CN">本程序编译时未包含网页应用。请运行 <code>make build</code>，然后重新启动 <code>bin/tessera</code>。</p>
<p>The API is at <a href="/api/v1/openapi.json">/api/v1</a> and <a href="/auth/v1/health">/auth/v1</a>.</p>
</html>
`
