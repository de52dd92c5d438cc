package pendingauth_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"tessera/identity"
	"tessera/pendingauth"
	"tessera/session"
)

// machine is what doc.go draws, kept beside a real pending session: whatever
// order a person does things in, the two agree on every answer.
type machine struct {
	bench
	t      *testing.T
	cookie string
	key    identity.Key

	needsEmail bool
	owners     map[string]identity.User // by address; all with ownPassword
	guarded    uuid.UUID                // of them, the one with a second factor

	isOver      bool
	age         time.Duration
	typed       string // the address that a code was mailed to last
	code        string
	codeAge     time.Duration
	tries       int // since the last mail
	isVerified  bool
	bindTo      uuid.UUID
	hasTOTP     bool
	bySession   bool
	wrongProofs int
	endedWith   uuid.UUID // whose the identity is
}

const ownPassword = "correct-horse-9"

func TestEveryOrderOfStepsKeepsToTheMachine(t *testing.T) {
	each(t, func(t *testing.T, b bench) {
		owners := map[string]identity.User{}
		for _, address := range []string{"owner@example.com", "guarded@example.com"} {
			owners[address] = b.owner(t, address)
		}
		guarded := owners["guarded@example.com"].ID
		b.factor.enabled[guarded] = true
		run := 0
		rapid.Check(t, func(r *rapid.T) {
			run++
			m := &machine{bench: b, t: t, owners: owners, guarded: guarded, needsEmail: rapid.Bool().Draw(r, "needs an address")}
			b.policy.Sources["linuxdo"] = pendingauth.SourcePolicy{EmailRequired: m.needsEmail}
			b.provider.person.Subject = fmt.Sprintf("subject-%d", run)
			m.key = identity.Key{ProviderType: "linuxdo", ProviderSubject: b.provider.person.Subject}
			m.cookie = b.pending(t)
			steps := map[string]func(*rapid.T) error{
				"mail a code": m.mailCode(run), "enter a code": m.enterCode, "prove": m.prove, "prove by session": m.proveBySession,
				"create": m.create, "bind": m.bind, "cancel": m.cancel, "wait": m.wait,
			}
			names := []string{"mail a code", "enter a code", "enter a code", "prove", "prove by session", "create", "bind", "cancel", "wait"}
			for range rapid.IntRange(1, 16).Draw(r, "steps") {
				name := rapid.SampledFrom(names).Draw(r, "step")
				if err := steps[name](r); err != nil {
					r.Fatalf("%s: %v", name, err)
				}
				if err := m.agree(); err != nil {
					r.Fatalf("after %s: %v", name, err)
				}
			}
		})
	})
}

// want holds an answer against the fault that the machine expects; nil = none.
func want(got, expected error) error {
	if expected == nil && got == nil || expected != nil && errors.Is(got, expected) {
		return nil
	}
	return errors.New("got " + fmt.Sprint(got) + ", want " + fmt.Sprint(expected))
}

func (m *machine) hasAccount() bool { return m.owners[m.typed].ID != uuid.Nil }

func (m *machine) mailCode(run int) func(*rapid.T) error {
	return func(r *rapid.T) error {
		to := rapid.SampledFrom([]string{"owner@example.com", fmt.Sprintf("fresh-%d@example.com", run)}).Draw(r, "address")
		_, err := m.SendCode(m.t.Context(), m.cookie, to)
		if m.isOver {
			return want(err, pendingauth.ErrPendingUnknown)
		}
		m.typed, m.code, m.codeAge, m.tries, m.isVerified = to, m.mails.code(m.t), 0, 0, false
		return want(err, nil)
	}
}

func (m *machine) enterCode(r *rapid.T) error {
	isRight := rapid.Bool().Draw(r, "the right code") && m.code != ""
	code := m.code
	if !isRight {
		code = "000000"
		if m.code == code {
			code = "000001"
		}
	}
	_, err := m.VerifyCode(m.t.Context(), m.cookie, code)
	if m.isOver {
		return want(err, pendingauth.ErrPendingUnknown)
	}
	m.tries++
	if isRight && m.tries <= 5 && m.codeAge < 10*time.Minute {
		m.isVerified, m.code = true, "" // it works once
		return want(err, nil)
	}
	return want(err, pendingauth.ErrCodeWrong)
}

func (m *machine) prove(r *rapid.T) error {
	address := rapid.SampledFrom([]string{"owner@example.com", "guarded@example.com", "nobody@example.com"}).Draw(r, "account")
	c := pendingauth.Credentials{Email: address, Password: rapid.SampledFrom([]string{ownPassword, "a guess"}).Draw(r, "password")}
	c.TOTP = rapid.SampledFrom([]string{"", "111111", "222222"}).Draw(r, "totp")
	_, err := m.Prove(m.t.Context(), m.cookie, c)
	owner := m.owners[address].ID
	switch {
	case m.isOver:
		return want(err, pendingauth.ErrPendingUnknown)
	case m.wrongProofs >= 5:
		return want(err, pendingauth.ErrTooManyProofs)
	case owner == uuid.Nil || c.Password != ownPassword:
		m.wrongProofs++
		return want(err, identity.ErrBadCredentials)
	case owner == m.guarded && c.TOTP == "222222":
		m.wrongProofs++
		return want(err, errWrongFactor)
	}
	m.bindTo, m.bySession, m.hasTOTP = owner, false, owner == m.guarded && c.TOTP != ""
	if owner == m.guarded && c.TOTP == "" {
		return want(err, pendingauth.ErrTOTPRequired)
	}
	return want(err, nil)
}

func (m *machine) proveBySession(*rapid.T) error {
	owner := m.owners["owner@example.com"]
	_, err := m.ProveBySession(m.t.Context(), m.cookie, pendingauth.Proof{User: owner, Session: session.Session{}})
	if m.isOver {
		return want(err, pendingauth.ErrPendingUnknown)
	}
	m.bindTo, m.bySession, m.hasTOTP = owner.ID, true, false
	return want(err, nil)
}

func (m *machine) create(*rapid.T) error {
	done, err := m.Create(m.t.Context(), m.cookie, pendingauth.Choices{})
	switch {
	case m.isOver:
		return want(err, pendingauth.ErrPendingUnknown)
	case m.needsEmail && !m.isVerified:
		return want(err, pendingauth.ErrEmailRequired)
	case m.isVerified && m.hasAccount():
		return want(err, pendingauth.ErrEmailHasAccount)
	}
	m.isOver, m.endedWith = true, done.User.ID
	if hasAddress := done.User.Email != ""; err == nil && hasAddress != m.isVerified {
		return fmt.Errorf("the account's address is %q, verified %t", done.User.Email, m.isVerified)
	}
	return want(err, nil)
}

func (m *machine) bind(*rapid.T) error {
	done, err := m.Bind(m.t.Context(), m.cookie, pendingauth.Choices{})
	switch {
	case m.isOver:
		return want(err, pendingauth.ErrPendingUnknown)
	case m.bindTo == uuid.Nil:
		return want(err, pendingauth.ErrProofMissing)
	case m.bindTo == m.guarded && !m.hasTOTP && !m.bySession:
		return want(err, pendingauth.ErrTOTPRequired)
	}
	m.isOver, m.endedWith = true, m.bindTo
	if err == nil && done.User.ID != m.bindTo {
		return errors.New("bound to another account than the proven one")
	}
	return want(err, nil)
}

func (m *machine) cancel(r *rapid.T) error {
	if rapid.IntRange(0, 3).Draw(r, "really") != 0 {
		return nil // else every run ends here
	}
	err := m.Cancel(m.t.Context(), m.cookie)
	if m.isOver {
		return want(err, pendingauth.ErrPendingUnknown)
	}
	m.isOver = true
	return want(err, nil)
}

func (m *machine) wait(r *rapid.T) error {
	by := rapid.SampledFrom([]time.Duration{time.Minute, 6 * time.Minute, 11 * time.Minute}).Draw(r, "for")
	m.offset.Add(int64(by))
	m.age += by
	m.codeAge += by
	m.isOver = m.isOver || m.age >= 15*time.Minute
	return nil
}

// agree holds what the session says of itself, and whose the identity is,
// against the machine.
func (m *machine) agree() error {
	p, err := m.Summary(m.t.Context(), m.cookie)
	if m.isOver {
		err = want(err, pendingauth.ErrPendingUnknown)
	} else if err == nil && ((p.EmailVerifiedAt != nil) != m.isVerified || p.BindUserID != m.bindTo) {
		err = fmt.Errorf("verified %v, proven %v; want %t, %v", p.EmailVerifiedAt, p.BindUserID, m.isVerified, m.bindTo)
	}
	if err != nil {
		return err
	}
	holder, err := m.Accounts.Store.UserByIdentity(m.t.Context(), m.key)
	if m.endedWith == uuid.Nil {
		return want(err, identity.ErrUserNotFound)
	}
	if err != nil || holder.ID != m.endedWith {
		return fmt.Errorf("the identity is %v's: %w", holder.ID, err)
	}
	return nil
}
