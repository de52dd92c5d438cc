package identity

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"sync"
	"time"

	"github.com/alexedwards/argon2id"
	"golang.org/x/crypto/bcrypt"
)

// maxPasswordBytes is GoTrue's limit, which clients know; bcrypt could not
// read further in any case.
const maxPasswordBytes = 72

// hashParams is OWASP's second choice for argon2id: 19 MiB, two passes.
var hashParams = argon2id.Params{Memory: 19 * 1024, Iterations: 2, Parallelism: 1, SaltLength: 16, KeyLength: 32}

// Bounds for hashes that come from elsewhere: verifying one must not take
// more memory or time than a sign-in may.
const (
	maxHashMemoryKiB   = 256 * 1024
	maxHashIterations  = 10
	maxHashParallelism = 8
	maxBcryptCost      = 13
)

// Hasher hashes and verifies passwords, as many at once as there are
// processors: more would only make each slower and take 19 MiB apiece.
type Hasher struct {
	slots chan struct{}
	wait  time.Duration
	dummy func() string
	// computed is told of every hash that is computed; tests count it.
	computed func()
}

// NewHasher returns a hasher whose callers wait for at most wait until they
// are told that the server is busy.
func NewHasher(wait time.Duration) *Hasher {
	h := &Hasher{slots: make(chan struct{}, runtime.GOMAXPROCS(0)), wait: wait, computed: func() {}}
	h.dummy = sync.OnceValue(func() string {
		hash, err := argon2id.CreateHash("a password that nobody has", &hashParams)
		if err != nil {
			panic(err) // only when the system has no randomness left
		}
		return hash
	})
	return h
}

// ObserveHashes calls fn before each hash that is computed.
func (h *Hasher) ObserveHashes(fn func()) { h.computed = fn }

// Hash returns the PHC string of password. Faults: ErrHashingBusy.
func (h *Hasher) Hash(ctx context.Context, password string) (string, error) {
	done, err := h.enter(ctx)
	if err != nil {
		return "", err
	}
	defer done()
	return argon2id.CreateHash(password, &hashParams)
}

// Verify reports whether password fits hash, and whether the hash is of an
// older kind than Hash makes. An empty hash never fits, and costs the same.
// Faults: ErrHashingBusy.
func (h *Hasher) Verify(ctx context.Context, hash, password string) (matches, isOutdated bool, err error) {
	done, err := h.enter(ctx)
	if err != nil {
		return false, false, err
	}
	defer done()
	if isBcrypt(hash) {
		err := bcrypt.CompareHashAndPassword([]byte(hash), []byte(password))
		if errors.Is(err, bcrypt.ErrMismatchedHashAndPassword) || errors.Is(err, bcrypt.ErrPasswordTooLong) {
			return false, false, nil
		}
		return err == nil, true, err
	}
	against := hash
	if against == "" {
		against = h.dummy()
	}
	matches, params, err := argon2id.CheckHash(password, against)
	if err != nil {
		return false, false, err
	}
	return matches && hash != "", *params != hashParams, nil
}

// enter waits for a free processor.
func (h *Hasher) enter(ctx context.Context) (done func(), err error) {
	timer := time.NewTimer(h.wait)
	defer timer.Stop()
	select {
	case h.slots <- struct{}{}:
		h.computed()
		return func() { <-h.slots }, nil
	case <-timer.C:
		return nil, ErrHashingBusy.After(h.wait)
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func isBcrypt(hash string) bool {
	return strings.HasPrefix(hash, "$2a$") || strings.HasPrefix(hash, "$2b$") || strings.HasPrefix(hash, "$2y$")
}

// CheckImportedHash refuses a hash from elsewhere that Verify could not take,
// or could not afford. Faults: ErrPasswordHashInvalid.
func CheckImportedHash(hash string) error {
	if isBcrypt(hash) {
		cost, err := bcrypt.Cost([]byte(hash))
		if err != nil {
			return ErrPasswordHashInvalid.On("password_hash", "is not a bcrypt hash")
		}
		if cost > maxBcryptCost {
			return ErrPasswordHashInvalid.On("password_hash", "has a bcrypt cost over 13")
		}
		return nil
	}
	params, salt, key, err := argon2id.DecodeHash(hash)
	if err != nil {
		return ErrPasswordHashInvalid.On("password_hash", "is neither bcrypt nor argon2id in PHC form")
	}
	if params.Memory > maxHashMemoryKiB || params.Iterations > maxHashIterations || params.Parallelism > maxHashParallelism ||
		params.Iterations == 0 || params.Parallelism == 0 || len(salt) < 8 || len(key) < 16 {
		return ErrPasswordHashInvalid.On("password_hash", "has argon2id parameters outside 256 MiB, 10 passes, 8 lanes")
	}
	return nil
}

// CheckPassword applies the password rules to a new password. min is counted
// in characters. Faults: ErrPasswordMissing, ErrPasswordTooLong, ErrPasswordWeak.
func CheckPassword(password string, min int) error {
	switch {
	case password == "":
		return ErrPasswordMissing.On("password", "is missing")
	case len(password) > maxPasswordBytes:
		return ErrPasswordTooLong.On("password", "is longer than 72 bytes")
	case len([]rune(password)) < min:
		return ErrPasswordWeak.Saying("Password should be at least %d characters.", min).
			On("password", "is too short").With("reasons", []string{"length"})
	}
	return nil
}
