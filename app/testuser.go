package app

import (
	"context"
	"net/http"
	"time"

	"tessera/httpapi"
	"tessera/identity"
	"tessera/session/token"
	"tessera/testuser"
)

// testUserLimit is how often one administrator may ask for test users.
var testUserLimit = httpapi.Limit{Name: "test_users", Account: httpapi.Rate{Burst: 30, Per: 5 * time.Minute}}

// wireTestUsers makes the test users of whichever auth server our pages sign
// in at. In embedded mode that is this server, which is called through its own
// router: the token is one that /auth/v1 issued, by the same path as anyone's.
func (a *App) wireTestUsers(_ context.Context, r *rooms) error {
	c := a.options.Config
	outside := r.tracing.client(http.DefaultTransport)
	auth := testuser.AuthServerConfig{
		URL: a.core.issuer(), AnonKey: a.AnonKey, ServiceRoleKey: a.ServiceRoleKey, Now: a.options.Now,
		Transport: handlerTransport{func() http.Handler { return a.server.Handler }},
	}
	if c.Auth.Mode == modeSupabase {
		auth = testuser.AuthServerConfig{
			URL: token.SupabaseIssuer(c.Supabase.URL, "").Issuer, AnonKey: c.Supabase.AnonKey, ServiceRoleKey: c.Supabase.ServiceRoleKey,
			Now: a.options.Now, Transport: outside,
		}
	}
	r.testUsers = &testuser.Service{
		Config: c.TestUsers, IsOn: c.TestUsers.Enabled.IsOn(c.Environment == "production"), Store: a.core.db.TestUsers(),
		Auth: testuser.NewAuthServer(auth), Mail: testuser.NewMailAPI(c.TestUsers.MailAPI, outside),
		Accept: func(ctx context.Context, accessToken string) (testuser.Accepted, error) {
			claims, err := r.verifier.Verify(ctx, accessToken)
			return testuser.Accepted{Subject: claims.Subject, IsAnonymous: claims.IsAnonymous}, err
		},
		Limit: func(ctx context.Context, caller string) error { return r.limits.Check(ctx, testUserLimit, caller) },
		Audit: a.auditTestUser, Now: a.options.Now,
	}
	return nil
}

func (a *App) auditTestUser(ctx context.Context, call testuser.Call) error {
	return a.core.accounts.Record(ctx, identity.ActionTestUser, identity.User{}, map[string]any{
		"operation": call.Operation, "username": call.Username, "email": call.Email, "auth_user_id": call.AuthUserID,
		"reused": call.IsReused, "result": call.Result,
	})
}
