package identity

import (
	"context"
	"slices"

	"github.com/google/uuid"
)

// hasWayIn is the one rule of the last way in: whether a user who is left with
// these identities, and so many passkeys, can still sign in.
func hasWayIn(user User, identities []Identity, passkeys int) bool {
	return passkeys > 0 || slices.ContainsFunc(identities, func(i Identity) bool { return isWayIn(user, i) })
}

// isWayIn reports whether an identity lets its user sign in: an address only
// when it is confirmed, for its mail is the last resort.
func isWayIn(user User, i Identity) bool {
	return i.ProviderType != ProviderEmail || user.IsConfirmed()
}

// passkeysOf counts the passkeys that let a user in.
func (s *Service) passkeysOf(ctx context.Context, userID uuid.UUID) (int, error) {
	if s.CountPasskeys == nil {
		return 0, nil
	}
	return s.CountPasskeys(ctx, userID)
}
