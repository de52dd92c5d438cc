package identity

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"math/big"
	"strings"
	"time"

	"github.com/google/uuid"
)

// RecoveryCode stands in for a lost second factor, once, as it is stored.
type RecoveryCode struct {
	ID        uuid.UUID
	UserID    uuid.UUID
	Hash      []byte // keyed: a code alone is short enough to be found by trying
	CreatedAt time.Time
	UsedAt    *time.Time
}

// Size of recovery codes: ten of ten letters, 49 bits each. Letters and digits
// that look alike are left out.
const (
	recoveryCodes    = 10
	recoveryLength   = 10
	recoveryAlphabet = "23456789abcdefghjkmnpqrstuvwxyz"
	recoveryPurpose  = "identity.recovery-codes"
)

// RecoverySet says what is left of a user's recovery codes.
type RecoverySet struct {
	Total     int
	Left      int
	CreatedAt *time.Time // nil = there is none
}

// RecoveryCodes says what is left of a user's set.
func (f *Factors) RecoveryCodes(ctx context.Context, userID uuid.UUID) (RecoverySet, error) {
	codes, err := f.Store.RecoveryCodes(ctx, userID)
	if err != nil {
		return RecoverySet{}, err
	}
	set := RecoverySet{Total: len(codes)}
	for _, c := range codes {
		set.CreatedAt = &c.CreatedAt
		if c.UsedAt == nil {
			set.Left++
		}
	}
	return set, nil
}

// NewRecoveryCodes makes a set in place of the last one, and returns it in
// clear, as "abcde-fghjk", the one time that it can be seen. The caller has
// made sure that the account is the caller's. Fault: ErrNoSecondFactor.
func (f *Factors) NewRecoveryCodes(ctx context.Context, user User) ([]string, error) {
	now := f.Now()
	shown := make([]string, recoveryCodes)
	rows := make([]RecoveryCode, recoveryCodes)
	for i := range shown {
		code, err := newRecoveryCode()
		if err != nil {
			return nil, err
		}
		id, err := uuid.NewV7()
		if err != nil {
			return nil, err
		}
		rows[i] = RecoveryCode{ID: id, UserID: user.ID, Hash: f.hashRecoveryCode(code), CreatedAt: now}
		shown[i] = code[:recoveryLength/2] + "-" + code[recoveryLength/2:]
	}
	err := f.Accounts.InTx(ctx, func(ctx context.Context) error {
		// Two that renew at once must not leave two sets.
		if _, err := f.Accounts.hold(ctx, user.ID); err != nil {
			return err
		}
		has, err := f.Enabled(ctx, user.ID)
		if err != nil {
			return err
		}
		if !has {
			return ErrNoSecondFactor
		}
		if err := f.Store.ReplaceRecoveryCodes(ctx, user.ID, rows); err != nil {
			return err
		}
		return f.Accounts.Record(ctx, ActionRecoveryCodes, user, nil)
	})
	if err != nil {
		return nil, err
	}
	return shown, nil
}

// takeRecoveryCode uses a code. A try counts against the factor that it stands
// in for, like a try of that factor's own codes.
func (f *Factors) takeRecoveryCode(ctx context.Context, factor Factor, code string) error {
	if err := f.countAttempt(ctx, factor); err != nil {
		return err
	}
	now := f.Now()
	return f.Accounts.InTx(ctx, func(ctx context.Context) error {
		taken, err := f.Store.TakeRecoveryCode(ctx, factor.UserID, f.hashRecoveryCode(code), now)
		if err != nil {
			return err
		}
		if !taken {
			return ErrFactorCodeWrong.On("code", "is no unused recovery code")
		}
		if err := f.Store.ClearAttempts(ctx, factor.ID); err != nil {
			return err
		}
		user, err := f.Accounts.User(ctx, factor.UserID)
		if err != nil {
			return err
		}
		return f.Accounts.Record(ctx, ActionRecoveryCodeUsed, user, nil)
	})
}

func (f *Factors) hashRecoveryCode(code string) []byte {
	mac := hmac.New(sha256.New, f.Sealer.Derive(recoveryPurpose, 32))
	mac.Write([]byte(code))
	return mac.Sum(nil)
}

func newRecoveryCode() (string, error) {
	code := make([]byte, recoveryLength)
	for i := range code {
		n, err := rand.Int(rand.Reader, big.NewInt(int64(len(recoveryAlphabet))))
		if err != nil {
			return "", err
		}
		code[i] = recoveryAlphabet[n.Int64()]
	}
	return string(code), nil
}

// normalizeRecoveryCode reads a code as people type it; false for what has not
// the form of one, such as the six digits of an app.
func normalizeRecoveryCode(typed string) (string, bool) {
	code := strings.ToLower(strings.NewReplacer(" ", "", "-", "").Replace(typed))
	if len(code) != recoveryLength || strings.Trim(code, recoveryAlphabet) != "" {
		return "", false
	}
	return code, true
}
