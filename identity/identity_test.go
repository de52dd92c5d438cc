package identity_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/crypto/bcrypt"

	"tessera/identity"
	"tessera/store"
	"tessera/store/storetest"
)

func each(t *testing.T, fn func(t *testing.T, s *identity.Service)) {
	t.Helper()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		fn(t, &identity.Service{
			Store: db.Users(), Audit: db.Audit(), Hasher: identity.NewHasher(time.Minute), InTx: db.InTx, Now: time.Now,
			Config: identity.Config{Anonymous: true, Autoconfirm: true},
		})
	})
}

func TestNormalizeEmail(t *testing.T) {
	good := map[string]string{
		"User@Example.COM":    "user@example.com",
		"  a@example.com ":    "a@example.com",
		"a+tag@example.com":   "a+tag@example.com",
		"a@bücher.example":    "a@xn--bcher-kva.example",
		"a@EXAMPLE.com":       "a@example.com",
		"o'brien@example.com": "o'brien@example.com",
		"e\u0301@example.com": "é@example.com", // two spellings of one letter
		"用户@example.com":      "用户@example.com",
		"a@ｅｘａｍｐｌｅ.com":       "a@example.com",
	}
	for in, want := range good {
		if got, err := identity.NormalizeEmail(in); err != nil || got != want {
			t.Errorf("%q: want %q, got %q, %v", in, want, got, err)
		}
	}
	bad := []string{
		"notanemail", "@example.com", "a@", "a@b", "a b@example.com", "a@exa mple.com", "a@example.com\n", "a@-example.com",
		"Name <a@example.com>", "a@example.com,b@example.com", "a\u200b@example.com", "a@example..com", "a@[127.0.0.1]",
		strings.Repeat("x", 65) + "@example.com", "a@" + strings.Repeat("x.", 130) + "com", "\"a b\"@example.com", "a\x00@example.com",
	}
	for _, in := range bad {
		if got, err := identity.NormalizeEmail(in); err == nil && in != "a@example.com\n" {
			t.Errorf("%q should be refused, got %q", in, got)
		}
	}
	if _, err := identity.NormalizeEmail("  "); !errors.Is(err, identity.ErrEmailMissing) {
		t.Errorf("nothing is missing rather than invalid: %v", err)
	}
}

func TestCreateWritesTheEmailIdentityWithTheUser(t *testing.T) {
	each(t, func(t *testing.T, s *identity.Service) {
		made, err := s.SignUp(t.Context(), "A@Example.com", "correct-horse-9", map[string]any{"full_name": "A"})
		if err != nil {
			t.Fatal(err)
		}
		found, err := s.Store.UserByIdentity(t.Context(), identity.EmailKey("a@example.com"))
		if err != nil || found.ID != made.ID || len(found.Identities) != 1 {
			t.Fatalf("found %+v, %v", found, err)
		}
		if found.AppMetadata["provider"] != "email" || found.UserMetadata["full_name"] != "A" || found.UserMetadata["email_verified"] != true {
			t.Errorf("metadata: %v %v", found.AppMetadata, found.UserMetadata)
		}
		if _, err := s.SignUp(t.Context(), "a@EXAMPLE.com", "correct-horse-9", nil); !errors.Is(err, identity.ErrEmailTaken) {
			t.Errorf("the same address in other letters: %v", err)
		}
	})
}

func TestARolledBackCreateLeavesNothing(t *testing.T) {
	each(t, func(t *testing.T, s *identity.Service) {
		boom := errors.New("boom")
		err := s.InTx(t.Context(), func(ctx context.Context) error {
			if _, err := s.SignUp(ctx, "gone@example.com", "correct-horse-9", nil); err != nil {
				return err
			}
			return boom
		})
		if !errors.Is(err, boom) {
			t.Fatal(err)
		}
		if _, err := s.Store.UserByEmail(t.Context(), "gone@example.com"); !errors.Is(err, identity.ErrUserNotFound) {
			t.Errorf("the user should not be there: %v", err)
		}
		if _, err := s.Store.UserByIdentity(t.Context(), identity.EmailKey("gone@example.com")); !errors.Is(err, identity.ErrUserNotFound) {
			t.Errorf("nor its identity: %v", err)
		}
	})
}

func TestAuthenticateHashesForEveryAnswer(t *testing.T) {
	each(t, func(t *testing.T, s *identity.Service) {
		if _, err := s.SignUp(t.Context(), "known@example.com", "correct-horse-9", nil); err != nil {
			t.Fatal(err)
		}
		hashes := 0
		s.Hasher.ObserveHashes(func() { hashes++ })
		var messages []string
		for _, email := range []string{"known@example.com", "unknown@example.com", "not an address"} {
			hashes = 0
			_, err := s.Authenticate(t.Context(), email, "wrong")
			if !errors.Is(err, identity.ErrBadCredentials) || hashes != 1 {
				t.Errorf("%s: %v after %d hashes", email, err, hashes)
			}
			messages = append(messages, err.Error())
		}
		if messages[0] != messages[1] || messages[1] != messages[2] {
			t.Errorf("the answers differ: %v", messages)
		}
	})
}

func TestABcryptHashIsVerifiedAndUpgraded(t *testing.T) {
	each(t, func(t *testing.T, s *identity.Service) {
		hash, err := bcrypt.GenerateFromPassword([]byte("from-before"), bcrypt.MinCost)
		if err != nil {
			t.Fatal(err)
		}
		made, err := s.Create(t.Context(), identity.New{Email: "old@example.com", PasswordHash: string(hash), IsConfirmed: true, Origin: identity.OriginAdmin})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Authenticate(t.Context(), "old@example.com", "from-before"); err != nil {
			t.Fatal(err)
		}
		after, err := s.User(t.Context(), made.ID)
		if err != nil || !strings.HasPrefix(after.PasswordHash, "$argon2id$") {
			t.Fatalf("hash after login: %.12s, %v", after.PasswordHash, err)
		}
		if _, err := s.Authenticate(t.Context(), "old@example.com", "from-before"); err != nil {
			t.Errorf("with the upgraded hash: %v", err)
		}
	})
}

func TestImportedHashesAreBounded(t *testing.T) {
	bad := []string{
		"zzz", "$argon2id$v=19$m=4194304,t=2,p=1$c29tZXNhbHQ$aGFzaGhhc2hoYXNoaGFzaA", "$2a$31$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy",
		"$argon2i$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$aGFzaA", "", "$2a$10$short",
	}
	for _, hash := range bad {
		if err := identity.CheckImportedHash(hash); !errors.Is(err, identity.ErrPasswordHashInvalid) {
			t.Errorf("%q: %v", hash, err)
		}
	}
}

func TestConcurrentChangesOfOneUserAreAllKept(t *testing.T) {
	each(t, func(t *testing.T, s *identity.Service) {
		made, err := s.SignUp(t.Context(), "busy@example.com", "correct-horse-9", nil)
		if err != nil {
			t.Fatal(err)
		}
		var wg sync.WaitGroup
		keys := []string{"a", "b", "c", "d", "e", "f"}
		for _, key := range keys {
			wg.Go(func() {
				_, err := s.Modify(t.Context(), made.ID, identity.ActionModified, func(u *identity.User) error {
					u.UserMetadata = identity.MergeMetadata(u.UserMetadata, map[string]any{key: true})
					return nil
				})
				if err != nil {
					t.Errorf("%s: %v", key, err)
				}
			})
		}
		wg.Wait()
		after, err := s.User(t.Context(), made.ID)
		if err != nil {
			t.Fatal(err)
		}
		for _, key := range keys {
			if after.UserMetadata[key] != true {
				t.Errorf("the change of %s was lost: %v", key, after.UserMetadata)
			}
		}
	})
}

func TestTwoHundredFirstRequestsOfOneSubjectMakeOneUser(t *testing.T) {
	each(t, func(t *testing.T, s *identity.Service) {
		ids := make([]string, 200)
		var wg sync.WaitGroup
		for i := range ids {
			wg.Go(func() {
				user, _, err := s.Sync(t.Context(), identity.External{Issuer: "https://a.example/auth/v1", Subject: "sub-1", Email: "same@example.com"})
				if err != nil {
					t.Errorf("call %d: %v", i, err)
					return
				}
				ids[i] = user.ID.String()
			})
		}
		wg.Wait()
		for i, id := range ids {
			if id != ids[0] {
				t.Fatalf("call %d got another user", i)
			}
		}
		other, isNew, err := s.Sync(t.Context(), identity.External{Issuer: "https://b.example/auth/v1", Subject: "sub-1", Email: "same@example.com"})
		if err != nil || !isNew || other.ID.String() == ids[0] {
			t.Errorf("the same address and subject at another issuer is another user: %v %v", isNew, err)
		}
	})
}

func TestSyncTakesTheNicknameAndTurnsTheBannedAway(t *testing.T) {
	each(t, func(t *testing.T, s *identity.Service) {
		ext := identity.External{Issuer: "https://a.example/auth/v1", Subject: "sub-2", Nickname: "Ada"}
		made, _, err := s.Sync(t.Context(), ext)
		if err != nil || made.Nickname != "Ada" {
			t.Fatalf("nickname %q, %v", made.Nickname, err)
		}
		until := s.Now().Add(time.Hour)
		if _, err := s.Modify(t.Context(), made.ID, identity.ActionModified, func(u *identity.User) error {
			u.BannedUntil = &until
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		if _, _, err := s.Sync(t.Context(), ext); !errors.Is(err, identity.ErrUserBanned) {
			t.Errorf("a banned user of a trusted issuer: %v", err)
		}
	})
}

func TestSoftDeleteFreesTheAddressAndForgetsThePerson(t *testing.T) {
	each(t, func(t *testing.T, s *identity.Service) {
		made, err := s.SignUp(t.Context(), "leaver@example.com", "correct-horse-9", map[string]any{"full_name": "L"})
		if err != nil {
			t.Fatal(err)
		}
		if err := s.SoftDelete(t.Context(), made.ID); err != nil {
			t.Fatal(err)
		}
		after, err := s.User(t.Context(), made.ID)
		if err != nil || after.DeletedAt == nil || strings.Contains(after.Email, "@") || len(after.UserMetadata) != 0 || after.PasswordHash != "" {
			t.Fatalf("after: %+v, %v", after, err)
		}
		if _, err := s.SignUp(t.Context(), "leaver@example.com", "correct-horse-9", nil); err != nil {
			t.Errorf("the address should be free again: %v", err)
		}
	})
}
