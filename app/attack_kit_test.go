package app_test

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"tessera/app/apptest"
)

// member is a browser in which somebody with an address and a password is
// signed in.
type member struct {
	*browser
	email  string
	secret string // of the authenticator app, where there is one
}

const memberPassword = "correct-horse-9"

var members atomic.Int32

// newMember signs a new person up and in; the server takes addresses as
// confirmed.
func newMember(t *testing.T, s *apptest.Server) *member {
	t.Helper()
	m := &member{browser: newBrowser(t, s)}
	m.signUp()
	return m
}

func (m *member) signUp() {
	m.t.Helper()
	m.email = fmt.Sprintf("member%d@example.com", members.Add(1))
	m.want(200, "POST", "/auth/v1/signup", map[string]string{"email": m.email, "password": memberPassword})
	m.refresh()
}

func (m *member) signIn() {
	m.t.Helper()
	m.want(200, "POST", "/auth/v1/token?grant_type=password", map[string]string{"email": m.email, "password": memberPassword})
	m.refresh()
}

// hasOnly fails unless these are the account's identities.
func (m *member) hasOnly(providers ...string) {
	m.t.Helper()
	var has []string
	for _, i := range m.want(200, "GET", "/auth/v1/user", nil).body["identities"].([]any) {
		has = append(has, i.(map[string]any)["provider"].(string))
	}
	slices.Sort(has)
	slices.Sort(providers)
	if !slices.Equal(has, providers) {
		m.t.Errorf("the account has %v, want %v", has, providers)
	}
}

// enroll gives the account an authenticator app. It returns the path of the
// factor and the code that was taken, so that codes of later steps are left.
func (m *member) enroll() (factor, taken string) {
	m.t.Helper()
	enrolled := m.want(200, "POST", "/auth/v1/factors", map[string]string{"factor_type": "totp", "friendly_name": "phone"})
	m.secret = enrolled.body["totp"].(map[string]any)["secret"].(string)
	factor, taken = "/auth/v1/factors/"+enrolled.text("id"), m.code(0)
	m.bearer = m.want(200, "POST", factor+"/verify", map[string]string{"challenge_id": m.challenge(factor), "code": taken}).text("access_token")
	return factor, taken
}

func (m *member) challenge(factor string) string {
	m.t.Helper()
	return m.want(200, "POST", factor+"/challenge", map[string]string{}).text("id")
}

// code is what the app shows so many steps of half a minute from now.
func (m *member) code(steps int) string {
	m.t.Helper()
	code, err := totp.GenerateCode(m.secret, time.Now().Add(time.Duration(steps)*30*time.Second))
	if err != nil {
		m.t.Fatal(err)
	}
	return code
}

// wrongCode is a code that the app shows at none of the steps around now.
func (m *member) wrongCode(n int) string {
	near := []string{m.code(-2), m.code(-1), m.code(0), m.code(1), m.code(2)}
	for guess := n; ; guess++ {
		if code := fmt.Sprintf("%06d", guess%1_000_000); !slices.Contains(near, code) {
			return code
		}
	}
}

// mailed waits for the nth mail to an address, and returns its text.
func mailed(t *testing.T, s *apptest.Server, address string, n int) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	mail, err := s.Mail.Wait(ctx, address, n)
	if err != nil {
		t.Fatal(err)
	}
	return strings.ReplaceAll(strings.ReplaceAll(mail.Raw, "=\r\n", ""), "=3D", "=")
}

// codeOf is the six-digit code of a mail.
func codeOf(t *testing.T, mail string) string {
	t.Helper()
	code := strings.TrimSpace(regexp.MustCompile(`(?m)^\s*\d{6}\s*$`).FindString(mail))
	if code == "" {
		t.Fatalf("no code in the mail: %s", mail)
	}
	return code
}
