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
	External     *Identity // the identity of an account that begins elsewhere
	Origin       Origin
	Action       Action // what the audit log calls it; "" = ActionSignup
}

// Create makes an account and its first identity in one transaction. Every
// way to an account leads here.
//
// Faults: those of NormalizeEmail, CheckPassword and CheckImportedHash,
// ErrEmailTaken, ErrIdentityTaken, ErrUserExists, ErrHashingBusy.
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
	return user, attachFirstIdentity(&user, n)
}

// attachFirstIdentity gives the user the identity that it begins with;
// anonymous users have none.
func attachFirstIdentity(user *User, n New) error {
	first := Identity{UserID: user.ID, Origin: n.Origin, CreatedAt: user.CreatedAt, UpdatedAt: user.CreatedAt}
	switch {
	case n.External != nil:
		first.Key, first.Email, first.Claims = n.External.Key, n.External.Email, n.External.Claims
		first.VerifiedAt, first.LastSignInAt = &user.CreatedAt, &user.CreatedAt
	case user.Email != "":
		first.Key, first.Email = EmailKey(user.Email), user.Email
		first.VerifiedAt, first.LastSignInAt = user.EmailConfirmedAt, &user.CreatedAt
		first.Claims = emailClaims(*user, n.UserMetadata, n.Origin)
		if n.Origin == OriginSignup {
			user.UserMetadata = maps.Clone(first.Claims)
		} else if user.IsConfirmed() {
			user.UserMetadata = MergeMetadata(user.UserMetadata, map[string]any{"email_verified": true})
		}
	default:
		user.SignupSource = "anonymous"
		return nil
	}
	id, err := uuid.NewV7()
	if err != nil {
		return err
	}
	first.ID = id
	user.SignupSource = first.ProviderType
	user.Identities = []Identity{first}
	user.AppMetadata = MergeMetadata(user.AppMetadata, providerMetadata(*user))
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
