package app_test

import (
	"net/http"
	"sync"
	"testing"
	"time"

	"tessera/app/apptest"
	"tessera/session/token/tokentest"
	"tessera/testuser/supabasetest"
)

// Two hundred first requests at once of one new subject of a trusted issuer
// make one local user.
func TestFirstRequestsAtOnceMakeOneUser(t *testing.T) {
	project := supabasetest.NewServer(time.Now)
	t.Cleanup(project.Close)
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		const requests = 200
		access := apptest.Bearer(project.Token("5afe0000-0000-4000-8000-00000000cafe", time.Now()))
		ids := make([]string, requests)
		ready := make(chan struct{})
		var wg sync.WaitGroup
		for i := range ids {
			wg.Go(func() {
				<-ready
				a := s.Do(t, http.MethodGet, "/api/v1/me", nil, access...)
				if a.Status != http.StatusOK {
					t.Errorf("%d %s", a.Status, a.Raw)
				}
				ids[i] = a.Text("id")
			})
		}
		close(ready)
		wg.Wait()
		for _, id := range ids {
			if id == "" || id != ids[0] {
				t.Fatalf("ids %q and %q", ids[0], id)
			}
		}
		wantAccounts(t, s, "2") // the administrator and this one
		// Of 200 dials at once some were not needed; the server, when it stops,
		// would wait for their first request.
		http.DefaultClient.CloseIdleConnections()
	}, "TESSERA_SUPABASE_URL="+project.ProjectURL())
}

// The same address at another issuer, or at our own, is another user.
func TestOneAddressAtTwoIssuersIsTwoUsers(t *testing.T) {
	first, second := supabasetest.NewServer(time.Now), supabasetest.NewServer(time.Now)
	t.Cleanup(first.Close)
	t.Cleanup(second.Close)
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		same := map[string]any{"email": s.Admin.Email}
		ids := map[string]bool{}
		for _, raw := range []string{
			first.Token("subject", time.Now(), same), second.Token("subject", time.Now(), same),
			s.SignIn(t, s.Admin).Text("access_token"),
		} {
			a := s.Must(t, http.StatusOK, http.MethodPost, "/api/v1/auth/sync-user", nil, apptest.Bearer(raw)...)
			if a.Text("email") != s.Admin.Email || a.Body["is_admin"] != (a.Text("issuer") == s.URL+"/auth/v1") {
				t.Errorf("%s", a.Raw)
			}
			ids[a.Text("id")] = true
		}
		if len(ids) != 3 {
			t.Errorf("one address at three issuers is %d users", len(ids))
		}
		wantAccounts(t, s, "3")
	}, "TESSERA_SUPABASE_URL="+first.ProjectURL(), `TESSERA_AUTH_ISSUERS=[{"issuer":"`+second.Name()+`"}]`)
}

// While the project's key set fails in every way, its users go on.
func TestUsersOfAProjectWhoseKeySetIsAway(t *testing.T) {
	project := supabasetest.NewServer(time.Now)
	t.Cleanup(project.Close)
	s := apptest.Start(t, apptest.Options{Settings: []string{"TESSERA_SUPABASE_URL=" + project.ProjectURL()}})
	for i, mode := range []tokentest.Mode{tokentest.Serving, tokentest.Error, tokentest.Garbage, tokentest.HTML, tokentest.Empty, tokentest.Hangup} {
		project.Set(mode)
		access := project.Token("subject", time.Now(), map[string]any{"nonce": i}) // a token that no cache knows
		s.Must(t, http.StatusOK, http.MethodGet, "/api/v1/me", nil, apptest.Bearer(access)...)
	}
	project.Close()
	access := project.Token("subject", time.Now(), map[string]any{"nonce": "gone"})
	s.Must(t, http.StatusOK, http.MethodGet, "/api/v1/me", nil, apptest.Bearer(access)...)
}

func wantAccounts(t *testing.T, s *apptest.Server, want string) {
	t.Helper()
	users := s.Must(t, http.StatusOK, http.MethodGet, "/auth/v1/admin/users", nil, apptest.Bearer(s.ServiceRoleKey)...)
	if got := users.Header.Get("X-Total-Count"); got != want {
		t.Errorf("%s accounts, want %s", got, want)
	}
}
