package gotrue

import (
	"context"
	"net/http"

	"github.com/go-chi/chi/v5"

	"tessera/httpapi"
	"tessera/identity"
	"tessera/pendingauth"
	"tessera/session"
	"tessera/session/token"
)

// Prefix is where the surface is mounted.
const Prefix = "/auth/v1"

// maxBody is GoTrue's limit.
const maxBody = 1 << 20

// Verifier checks access tokens; token.Verifier does.
type Verifier interface {
	Verify(ctx context.Context, raw string) (token.Claims, error)
}

// KeySet publishes our public keys; token.KeyRing does.
type KeySet interface {
	JWKS(ctx context.Context) ([]byte, error)
}

// Config is what an operator decides about this surface.
type Config struct {
	Limits        RateLimits `name:"rate_limits" doc:"Rate limits of /auth/v1."`
	ManualLinking bool       `name:"manual_linking" doc:"Let clients bind further identities to an account that is signed in (linkIdentity)." default:"true"`
}

// Surface answers /auth/v1. Its fields are set once, before Mount.
type Surface struct {
	Sessions *session.Service
	Accounts *identity.Service
	Verifier Verifier
	Keys     KeySet
	Limits   *httpapi.Limits
	Rates    RateLimits
	// ManualLinking lets clients bind identities.
	ManualLinking bool
	Pending       *pendingauth.Service
	Factors       *identity.Factors
	// Sources names the providers that people may sign in with.
	Sources  func() []string
	Cookies  httpapi.Cookies
	SiteName string
	Version  string
}

// Mount adds the surface's routes to r, under Prefix.
func (s *Surface) Mount(r chi.Router) {
	r.Route(Prefix, func(r chi.Router) {
		r.Use(allowCrossOrigin, httpapi.Locate)
		s.mountPublic(r)
		s.mountSignedIn(r)
		s.mountAdmin(r)
		s.mountPasskeys(r)
		r.NotFound(http.NotFound)
	})
}

func (s *Surface) mountPublic(r chi.Router) {
	handle := func(method, path string, h httpapi.HandlerFunc) {
		r.Method(method, path, httpapi.Wrap(h, writeError))
	}
	handle(http.MethodGet, "/health", s.health)
	handle(http.MethodGet, "/settings", s.settings)
	handle(http.MethodGet, "/.well-known/jwks.json", s.jwks)
	handle(http.MethodGet, "/.well-known/openid-configuration", s.openIDConfiguration)
	handle(http.MethodGet, "/.well-known/oauth-authorization-server", s.oauthServerDisabled)

	handle(http.MethodPost, "/signup", s.limited(s.Rates.signup(), s.signUp))
	handle(http.MethodPost, "/token", s.token)
	handle(http.MethodPost, "/recover", s.limited(s.Rates.mail(), s.recover))
	handle(http.MethodPost, "/resend", s.limited(s.Rates.mail(), s.resend))
	handle(http.MethodPost, "/otp", s.limited(s.Rates.mail(), s.otp))
	handle(http.MethodPost, "/magiclink", s.limited(s.Rates.mail(), s.otp))
	handle(http.MethodGet, "/verify", s.limited(s.Rates.verify(), s.showLink))
	handle(http.MethodPost, "/verify", s.limited(s.Rates.verify(), s.verify))
	handle(http.MethodGet, "/authorize", s.limited(s.Rates.authorize(), s.authorize))
	handle(http.MethodGet, "/callback/{provider}", s.callback)
	handle(http.MethodPost, "/callback/{provider}", s.callback)
}

func (s *Surface) mountSignedIn(r chi.Router) {
	handle := func(method, path string, h httpapi.HandlerFunc) {
		r.Method(method, path, httpapi.Wrap(h, writeError))
	}
	handle(http.MethodGet, "/user", s.withCaller(s.getUser))
	handle(http.MethodPut, "/user", s.withCaller(s.putUser))
	handle(http.MethodPost, "/logout", s.withCaller(s.logout))
	handle(http.MethodGet, "/reauthenticate", s.withCaller(s.reauthenticate))
	handle(http.MethodGet, "/user/identities/authorize", s.withCaller(s.link))
	handle(http.MethodDelete, "/user/identities/{identity_id}", s.withCaller(s.unlink))
	handle(http.MethodPost, "/factors", s.withCaller(s.enroll))
	handle(http.MethodPost, "/factors/{factor_id}/challenge", s.withCaller(s.challenge))
	handle(http.MethodPost, "/factors/{factor_id}/verify", s.withCaller(s.verifyFactor))
	handle(http.MethodDelete, "/factors/{factor_id}", s.withCaller(s.unenroll))
}

func (s *Surface) mountAdmin(r chi.Router) {
	handle := func(method, path string, h httpapi.HandlerFunc) {
		r.Method(method, path, httpapi.Wrap(s.withAdmin(h), writeError))
	}
	handle(http.MethodPost, "/invite", s.invite)
	handle(http.MethodPost, "/admin/generate_link", s.generateLink)
	handle(http.MethodGet, "/admin/users", s.listUsers)
	handle(http.MethodPost, "/admin/users", s.createUser)
	handle(http.MethodGet, "/admin/users/{user_id}", s.withTarget(s.adminGetUser))
	handle(http.MethodPut, "/admin/users/{user_id}", s.withTarget(s.adminPutUser))
	handle(http.MethodDelete, "/admin/users/{user_id}", s.withTarget(s.adminDeleteUser))
	handle(http.MethodGet, "/admin/audit", s.audit)
}
