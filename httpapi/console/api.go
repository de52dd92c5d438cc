package console

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"mime"
	"net/http"
	"strings"
	"sync"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humachi"
	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"
	"github.com/google/uuid"

	"tessera/httpapi"
)

// basePath is where the surface is mounted.
const basePath = "/api/v1"

// maxBody is how much a body may hold where an operation does not say.
const maxBody = 1 << 20

// API is the surface under construction, and then its handler. Resources add
// themselves with [Register] and [API.Handle].
type API struct {
	router chi.Router
	huma   huma.API
	auth   Authenticate

	limitAddress func(ctx context.Context) error
	limitAccount func(ctx context.Context, userID uuid.UUID) error

	spec func() ([]byte, error)
}

// New returns the surface without any resource.
func New(version string, auth Authenticate) *API {
	speakProblems()
	router := chi.NewRouter()
	a := &API{router: router, auth: auth}
	router.Use(httpapi.Guard(WriteProblem), middleware.StripSlashes, httpapi.Locate, readBody)
	router.NotFound(httpapi.Wrap(func(http.ResponseWriter, *http.Request) error {
		return httpapi.ErrRouteUnknown
	}, WriteProblem).ServeHTTP)
	router.MethodNotAllowed(httpapi.Wrap(a.methodNotAllowed, WriteProblem).ServeHTTP)

	config := huma.DefaultConfig("Tessera", version)
	config.CreateHooks = nil // no $schema in bodies, no Link headers
	config.OpenAPIPath, config.DocsPath, config.SchemasPath = "", "", ""
	config.Info.Description = "Accounts, test users, models and messages. Errors are RFC 9457 problems with a code, a hint and the request id."
	config.Servers = []*huma.Server{{URL: basePath}}
	config.Components.SecuritySchemes = map[string]*huma.SecurityScheme{
		"bearer": {Type: "http", Scheme: "bearer", BearerFormat: "JWT", Description: "An access token of this server, or of an issuer that it trusts."},
	}
	a.huma = humachi.New(router, config)
	a.spec = sync.OnceValues(func() ([]byte, error) { return json.MarshalIndent(a.huma.OpenAPI(), "", "  ") })
	router.Get("/openapi.json", httpapi.Wrap(a.serveSpec, WriteProblem).ServeHTTP)
	return a
}

// ServeHTTP implements http.Handler, for mounting at /api/v1.
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) { a.router.ServeHTTP(w, r) }

// OpenAPI returns the description of every resource added so far, as JSON.
func (a *API) OpenAPI() ([]byte, error) { return json.MarshalIndent(a.huma.OpenAPI(), "", "  ") }

func (a *API) serveSpec(w http.ResponseWriter, _ *http.Request) error {
	spec, err := a.spec()
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/openapi+json")
	w.Header().Set("Cache-Control", "no-cache")
	_, _ = w.Write(spec)
	return nil
}

// Register adds an operation that takes I and answers O, both in Huma's form,
// for whoever has access. A fault that it returns becomes a problem.
func Register[I, O any](a *API, access Access, op huma.Operation, handle func(context.Context, *I) (*O, error)) {
	a.describe(access, &op)
	op.Middlewares = append(huma.Middlewares{a.guardHuma(a.gate(access, &op))}, op.Middlewares...)
	huma.Register(a.huma, op, handle)
}

// Handle adds an operation that writes its own answer, an event stream for
// example. op describes it; its parameters and answers must be written out.
func (a *API) Handle(access Access, op huma.Operation, handle httpapi.HandlerFunc) {
	a.describe(access, &op)
	a.huma.OpenAPI().AddOperation(&op)
	admit := a.gate(access, &op)
	a.router.Method(op.Method, op.Path, httpapi.Wrap(func(w http.ResponseWriter, r *http.Request) error {
		ctx, err := admit(r.Context(), r.Header.Get("Authorization"))
		if err != nil {
			return err
		}
		return handle(w, r.WithContext(ctx))
	}, WriteProblem))
}

func (a *API) describe(access Access, op *huma.Operation) {
	op.Description = joinSentences(op.Description, access.description())
	if access != Public {
		op.Security = []map[string][]string{{"bearer": {}}}
	}
	op.BodyReadTimeout = -1 // readBody has read it; a deadline left behind would cut the handler
	if op.MaxBodyBytes == 0 {
		op.MaxBodyBytes = maxBody
	}
}

func joinSentences(a, b string) string {
	if a == "" {
		return b
	}
	return a + " " + b
}

// readBody reads the body of a request once, to refuse the text that no
// database takes before anything parses it.
func readBody(next http.Handler) http.Handler {
	return httpapi.Wrap(func(w http.ResponseWriter, r *http.Request) error {
		if r.Body == nil || r.Body == http.NoBody || r.ContentLength == 0 {
			next.ServeHTTP(w, r)
			return nil
		}
		body, err := httpapi.ReadBody(r, maxAnyBody)
		if err != nil {
			return err
		}
		if err := httpapi.CheckText(body); err != nil {
			return err
		}
		if err := httpapi.CheckNames(body); err != nil {
			return err
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		next.ServeHTTP(w, r)
		return nil
	}, WriteProblem)
}

// requireJSON refuses a body that says it is something else, as Huma does for
// the operations that it reads. A body that says nothing is taken as JSON.
// Fault: ErrNotJSON.
func requireJSON(r *http.Request) error {
	stated := r.Header.Get("Content-Type")
	if stated == "" {
		return nil
	}
	mediaType, _, err := mime.ParseMediaType(stated)
	if err != nil || mediaType != "application/json" && !strings.HasSuffix(mediaType, "+json") {
		return ErrNotJSON
	}
	return nil
}

// maxAnyBody is the most that any operation of this surface takes.
const maxAnyBody = 8 << 20

// methodNotAllowed says which methods the path does answer to.
func (a *API) methodNotAllowed(w http.ResponseWriter, r *http.Request) error {
	path := chi.RouteContext(r.Context()).RoutePath
	for _, method := range []string{"GET", "POST", "PUT", "PATCH", "DELETE"} {
		if a.router.Match(chi.NewRouteContext(), method, path) {
			w.Header().Add("Allow", method)
		}
	}
	return httpapi.ErrMethod
}
