package identity

import (
	"context"
	"maps"

	"github.com/google/uuid"
)

// New describes an account to be made. The zero value of a field means that
// it is not given.
type New struct {
	ID           uuid.UUID // zero = a new one
	Email        string    // as typed; normalised here
	Password     string    // in clear; or
	PasswordHash string    // a hash from elsewhere
	IsConfirmed  bool      // the address counts as proven
	IsAnonymous  bool
	IsAdmin      bool
	Role         string // "" = RoleAuthenticated
	AppMetadata  map[string]any
	UserMetadata map[string]any
	Nickname     string
	External     *Identity // the identity of an account that begins elsewhere
	Origin       Origin
	Action       Action // what the audit log calls it; "" = ActionSignup
}

// Create makes an account and its first identity in one transaction. Every
// way to an account leads here.
//
// Faults: those of NormalizeEmail, CheckPassword and CheckImportedHash,
// ErrEmailTaken, ErrIdentityTaken, ErrUserExists, ErrHashingBusy,
// ErrMetadataTooLarge.
func (s *Service) Create(ctx context.Context, n New) (User, error) {
	user, err := s.build(ctx, n)
	if err != nil {
		return User{}, err
	}
	action := n.Action
	if action == "" {
		action = ActionSignup
	}
	err = s.InTx(ctx, func(ctx context.Context) error {
		if err := s.Store.CreateUser(ctx, user); err != nil {
			return err
		}
		return s.Record(ctx, action, user, map[string]any{"source": user.SignupSource})
	})
	if err != nil {
		return User{}, err
	}
	return user, nil
}

// build checks the description and fills the row. The hash is computed here,
// before any transaction: it takes longer than all the rest.
func (s *Service) build(ctx context.Context, n New) (User, error) {
	now := s.Now()
	user := User{
		ID: n.ID, Role: n.Role, IsAdmin: n.IsAdmin, IsAnonymous: n.IsAnonymous,
		Nickname:    n.Nickname,
		AppMetadata: maps.Clone(n.AppMetadata), UserMetadata: maps.Clone(n.UserMetadata),
		CreatedAt: now, UpdatedAt: now,
	}
	if user.ID == uuid.Nil {
		id, err := uuid.NewV7()
		if err != nil {
			return User{}, err
		}
		user.ID = id
	}
	if user.Role == "" {
		user.Role = RoleAuthenticated
	}
	if err := checkFirstMetadata(n); err != nil {
		return User{}, err
	}
	if err := CheckRole(user.Role); err != nil {
		return User{}, err
	}
	if n.Email != "" {
		email, err := NormalizeEmail(n.Email)
		if err != nil {
			return User{}, err
		}
		user.Email = email
		if n.IsConfirmed {
			user.EmailConfirmedAt = &now
		}
	}
	hash, err := s.firstHash(ctx, n)
	if err != nil {
		return User{}, err
	}
	user.PasswordHash = hash
	return user, attachIdentities(&user, n)
}

// checkFirstMetadata bounds what an account begins with. What a trusted issuer
// says of its user came in a token, which is bounded, and goes into none.
func checkFirstMetadata(n New) error {
	if n.Origin == OriginSync {
		return nil
	}
	field := "data"
	if n.Origin == OriginAdmin {
		field = "user_metadata"
	}
	if err := CheckMetadata(field, n.UserMetadata); err != nil {
		return err
	}
	return CheckMetadata("app_metadata", n.AppMetadata)
}

// attachIdentities gives the user the identities that it begins with: the
// external one first, where it begins elsewhere, then that of its address.
// Anonymous users have none.
func attachIdentities(user *User, n New) error {
	user.SignupSource = "anonymous"
	if n.External != nil {
		external := *n.External
		external.VerifiedAt, external.LastSignInAt = &user.CreatedAt, &user.CreatedAt
		if err := attach(user, external, n.Origin); err != nil {
			return err
		}
	}
	if user.Email != "" {
		address := Identity{
			Key: EmailKey(user.Email), Email: user.Email, Claims: emailClaims(*user, n.UserMetadata, n.Origin),
			VerifiedAt: user.EmailConfirmedAt, LastSignInAt: &user.CreatedAt,
		}
		if err := attach(user, address, n.Origin); err != nil {
			return err
		}
		if n.Origin == OriginSignup {
			user.UserMetadata = maps.Clone(address.Claims)
		} else if user.IsConfirmed() {
			user.UserMetadata = MergeMetadata(user.UserMetadata, map[string]any{"email_verified": true})
		}
	}
	user.AppMetadata = MergeMetadata(user.AppMetadata, providerMetadata(*user))
	return nil
}

func attach(user *User, i Identity, origin Origin) error {
	id, err := uuid.NewV7()
	if err != nil {
		return err
	}
	i.ID, i.UserID, i.Origin, i.CreatedAt, i.UpdatedAt = id, user.ID, origin, user.CreatedAt, user.CreatedAt
	if len(user.Identities) == 0 {
		user.SignupSource = i.ProviderType
	}
	user.Identities = append(user.Identities, i)
	return nil
}

// emailClaims is the identity_data of an e-mail identity, in GoTrue's shape.
func emailClaims(user User, data map[string]any, origin Origin) map[string]any {
	claims := map[string]any{}
	if origin == OriginSignup {
		maps.Copy(claims, data)
	}
	claims["sub"] = user.ID.String()
	claims["email"] = user.Email
	claims["email_verified"] = user.IsConfirmed()
	claims["phone_verified"] = false
	return claims
}

// providerMetadata is what app_metadata says about a user's identities.
func providerMetadata(user User) map[string]any {
	providers := user.Providers()
	if len(providers) == 0 {
		return nil
	}
	list := make([]any, len(providers))
	for i, p := range providers {
		list[i] = p
	}
	return map[string]any{"provider": providers[0], "providers": list}
}

func (s *Service) firstHash(ctx context.Context, n New) (string, error) {
	switch {
	case n.PasswordHash != "":
		return n.PasswordHash, CheckImportedHash(n.PasswordHash)
	case n.Password != "":
		if err := CheckPassword(n.Password, s.minPassword()); err != nil {
			return "", err
		}
		return s.Hasher.Hash(ctx, n.Password)
	}
	return "", nil
}

// minPassword is the shortest password allowed; six whatever the
// configuration says.
func (s *Service) minPassword() int { return max(s.Config.PasswordMinLength, 6) }

// SignUp makes an account by e-mail and password, for whoever asks. Faults:
// ErrSignupDisabled, and those of Create.
func (s *Service) SignUp(ctx context.Context, email, password string, data map[string]any) (User, error) {
	if s.Config.DisableSignup {
		return User{}, ErrSignupDisabled
	}
	if err := CheckPassword(password, s.minPassword()); err != nil {
		return User{}, err
	}
	return s.Create(ctx, New{
		Email: email, Password: password, UserMetadata: data, Origin: OriginSignup, IsConfirmed: s.Config.Autoconfirm,
	})
}

// SignUpAnonymously makes an account without any way to prove who it is.
// Faults: ErrSignupDisabled, ErrAnonymousDisabled.
func (s *Service) SignUpAnonymously(ctx context.Context, data map[string]any) (User, error) {
	if s.Config.DisableSignup {
		return User{}, ErrSignupDisabled
	}
	if !s.Config.Anonymous {
		return User{}, ErrAnonymousDisabled
	}
	return s.Create(ctx, New{IsAnonymous: true, UserMetadata: data})
}
