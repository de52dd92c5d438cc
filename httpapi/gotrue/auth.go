package gotrue

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/go-chi/chi/v5"
	"github.com/google/uuid"

	"tessera/httpapi"
	"tessera/identity"
	"tessera/session"
	"tessera/session/token"
)

// caller is the signed-in user of a request.
type caller struct {
	user    identity.User
	session session.Session
}

type callerHandler func(w http.ResponseWriter, r *http.Request, c caller) error

// withCaller lets a user with a live session through. The session is looked up
// each time: one that was ended is over at once.
func (s *Surface) withCaller(h callerHandler) httpapi.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) error {
		claims, err := s.bearer(r)
		if err != nil {
			return err
		}
		if claims.Subject == "" {
			return token.ErrNoSubject
		}
		user, current, err := s.Sessions.Current(r.Context(), claims)
		if errors.Is(err, identity.ErrUserNotFound) {
			return errBearerUserNotFound
		}
		if err != nil {
			return err
		}
		return h(w, r, caller{user: user, session: current})
	}
}

// withAdmin lets the service_role key through.
func (s *Surface) withAdmin(h httpapi.HandlerFunc) httpapi.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) error {
		claims, err := s.bearer(r)
		if err != nil {
			return err
		}
		// A user whose role was set to service_role has a session that can end;
		// the key has none, so a token that names a user is not the key.
		if !claims.IsServiceRole() || claims.Subject != "" {
			return errNotAdmin
		}
		ctx := identity.WithActor(r.Context(), identity.Actor{Name: token.RoleServiceRole})
		return h(w, r.WithContext(ctx))
	}
}

// withTarget reads the user that an admin route is about.
func (s *Surface) withTarget(h func(http.ResponseWriter, *http.Request, identity.User) error) httpapi.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) error {
		id, err := uuid.Parse(chi.URLParam(r, "user_id"))
		if err != nil {
			return errUserID.On("user_id", "is not a UUID")
		}
		user, err := s.Accounts.User(r.Context(), id)
		if err != nil {
			return err
		}
		return h(w, r, user)
	}
}

// bearer verifies the token of the Authorization header.
func (s *Surface) bearer(r *http.Request) (token.Claims, error) {
	raw, err := bearerToken(r)
	if err != nil {
		return token.Claims{}, err
	}
	return s.verifyOwn(r.Context(), raw)
}

// verifyOwn accepts our own tokens only: another issuer's user has no session
// here.
func (s *Surface) verifyOwn(ctx context.Context, raw string) (token.Claims, error) {
	claims, err := s.Verifier.Verify(ctx, raw)
	if err != nil {
		return token.Claims{}, err
	}
	if !claims.Own {
		return token.Claims{}, token.ErrUnknownIssuer
	}
	return claims, nil
}

// bearerToken reads the header (RFC 6750 2.1).
func bearerToken(r *http.Request) (string, error) {
	scheme, raw, ok := strings.Cut(r.Header.Get("Authorization"), " ")
	if raw = strings.TrimSpace(raw); !ok || !strings.EqualFold(scheme, "Bearer") || raw == "" {
		return "", errNoBearer
	}
	return raw, nil
}
