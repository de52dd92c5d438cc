package app_test

import (
	"net/url"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"tessera/app/apptest"
	"tessera/provider/providertest"
)

// An attacker comes from a provider, and types or brings a victim's address.
func TestAttackAddressOfAnother(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		arrive := func(t *testing.T, address string) (attacker *browser, victim *member) {
			victim = newMember(t, s)
			attacker = newBrowser(t, s)
			if address == "" {
				address = victim.email
			}
			id := strings.TrimSuffix(strings.TrimPrefix(victim.email, "member"), "@example.com")
			attacker.visit(toLogin, "google", providertest.Choice{Else: &providertest.Person{
				ID: "90000" + id, Nickname: "Eve", Email: address, EmailVerified: true,
			}})
			return attacker, victim
		}
		both := map[string]bool{"adopt_nickname": true, "adopt_avatar": true}
		t.Run("typed, never proven, then bound", func(t *testing.T) {
			attacker, victim := arrive(t, "eve@example.com")
			typed := attacker.want(200, "POST", "/api/v1/auth/pending/email", map[string]string{"email": victim.email})
			if typed.body["email_has_account"] != false || typed.body["is_proven"] != false {
				t.Errorf("whoever types an address is told of it: %s", typed.raw)
			}
			if r := attacker.want(403, "POST", "/api/v1/auth/pending/bind", both); r.text("code") != "pendingauth.proof_missing" {
				t.Errorf("bound: %s", r.raw)
			}
			victim.hasOnly("email")
		})
		t.Run("typed, never proven, then created", func(t *testing.T) {
			attacker, victim := arrive(t, "eve@example.com")
			attacker.want(200, "POST", "/api/v1/auth/pending/email", map[string]string{"email": victim.email})
			attacker.want(200, "POST", "/api/v1/auth/pending/create", both)
			if user := attacker.refresh().body["user"].(map[string]any); user["email"] != "" {
				t.Errorf("an account with an address that nobody proved: %v", user["email"])
			}
			victim.hasOnly("email")
		})
		t.Run("verified by the provider's word", func(t *testing.T) {
			attacker, victim := arrive(t, "")
			attacker.want(200, "POST", "/api/v1/auth/pending/create", both)
			if user := attacker.refresh().body["user"].(map[string]any); user["email"] != "" {
				t.Errorf("the provider's word was taken for proof: %v", user["email"])
			}
			victim.hasOnly("email")
		})
		t.Run("proven with a password that is not the victim's", func(t *testing.T) {
			attacker, victim := arrive(t, "")
			own := newMember(t, s)
			attacker.want(401, "POST", "/api/v1/auth/pending/proof", map[string]string{"email": victim.email, "password": "guess-guess-9"})
			attacker.want(200, "POST", "/api/v1/auth/pending/proof", map[string]string{"email": own.email, "password": memberPassword})
			attacker.want(200, "POST", "/api/v1/auth/pending/email", map[string]string{"email": victim.email})
			attacker.want(200, "POST", "/api/v1/auth/pending/bind", both)
			own.hasOnly("email", "google") // what was proven, and not what was typed
			victim.hasOnly("email")
		})
		t.Run("with guesses of the mailed code", func(t *testing.T) {
			attacker, victim := arrive(t, "eve@example.com")
			attacker.want(200, "POST", "/api/v1/auth/pending/email", map[string]string{"email": victim.email})
			right := codeOf(t, mailed(t, s, victim.email, 1))
			for range 5 {
				attacker.want(403, "POST", "/api/v1/auth/pending/email/verify", map[string]string{"code": other(right)})
			}
			attacker.want(403, "POST", "/api/v1/auth/pending/email/verify", map[string]string{"code": right})
		})
		t.Run("with guesses of the mailed code, all at once", func(t *testing.T) {
			attacker, victim := arrive(t, "eve@example.com")
			attacker.want(200, "POST", "/api/v1/auth/pending/email", map[string]string{"email": victim.email})
			right := codeOf(t, mailed(t, s, victim.email, 1))
			var all sync.WaitGroup
			for range 12 {
				all.Go(func() {
					attacker.do("POST", "/api/v1/auth/pending/email/verify", map[string]string{"code": other(right)})
				})
			}
			all.Wait()
			attacker.want(403, "POST", "/api/v1/auth/pending/email/verify", map[string]string{"code": right})
		})
	}, "TESSERA_AUTH_AUTOCONFIRM=true", "TESSERA_AUTH_RATE_LIMITS_SIGNUP=off")
}

// other is a code that is not this one.
func other(code string) string {
	if code == "111111" {
		return "222222"
	}
	return "111111"
}

// The attacker signs up with the victim's address before the victim does, and
// keeps what was set then.
func TestAttackPreRegisteredAddress(t *testing.T) {
	t.Parallel()
	const attackersPassword, victimsPassword = "attackers-own-9", "victims-own-99"
	s := apptest.Start(t, apptest.Options{Settings: []string{"TESSERA_AUTH_MAIL_INTERVAL=0s"}})
	squat := func(t *testing.T, address string) *member {
		t.Helper()
		attacker := newBrowser(t, s)
		attacker.want(200, "POST", "/auth/v1/signup", map[string]string{"email": address, "password": attackersPassword})
		mailed(t, s, address, 1)
		return &member{browser: newBrowser(t, s), email: address}
	}
	// shutOut fails when the attacker's password opens the account.
	shutOut := func(t *testing.T, address string) {
		t.Helper()
		r := newBrowser(t, s).do("POST", "/auth/v1/token?grant_type=password", map[string]string{"email": address, "password": attackersPassword})
		if r.status != 400 || r.text("error_code") != "invalid_credentials" {
			t.Errorf("the attacker's password still works: %d %s", r.status, r.raw)
		}
	}
	redeem := func(t *testing.T, m *member, kind string, n int) {
		t.Helper()
		link := regexp.MustCompile(`token(?:_hash)?=([\w-]+)`).FindStringSubmatch(mailed(t, s, m.email, n))
		if link == nil {
			t.Fatal("the mail holds no link")
		}
		m.want(200, "POST", "/auth/v1/verify", map[string]string{"type": kind, "token_hash": link[1]})
		m.refresh()
	}
	t.Run("the victim signs in by a mailed link", func(t *testing.T) {
		victim := squat(t, "link@example.com")
		victim.want(200, "POST", "/auth/v1/otp", map[string]string{"email": victim.email})
		redeem(t, victim, "magiclink", 2)
		shutOut(t, victim.email)
	})
	t.Run("the victim recovers the account", func(t *testing.T) {
		victim := squat(t, "recover@example.com")
		victim.want(200, "POST", "/auth/v1/recover", map[string]string{"email": victim.email})
		redeem(t, victim, "recovery", 2)
		shutOut(t, victim.email)
	})
	t.Run("the victim signs up and confirms", func(t *testing.T) {
		victim := squat(t, "signup@example.com")
		victim.want(200, "POST", "/auth/v1/signup", map[string]string{"email": victim.email, "password": victimsPassword})
		redeem(t, victim, "signup", 2)
		shutOut(t, victim.email)
	})
	t.Run("the attacker signs up again before the victim confirms", func(t *testing.T) {
		victim := &member{browser: newBrowser(t, s), email: "again@example.com"}
		victim.want(200, "POST", "/auth/v1/signup", map[string]string{"email": victim.email, "password": victimsPassword})
		squat(t, victim.email)
		redeem(t, victim, "signup", 2)
		shutOut(t, victim.email)
	})
	t.Run("the victim arrives from a provider", func(t *testing.T) {
		victim := squat(t, "provider@example.com")
		victim.visit(toLogin, "google", providertest.Choice{Else: &providertest.Person{ID: "80001", Email: victim.email, EmailVerified: true}})
		victim.want(200, "POST", "/api/v1/auth/pending/email", map[string]string{"email": victim.email})
		verified := victim.want(200, "POST", "/api/v1/auth/pending/email/verify", map[string]string{"code": codeOf(t, mailed(t, s, victim.email, 2))})
		if verified.body["email_has_account"] != true {
			t.Fatalf("the squatter's account is one: %s", verified.raw)
		}
		victim.want(409, "POST", "/api/v1/auth/pending/create", map[string]bool{})
		// Its owner by mail takes the account over, and binds to it.
		victim.want(200, "POST", "/auth/v1/recover", map[string]string{"email": victim.email})
		redeem(t, victim, "recovery", 3)
		victim.want(200, "POST", "/api/v1/auth/pending/session", nil)
		victim.want(200, "POST", "/api/v1/auth/pending/bind", map[string]bool{})
		victim.refresh()
		victim.hasOnly("email", "google")
		shutOut(t, victim.email)
	})
}

// Addresses that a reader, a mail server or a database might take for another.
func TestAttackLookAlikeAddress(t *testing.T) {
	t.Parallel()
	s := apptest.Start(t, apptest.Options{Settings: []string{"TESSERA_AUTH_AUTOCONFIRM=true", "TESSERA_AUTH_RATE_LIMITS_SIGNUP=off", "TESSERA_AUTH_MAIL_INTERVAL=0s"}})
	owner := &member{browser: newBrowser(t, s), email: "kim.li@example.com"}
	owner.want(200, "POST", "/auth/v1/signup", map[string]string{"email": owner.email, "password": memberPassword})
	same := []string{
		"KIM.LI@EXAMPLE.COM", "Kim.Li@Example.Com", " kim.li@example.com ", "kim.li@example.com.", "\u212aim.li@example.com", // the Kelvin sign
		"k\u0130m.li@example.com",                                                          // İ, whose lower case is i
		"kim.li@\uff45\uff58\uff41\uff4d\uff50\uff4c\uff45.com",                            // full width
		"kim.li@exam\u00adple.com",                                                         // a soft hyphen, which IDNA drops or refuses
		"kim.li@example\u3002com",                                                          // the ideographic full stop
		"\u200bkim.li@example.com", "kim.li\u200d@example.com", "kim\u2060.li@example.com", // invisible
		"kim.li@example.com\u0000", "kim.li@example.com\r\nBcc: eve@example.com", "<kim.li@example.com>", "Kim <kim.li@example.com>",
		"kim.li@example.com,eve@example.com", "kim.li@example.com;eve@example.com", `"kim.li"@example.com`, "kim.li(eve)@example.com",
	}
	for _, address := range same {
		t.Run(strings.ToValidUTF8(url.QueryEscape(address), "?"), func(t *testing.T) {
			b := newBrowser(t, s)
			r := b.do("POST", "/auth/v1/signup", map[string]string{"email": address, "password": "another-horse-9"})
			if r.status < 400 {
				t.Errorf("a second account: %s", r.raw)
			}
			if r := b.do("POST", "/auth/v1/token?grant_type=password", map[string]string{"email": address, "password": "another-horse-9"}); r.status < 400 {
				t.Errorf("signed in: %s", r.raw)
			}
		})
	}
	// What is written otherwise for good is another address, and stays one: no
	// mail to it, and no sign-in with it, concerns the first.
	for name, address := range map[string]string{
		"Cyrillic letters before the @": "k\u0456m.li@example.com", "Cyrillic letters in the domain": "kim.li@ex\u0430mple.com",
		"a plus address": "kim.li+x@example.com", "without the dot": "kimli@example.com",
	} {
		t.Run(name, func(t *testing.T) {
			b := newBrowser(t, s)
			made := b.do("POST", "/auth/v1/signup", map[string]string{"email": address, "password": "another-horse-9"})
			if made.status < 400 && made.body["user"].(map[string]any)["id"] == "" {
				t.Errorf("made: %s", made.raw)
			}
			b.do("POST", "/auth/v1/recover", map[string]string{"email": address})
			if r := b.do("POST", "/auth/v1/token?grant_type=password", map[string]string{"email": address, "password": memberPassword}); r.status < 400 {
				t.Errorf("the owner's password opened it: %s", r.raw)
			}
			owner.signIn()
			owner.hasOnly("email")
		})
	}
	t.Run("a recovery goes to the address on record", func(t *testing.T) {
		b := newBrowser(t, s)
		b.want(200, "POST", "/auth/v1/recover", map[string]string{"email": "\u212a\u0130M.LI@EXAMPLE.COM"})
		if mail := mailed(t, s, owner.email, 1); !strings.Contains(mail, "<"+owner.email+">") && !strings.Contains(mail, "To: "+owner.email) {
			t.Errorf("it went to %s", mail)
		}
	})
}

// Codes of an authenticator app, guessed or used again, at both entrances that
// take them.
func TestAttackTOTP(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		// arrive is a sign-in that waits, in a browser where the password is known.
		arrive := func(t *testing.T) *browser {
			b := newBrowser(t, s)
			b.visit(toLogin, "linuxdo", providertest.Choice{})
			return b
		}
		proof := func(m *member, code string) map[string]string {
			return map[string]string{"email": m.email, "password": memberPassword, "totp": code}
		}
		t.Run("used again at sign-in", func(t *testing.T) {
			m := newMember(t, s)
			factor, taken := m.enroll()
			m.want(422, "POST", factor+"/verify", map[string]string{"challenge_id": m.challenge(factor), "code": taken})
		})
		t.Run("used again at the other entrance", func(t *testing.T) {
			m := newMember(t, s)
			_, taken := m.enroll()
			b := arrive(t)
			b.want(422, "POST", "/api/v1/auth/pending/proof", proof(m, taken))
			b.want(403, "POST", "/api/v1/auth/pending/bind", map[string]bool{})
			b.want(200, "POST", "/api/v1/auth/pending/proof", proof(m, m.code(1)))
			arrive(t).want(422, "POST", "/api/v1/auth/pending/proof", proof(m, m.code(1)))
		})
		t.Run("an older one after a newer one", func(t *testing.T) {
			m := newMember(t, s)
			factor, _ := m.enroll()
			m.want(422, "POST", factor+"/verify", map[string]string{"challenge_id": m.challenge(factor), "code": m.code(-1)})
		})
		t.Run("twenty with one code", func(t *testing.T) {
			m := newMember(t, s)
			factor, _ := m.enroll()
			challenge, code := m.challenge(factor), m.code(1)
			var taken atomic.Int32
			var all sync.WaitGroup
			for range 10 {
				all.Go(func() {
					if m.do("POST", factor+"/verify", map[string]string{"challenge_id": challenge, "code": code}).status == 200 {
						taken.Add(1)
					}
				})
			}
			all.Wait()
			if taken.Load() != 1 {
				t.Errorf("%d went through", taken.Load())
			}
		})
		t.Run("guessed, with a new challenge each", func(t *testing.T) {
			m := newMember(t, s)
			factor, _ := m.enroll()
			for n := range 5 {
				m.want(422, "POST", factor+"/verify", map[string]string{"challenge_id": m.challenge(factor), "code": m.wrongCode(n)})
			}
			r := m.want(429, "POST", factor+"/verify", map[string]string{"challenge_id": m.challenge(factor), "code": m.code(1)})
			if r.text("error_code") != "over_request_rate_limit" {
				t.Errorf("the right one after five wrong: %s", r.raw)
			}
		})
		t.Run("guessed at both entrances", func(t *testing.T) {
			m := newMember(t, s)
			factor, _ := m.enroll()
			b := arrive(t)
			for n := range 3 {
				b.want(422, "POST", "/api/v1/auth/pending/proof", proof(m, m.wrongCode(n)))
			}
			for n := range 2 {
				m.want(422, "POST", factor+"/verify", map[string]string{"challenge_id": m.challenge(factor), "code": m.wrongCode(n)})
			}
			b.want(429, "POST", "/api/v1/auth/pending/proof", proof(m, m.code(1)))
			arrive(t).want(429, "POST", "/api/v1/auth/pending/proof", proof(m, m.code(1))) // nor from a sign-in anew
		})
		t.Run("left out", func(t *testing.T) {
			m := newMember(t, s)
			m.enroll()
			b := arrive(t)
			b.want(403, "POST", "/api/v1/auth/pending/proof", proof(m, ""))
			if r := b.want(403, "POST", "/api/v1/auth/pending/bind", map[string]bool{}); r.text("code") != "pendingauth.totp_required" {
				t.Errorf("bound by the password alone: %s", r.raw)
			}
		})
	}, "TESSERA_AUTH_AUTOCONFIRM=true", "TESSERA_AUTH_RATE_LIMITS_SIGNUP=off", "TESSERA_AUTH_RATE_LIMITS_FACTOR=off")
}

// The way through a provider must not be a second door to guess passwords at.
func TestAttackPasswordGuessing(t *testing.T) {
	t.Parallel()
	s := apptest.Start(t, apptest.Options{Settings: []string{"TESSERA_AUTH_AUTOCONFIRM=true", "TESSERA_AUTH_RATE_LIMITS_PASSWORD_ACCOUNT=6/1h"}})
	arrive := func(t *testing.T) *browser {
		b := newBrowser(t, s)
		b.visit(toLogin, "linuxdo", providertest.Choice{})
		return b
	}
	guess := func(m *member, n int) map[string]string {
		return map[string]string{"email": m.email, "password": memberPassword + strings.Repeat("x", n+1)}
	}
	t.Run("five to one sign-in that waits", func(t *testing.T) {
		m, b := newMember(t, s), arrive(t)
		for n := range 5 {
			b.want(401, "POST", "/api/v1/auth/pending/proof", guess(m, n))
		}
		if r := b.want(429, "POST", "/api/v1/auth/pending/proof", map[string]string{"email": m.email, "password": memberPassword}); r.text("code") != "pendingauth.too_many_proofs" {
			t.Errorf("the sixth: %s", r.raw)
		}
	})
	t.Run("with a new sign-in for every five", func(t *testing.T) {
		m, b := newMember(t, s), arrive(t)
		for n := range 5 {
			b.want(401, "POST", "/api/v1/auth/pending/proof", guess(m, n))
		}
		b = arrive(t)
		b.want(401, "POST", "/api/v1/auth/pending/proof", guess(m, 5))
		b.want(429, "POST", "/api/v1/auth/pending/proof", map[string]string{"email": m.email, "password": memberPassword})
	})
	t.Run("some here and some at the front door", func(t *testing.T) {
		m, b := newMember(t, s), arrive(t)
		for n := range 3 {
			b.want(401, "POST", "/api/v1/auth/pending/proof", guess(m, n))
			b.want(400, "POST", "/auth/v1/token?grant_type=password", guess(m, n))
		}
		b.want(429, "POST", "/auth/v1/token?grant_type=password", map[string]string{"email": m.email, "password": memberPassword})
	})
}
