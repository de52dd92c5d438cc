package console

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"

	"tessera/httpapi"
	"tessera/testuser"
)

// TestUserSession is a test user handed out. It holds a password and tokens:
// no cache may keep it.
type TestUserSession struct {
	Username     string `json:"username" doc:"Empty for an anonymous user." example:"gymbro-test-01"`
	Email        string `json:"email" doc:"Empty for an anonymous user."`
	Password     string `json:"password" doc:"Set anew by this call; empty for an anonymous user."`
	AccessToken  string `json:"access_token" doc:"Issued by the auth server, as any user's."`
	RefreshToken string `json:"refresh_token"`
	ExpiresAt    int64  `json:"expires_at" doc:"When the access token expires, in seconds since 1970."`
	TokenType    string `json:"token_type" example:"bearer"`
	Reused       bool   `json:"reused" doc:"The account was there before this call."`
	RequestID    string `json:"request_id" doc:"The id of this request, as in the X-Request-Id header."`
}

// TestUser is a test user that was made.
type TestUser struct {
	ID         string     `json:"id" format:"uuid"`
	Username   string     `json:"username" example:"gymbro-test-01"`
	Email      string     `json:"email"`
	CreatedAt  time.Time  `json:"created_at"`
	LastUsedAt *time.Time `json:"last_used_at" doc:"When it was last handed out; null when never."`
}

type createTestUserInput struct {
	Body struct {
		UsernamePrefix string  `json:"username_prefix" maxLength:"64" doc:"An allowed prefix, for its first user, or a prefix with a number, for that very user." example:"gymbro-test"`
		MailAPIKey     *string `json:"mail_api_key,omitempty" maxLength:"512" doc:"Key for the Mail API, instead of the configured one. It is used for this call and not kept."`
		ForceNew       *bool   `json:"force_new,omitempty" doc:"Take the next free number instead of a user who is there."`
	}
}

type testUserSessionOutput struct {
	CacheControl string `header:"Cache-Control"`
	Body         TestUserSession
}

type testUsersOutput struct {
	Body struct {
		Data []TestUser `json:"data"`
	}
}

type testUserInput struct {
	ID uuid.UUID `path:"id" format:"uuid" doc:"The test user's id."`
}

// AddTestUsers adds the test users of /ai/jwt.
func AddTestUsers(a *API, users *testuser.Service) {
	tags := []string{"Test users"}
	Register(a, Administrator, huma.Operation{
		OperationID: "create-mail-user", Method: http.MethodPost, Path: "/llm/tests/create-mail-user", Tags: tags,
		Summary:     "Hand out a test user, made now or before, with a real token",
		Description: "Makes the account through the auth server's admin API if it is not there, sets a new password, and signs in with it.",
	}, func(ctx context.Context, in *createTestUserInput) (*testUserSessionOutput, error) {
		request := testuser.Request{Caller: callerID(ctx), Prefix: in.Body.UsernamePrefix}
		if in.Body.MailAPIKey != nil {
			request.MailAPIKey = *in.Body.MailAPIKey
		}
		request.ForceNew = in.Body.ForceNew != nil && *in.Body.ForceNew
		session, err := users.Create(ctx, request)
		return handedOut(ctx, session, err)
	})
	Register(a, Administrator, huma.Operation{
		OperationID: "list-mail-users", Method: http.MethodGet, Path: "/llm/tests/mail-users", Tags: tags,
		Summary: "The test users that were made, oldest first",
	}, func(ctx context.Context, _ *struct{}) (*testUsersOutput, error) {
		made, err := users.List(ctx, callerID(ctx))
		if err != nil {
			return nil, err
		}
		out := &testUsersOutput{}
		out.Body.Data = make([]TestUser, len(made))
		for i, u := range made {
			out.Body.Data[i] = TestUser{ID: u.ID.String(), Username: u.Username, Email: u.Email, CreatedAt: u.CreatedAt, LastUsedAt: optionalTime(u.LastUsedAt)}
		}
		return out, nil
	})
	Register(a, Administrator, huma.Operation{
		OperationID: "refresh-mail-user", Method: http.MethodPost, Path: "/llm/tests/mail-users/{id}/refresh", Tags: tags,
		Summary: "Hand a test user out again, with a fresh token",
	}, func(ctx context.Context, in *testUserInput) (*testUserSessionOutput, error) {
		session, err := users.Refresh(ctx, callerID(ctx), in.ID)
		return handedOut(ctx, session, err)
	})
	Register(a, Administrator, huma.Operation{
		OperationID: "create-anon-token", Method: http.MethodPost, Path: "/llm/tests/anon-token", Tags: tags,
		Summary: "Sign a new anonymous user in",
	}, func(ctx context.Context, _ *struct{}) (*testUserSessionOutput, error) {
		session, err := users.Anonymous(ctx, callerID(ctx))
		return handedOut(ctx, session, err)
	})
}

func callerID(ctx context.Context) string { return CallerFrom(ctx).User.ID.String() }

func handedOut(ctx context.Context, s testuser.Session, err error) (*testUserSessionOutput, error) {
	if err != nil {
		return nil, err
	}
	return &testUserSessionOutput{CacheControl: "no-store", Body: TestUserSession{
		Username: s.Username, Email: s.Email, Password: s.Password,
		AccessToken: s.AccessToken, RefreshToken: s.RefreshToken, ExpiresAt: s.ExpiresAt.Unix(), TokenType: s.TokenType,
		Reused: s.Reused, RequestID: httpapi.RequestID(ctx),
	}}, nil
}

func optionalTime(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}
