package identity_test

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"tessera/identity"
	"tessera/store"
	"tessera/store/storetest"
)

// staff makes administrators and one plain user.
func staff(t *testing.T, s *identity.Service, administrators int) (admins []identity.User, plain identity.User) {
	t.Helper()
	for i := range administrators + 1 {
		u, err := s.Create(t.Context(), identity.New{
			Email: fmt.Sprintf("person%d@example.com", i), IsConfirmed: true, IsAdmin: i < administrators, Origin: identity.OriginAdmin,
		})
		if err != nil {
			t.Fatal(err)
		}
		admins = append(admins, u)
	}
	return admins[:administrators], admins[administrators]
}

func as(ctx context.Context, u identity.User) context.Context {
	return identity.WithActor(ctx, identity.Actor{ID: u.ID, Name: u.Email})
}

func TestAdministratorsComeAndGo(t *testing.T) {
	each(t, func(t *testing.T, s *identity.Service) {
		admins, plain := staff(t, s, 2)
		ctx := as(t.Context(), admins[0])
		if u, err := s.SetAdministrator(ctx, plain.ID, true); err != nil || !u.IsAdmin {
			t.Fatalf("grant: %v", err)
		}
		if _, err := s.SetAdministrator(ctx, admins[0].ID, false); !errors.Is(err, identity.ErrOwnAccount) {
			t.Errorf("their own: %v", err)
		}
		if _, err := s.Disable(ctx, admins[0].ID, identity.Forever, "x"); !errors.Is(err, identity.ErrOwnAccount) {
			t.Errorf("disable their own: %v", err)
		}
		for _, u := range []identity.User{admins[1], plain} {
			if _, err := s.SetAdministrator(ctx, u.ID, false); err != nil {
				t.Errorf("revoke: %v", err)
			}
		}
		nobody := identity.WithActor(t.Context(), identity.Actor{Name: "service_role"})
		for name, try := range map[string]func() error{
			"revoke":      func() error { _, err := s.SetAdministrator(nobody, admins[0].ID, false); return err },
			"disable":     func() error { _, err := s.Disable(nobody, admins[0].ID, identity.Forever, "x"); return err },
			"delete":      func() error { return s.Delete(nobody, admins[0].ID) },
			"soft delete": func() error { return s.SoftDelete(nobody, admins[0].ID) },
			"ban": func() error {
				_, err := s.AdminChange(nobody, admins[0].ID, identity.AdminChange{SetsBan: true, BannedUntil: &identity.Forever})
				return err
			},
		} {
			if err := try(); !errors.Is(err, identity.ErrLastAdministrator) {
				t.Errorf("%s the last administrator: %v", name, err)
			}
		}
		if u, err := s.User(t.Context(), admins[0].ID); err != nil || !u.IsAdmin || u.BannedUntil != nil {
			t.Errorf("the last administrator is not what they were: %+v, %v", u, err)
		}
	})
}

func TestADisabledAdministratorIsNoneToRelyOn(t *testing.T) {
	each(t, func(t *testing.T, s *identity.Service) {
		admins, plain := staff(t, s, 2)
		ctx := as(t.Context(), admins[0])
		if _, err := s.Disable(ctx, admins[1].ID, time.Now().Add(time.Hour), "x"); err != nil {
			t.Fatal(err)
		}
		if _, err := s.SetAdministrator(t.Context(), admins[0].ID, false); !errors.Is(err, identity.ErrLastAdministrator) {
			t.Errorf("the other one is disabled: %v", err)
		}
		if _, err := s.Disable(ctx, plain.ID, identity.Forever, "x"); err != nil {
			t.Fatal(err)
		}
		if _, err := s.SetAdministrator(ctx, plain.ID, true); !errors.Is(err, identity.ErrNotEligible) {
			t.Errorf("a disabled user: %v", err)
		}
		anonymous, err := s.SignUpAnonymously(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.SetAdministrator(ctx, anonymous.ID, true); !errors.Is(err, identity.ErrNotEligible) {
			t.Errorf("an anonymous user: %v", err)
		}
		for _, until := range []time.Time{time.Now().Add(-time.Second), {}, identity.Forever.Add(time.Hour)} {
			if _, err := s.Disable(ctx, plain.ID, until, "x"); !errors.Is(err, identity.ErrDisableTime) {
				t.Errorf("until %s: %v", until, err)
			}
		}
		if u, err := s.Enable(ctx, plain.ID); err != nil || u.BannedUntil != nil {
			t.Errorf("enable: %v", err)
		}
	})
}

// Administrators who take one another away at once: one is left in the end,
// however they meet.
func TestLastAdministratorUnderContentionAttack(t *testing.T) {
	each(t, func(t *testing.T, s *identity.Service) {
		const n = 6
		admins, _ := staff(t, s, n)
		var wg sync.WaitGroup
		for i, u := range admins {
			wg.Go(func() {
				// Each is taken away by the next one, in one way or another.
				ctx := as(t.Context(), admins[(i+1)%n])
				var err error
				switch i % 3 {
				case 0:
					_, err = s.SetAdministrator(ctx, u.ID, false)
				case 1:
					_, err = s.Disable(ctx, u.ID, identity.Forever, "x")
				default:
					err = s.Delete(ctx, u.ID)
				}
				if err != nil && !errors.Is(err, identity.ErrLastAdministrator) {
					t.Errorf("%d: %v", i, err)
				}
			})
		}
		wg.Wait()
		left := 0
		for _, u := range admins {
			if u, err := s.User(t.Context(), u.ID); err == nil && u.IsAdmin && s.Admit(u) == nil {
				left++
			}
		}
		if left != 1 {
			t.Errorf("%d administrators are left", left)
		}
	})
}

func TestAdministrationIsAudited(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s := &identity.Service{
			Store: db.Users(), Directory: db.Users(), Audit: db.Audit(), Hasher: identity.NewHasher(time.Minute), InTx: db.InTx, Now: time.Now,
		}
		admins, plain := staff(t, s, 1)
		ctx := as(t.Context(), admins[0])
		for _, err := range []error{
			second(s.SetAdministrator(ctx, plain.ID, true)), second(s.SetAdministrator(ctx, plain.ID, false)),
			second(s.Disable(ctx, plain.ID, identity.Forever, "spam")), second(s.Enable(ctx, plain.ID)),
		} {
			if err != nil {
				t.Fatal(err)
			}
		}
		entries, err := db.Audit().AuditEntriesOf(t.Context(), plain.ID, uuid.Nil, 4)
		if err != nil || len(entries) != 4 {
			t.Fatalf("%d entries, %v", len(entries), err)
		}
		want := []identity.Action{identity.ActionEnabled, identity.ActionDisabled, identity.ActionAdminRevoked, identity.ActionAdminGranted}
		for i, e := range entries {
			if e.Action != want[i] || e.ActorID != admins[0].ID || e.UserID != plain.ID {
				t.Errorf("entry %d: %s by %s about %s", i, e.Action, e.ActorName, e.UserID)
			}
		}
		if entries[1].Detail["reason"] != "spam" {
			t.Errorf("the reason is not kept: %v", entries[1].Detail)
		}
		older, err := db.Audit().AuditEntriesOf(t.Context(), plain.ID, entries[1].ID, 10)
		if err != nil || len(older) != 3 || older[0].ID != entries[2].ID {
			t.Errorf("the page after: %d entries, %v", len(older), err)
		}
		if others, err := db.Audit().AuditEntriesOf(t.Context(), uuid.New(), uuid.Nil, 10); err != nil || len(others) != 0 {
			t.Errorf("somebody else's: %d entries, %v", len(others), err)
		}
	})
}

func second[T any](_ T, err error) error { return err }

func TestCursorsThatAreNone(t *testing.T) {
	db := storetest.SQLite(t)
	s := &identity.Service{Store: db.Users(), Directory: db.Users(), Audit: db.Audit(), Hasher: identity.NewHasher(time.Minute), InTx: db.InTx, Now: time.Now}
	staff(t, s, 3)
	page, err := s.PageOfUsers(t.Context(), identity.UserQuery{Limit: 2})
	if err != nil || page.Next == "" {
		t.Fatal(err)
	}
	encode := func(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }
	good, _ := base64.RawURLEncoding.DecodeString(page.Next)
	for name, q := range map[string]identity.UserQuery{
		"a word":                 {Cursor: "yesterday"},
		"no base64":              {Cursor: "%%%"},
		"JSON of another shape":  {Cursor: encode(`[]`)},
		"an unknown member":      {Cursor: encode(`{"x":1}`)},
		"no id":                  {Cursor: encode(`{"l":"x"}`)},
		"something behind it":    {Cursor: encode(string(good) + "{}")},
		"a kilobyte and more":    {Cursor: encode(fmt.Sprintf("%02000d", 0))},
		"of another order":       {Cursor: page.Next, IsAscending: true},
		"of another sort":        {Cursor: page.Next, Sort: identity.SortEmail},
		"of another search":      {Cursor: page.Next, Search: "x"},
		"of another filter":      {Cursor: page.Next, Status: identity.StatusActive},
		"of another source":      {Cursor: page.Next, Source: "github"},
		"the end cut off":        {Cursor: page.Next[:len(page.Next)-3]},
		"a time beyond calendar": {Cursor: encode(`{"l":"x","t":"10000-01-01T00:00:00Z","i":"` + uuid.NewString() + `"}`)},
	} {
		if _, err := s.PageOfUsers(t.Context(), q); !errors.Is(err, identity.ErrCursorInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := s.PageOfUsers(t.Context(), identity.UserQuery{Sort: "password_hash"}); !errors.Is(err, identity.ErrSortUnknown) {
		t.Errorf("a column that is none to sort by: %v", err)
	}
}
