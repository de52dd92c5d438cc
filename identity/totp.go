package identity

import (
	"context"
	"crypto/subtle"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/pquerna/otp"
	"github.com/pquerna/otp/hotp"
	"github.com/pquerna/otp/totp"
)

// Factors keeps the rules of second factors. Its fields are set once, before
// use; it is safe for concurrent use.
type Factors struct {
	Accounts *Service
	Store    FactorStore
	Sealer   Sealer
	Now      func() time.Time
}

// factorSeal keeps sealed TOTP secrets apart from all else that is sealed.
const factorSeal = "identity.totp"

// step is the time step of RFC 6238 that every authenticator app uses.
const step = 30 * time.Second

// Enrolment is a factor that waits for its first code. URI and Secret are for
// the person's eyes, once.
type Enrolment struct {
	Factor Factor
	Secret string // base32
	URI    string // otpauth://totp/...
}

// Enroll begins a factor for a user. It counts for nothing until its first
// code was verified. Faults: ErrTooManyFactors, ErrFactorNameTaken.
func (f *Factors) Enroll(ctx context.Context, user User, friendlyName, issuer string) (Enrolment, error) {
	account := user.Email
	if account == "" {
		account = user.ID.String()
	}
	key, err := totp.Generate(totp.GenerateOpts{Issuer: issuer, AccountName: account, Period: uint(step.Seconds()), SecretSize: 20})
	if err != nil {
		return Enrolment{}, err
	}
	id, err := uuid.NewV7()
	if err != nil {
		return Enrolment{}, err
	}
	now := f.Now()
	factor := Factor{
		ID: id, UserID: user.ID, Kind: FactorTOTP, FriendlyName: friendlyName,
		SecretSealed: f.Sealer.Seal(factorSeal, []byte(key.Secret())), CreatedAt: now, UpdatedAt: now,
	}
	if factor.FriendlyName == "" {
		factor.FriendlyName = id.String()
	}
	err = f.Accounts.InTx(ctx, func(ctx context.Context) error {
		if err := f.dropStale(ctx, user.ID); err != nil {
			return err
		}
		all, err := f.Store.Factors(ctx, user.ID)
		if err != nil {
			return err
		}
		if len(all) >= maxFactors {
			return ErrTooManyFactors
		}
		if err := f.Store.PutFactor(ctx, factor); err != nil {
			return err
		}
		return f.Accounts.Record(ctx, ActionFactorEnrolled, user, map[string]any{"factor_id": id.String()})
	})
	return Enrolment{Factor: factor, Secret: key.Secret(), URI: key.URL()}, err
}

// dropStale removes enrolments that were never finished.
func (f *Factors) dropStale(ctx context.Context, userID uuid.UUID) error {
	all, err := f.Store.Factors(ctx, userID)
	if err != nil {
		return err
	}
	for _, factor := range all {
		if !factor.IsVerified && f.Now().Sub(factor.CreatedAt) > unverifiedLife {
			if _, err := f.Store.DeleteFactor(ctx, factor.ID); err != nil {
				return err
			}
		}
	}
	return nil
}

// Challenge asks for a factor's code. Faults: ErrFactorNotFound.
func (f *Factors) Challenge(ctx context.Context, userID, factorID uuid.UUID) (Challenge, error) {
	if _, err := f.find(ctx, userID, factorID); err != nil {
		return Challenge{}, err
	}
	id, err := uuid.NewV7()
	if err != nil {
		return Challenge{}, err
	}
	now := f.Now()
	challenge := Challenge{ID: id, FactorID: factorID, CreatedAt: now, ExpiresAt: now.Add(challengeLife)}
	return challenge, f.Store.PutChallenge(ctx, challenge)
}

// Answer takes the code that a challenge asked for; the first one makes the
// factor count. Faults: ErrFactorNotFound, ErrChallengeGone, ErrFactorLocked,
// ErrFactorCodeWrong.
func (f *Factors) Answer(ctx context.Context, user User, factorID, challengeID uuid.UUID, code string) error {
	challenge, err := f.Store.Challenge(ctx, challengeID)
	if err != nil {
		return err
	}
	if challenge.FactorID != factorID || !f.Now().Before(challenge.ExpiresAt) {
		return ErrChallengeGone
	}
	factor, err := f.find(ctx, user.ID, factorID)
	if err != nil {
		return err
	}
	if err := f.take(ctx, factor, code); err != nil {
		return err
	}
	return f.Accounts.Record(ctx, ActionFactorVerified, user, map[string]any{"factor_id": factorID.String()})
}

// Enabled reports whether a user has a factor that counts.
func (f *Factors) Enabled(ctx context.Context, userID uuid.UUID) (bool, error) {
	verified, err := f.verified(ctx, userID)
	return len(verified) > 0, err
}

// verified returns the factors that count, oldest first.
func (f *Factors) verified(ctx context.Context, userID uuid.UUID) ([]Factor, error) {
	all, err := f.Store.Factors(ctx, userID)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(all, func(factor Factor) bool { return !factor.IsVerified }), nil
}

// Verify takes a code of any of a user's factors, or a recovery code that
// stands in for them; each works once, and wrong ones of either kind count
// against the same factors. It says which of the two it took. It must not run
// in a transaction, which would take the count of a wrong code back.
//
// Faults: ErrFactorCodeWrong, ErrFactorLocked.
func (f *Factors) Verify(ctx context.Context, userID uuid.UUID, code string) (isRecovery bool, err error) {
	factors, err := f.verified(ctx, userID)
	if err != nil {
		return false, err
	}
	if len(factors) == 0 {
		return false, ErrFactorCodeWrong.On("code", "is of no factor: this account has none")
	}
	if recovery, ok := normalizeRecoveryCode(code); ok {
		return true, f.takeRecoveryCode(ctx, factors[0], recovery)
	}
	for _, factor := range factors {
		if err = f.take(ctx, factor, code); err == nil {
			return false, nil
		}
	}
	return false, err
}

// Remove takes a factor away, and with the last one that counts the recovery
// codes. Faults: ErrFactorNotFound.
func (f *Factors) Remove(ctx context.Context, user User, factorID uuid.UUID) error {
	return f.Accounts.InTx(ctx, func(ctx context.Context) error {
		if _, err := f.Accounts.hold(ctx, user.ID); err != nil {
			return err
		}
		if _, err := f.find(ctx, user.ID, factorID); err != nil {
			return err
		}
		deleted, err := f.Store.DeleteFactor(ctx, factorID)
		if err != nil {
			return err
		}
		if !deleted {
			return ErrFactorNotFound
		}
		rest, err := f.verified(ctx, user.ID)
		if err != nil {
			return err
		}
		if len(rest) == 0 {
			if err := f.Store.ReplaceRecoveryCodes(ctx, user.ID, nil); err != nil {
				return err
			}
		}
		return f.Accounts.Record(ctx, ActionFactorRemoved, user, map[string]any{"factor_id": factorID.String()})
	})
}

// List returns a user's factors, oldest first.
func (f *Factors) List(ctx context.Context, userID uuid.UUID) ([]Factor, error) {
	return f.Store.Factors(ctx, userID)
}

func (f *Factors) find(ctx context.Context, userID, factorID uuid.UUID) (Factor, error) {
	all, err := f.Store.Factors(ctx, userID)
	if err != nil {
		return Factor{}, err
	}
	for _, factor := range all {
		if factor.ID == factorID {
			return factor, nil
		}
	}
	return Factor{}, ErrFactorNotFound.On("factor_id", "is none of this account's")
}

// take accepts a code of now, or of the step before or after for clocks that
// differ, once: a step that was taken, or passed, is taken no more.
func (f *Factors) take(ctx context.Context, factor Factor, code string) error {
	if err := f.countAttempt(ctx, factor); err != nil {
		return err
	}
	secret, err := f.Sealer.Open(factorSeal, factor.SecretSealed)
	if err != nil {
		return err
	}
	now := f.Now()
	current := now.Unix() / int64(step.Seconds())
	for _, at := range []int64{current, current - 1, current + 1} {
		want, err := hotp.GenerateCodeCustom(string(secret), uint64(at), hotp.ValidateOpts{Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1})
		if err != nil {
			return err
		}
		if subtle.ConstantTimeCompare([]byte(want), []byte(code)) != 1 {
			continue
		}
		taken, err := f.Store.TakeStep(ctx, factor.ID, at, now)
		if err != nil || taken {
			return err
		}
	}
	return ErrFactorCodeWrong.On("code", "is not the code of now")
}

// countAttempt counts a try before it is looked at, so that many at once are
// not more than many in turn; a right code takes the count back. Too many make
// the factor rest, twice as long each time. Fault: ErrFactorLocked.
func (f *Factors) countAttempt(ctx context.Context, factor Factor) error {
	now := f.Now()
	return f.Accounts.InTx(ctx, func(ctx context.Context) error {
		attempts, lockedUntil, err := f.Store.CountAttempt(ctx, factor.ID, now)
		switch {
		case err != nil:
			return err
		case lockedUntil != nil:
			return ErrFactorLocked.After(lockedUntil.Sub(now))
		case attempts < maxFactorGuesses:
			return nil
		}
		rest := time.Minute << min(attempts-maxFactorGuesses, 6)
		return f.Store.LockFactor(ctx, factor.ID, now.Add(rest))
	})
}
