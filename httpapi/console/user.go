package console

import (
	"context"
	"strings"
	"time"

	"tessera/identity"
	"tessera/pendingauth"
	"tessera/session"
)

// UserDetail is one user, as administrators see them.
type UserDetail struct {
	ListedUser
	EmailConfirmedAt  *time.Time     `json:"email_confirmed_at"`
	NewEmail          string         `json:"new_email" doc:"The address that a change of address waits for; empty when there is none."`
	HasPassword       bool           `json:"has_password"`
	DeletedAt         *time.Time     `json:"deleted_at"`
	Identities        []UserIdentity `json:"identities" nullable:"false"`
	Factors           []UserFactor   `json:"factors" nullable:"false"`
	PasskeyCount      int            `json:"passkey_count"`
	RecoveryCodesLeft int            `json:"recovery_codes_left"`
	Sessions          []SessionView  `json:"sessions" nullable:"false" doc:"Those that are open, newest first."`
	Grants            []UserGrant    `json:"grants" nullable:"false"`
	IsSelf            bool           `json:"is_self" doc:"It is the caller's own account."`
}

// UserIdentity is one way a user is known. Subjects are masked: enough to
// compare with what a person reads out, and not enough to pass on.
type UserIdentity struct {
	ID           string        `json:"id" format:"uuid"`
	Provider     string        `json:"provider" doc:"The provider's type."`
	DisplayName  string        `json:"display_name" doc:"How people know the source; the type where none of that kind is set up."`
	ProviderKey  string        `json:"provider_key" doc:"The issuer, where the type has several."`
	Subject      string        `json:"subject" doc:"Masked; of an e-mail identity the address."`
	Email        string        `json:"email" doc:"As the provider states it; it proves nothing."`
	Origin       string        `json:"origin" doc:"How it came to be: signup, bind, sync, admin, migration."`
	VerifiedAt   *time.Time    `json:"verified_at"`
	LastSignInAt *time.Time    `json:"last_sign_in_at"`
	CreatedAt    time.Time     `json:"created_at"`
	Channels     []UserChannel `json:"channels" nullable:"false" doc:"Names that hold for one app of the provider only."`
}

// UserChannel is a name of an identity for one app of its provider.
type UserChannel struct {
	Name    string `json:"name"`
	AppID   string `json:"app_id"`
	Subject string `json:"subject" doc:"Masked."`
}

// UserFactor is a second factor of a user.
type UserFactor struct {
	ID          string     `json:"id" format:"uuid"`
	Kind        string     `json:"kind"`
	Name        string     `json:"name"`
	IsVerified  bool       `json:"is_verified"`
	LockedUntil *time.Time `json:"locked_until" doc:"After too many wrong codes; null when it is not locked."`
	CreatedAt   time.Time  `json:"created_at"`
}

// UserGrant is what a user was given for coming from a source.
type UserGrant struct {
	Source           string    `json:"source"`
	Reason           string    `json:"reason" enum:"signup,first_bind"`
	BalanceMicros    int64     `json:"balance_micros" doc:"Millionths of a credit."`
	Concurrency      int       `json:"concurrency"`
	SubscriptionDays int       `json:"subscription_days"`
	GrantedAt        time.Time `json:"granted_at"`
}

type userOutput struct{ Body UserDetail }

func (u UserAdministration) get(ctx context.Context, in *UserPath) (*userOutput, error) {
	user, err := u.target(ctx, *in)
	if err != nil {
		return nil, err
	}
	return u.detail(ctx, user)
}

// detail gathers all that is known about a user.
func (u UserAdministration) detail(ctx context.Context, user identity.User) (*userOutput, error) {
	file, err := u.Accounts.FileOf(ctx, user.ID)
	if err != nil {
		return nil, err
	}
	sessions, err := u.Sessions.List(ctx, user)
	if err != nil {
		return nil, err
	}
	grants, err := u.Grants.GrantsOf(ctx, user.ID)
	if err != nil {
		return nil, err
	}
	caller := CallerFrom(ctx)
	d := UserDetail{
		ListedUser: listedUser(user, u.Accounts.Now()), EmailConfirmedAt: user.EmailConfirmedAt, NewEmail: user.NewEmail,
		HasPassword: user.PasswordHash != "", DeletedAt: user.DeletedAt, PasskeyCount: file.Passkeys,
		RecoveryCodesLeft: file.RecoveryCodesLeft, IsSelf: caller.User.ID == user.ID,
		Identities: each(user.Identities, func(i identity.Identity) UserIdentity { return u.identity(i, file.Channels[i.ID]) }),
		Factors:    each(user.Factors, userFactor), Grants: each(grants, userGrant),
		Sessions: each(sessions, func(one session.Session) SessionView { return viewSession(one, caller.Session.ID) }),
	}
	return &userOutput{Body: d}, nil
}

// each is a list of views; never null.
func each[T, V any](items []T, view func(T) V) []V {
	views := make([]V, len(items))
	for i, item := range items {
		views[i] = view(item)
	}
	return views
}

func (u UserAdministration) identity(i identity.Identity, channels []identity.Channel) UserIdentity {
	name := i.ProviderType
	if source, err := u.Sources.SourceOf(i.ProviderType, i.ProviderKey); err == nil {
		name = source.DisplayName
	}
	subject := masked(i.ProviderSubject)
	if i.ProviderType == identity.ProviderEmail {
		subject = i.ProviderSubject
	}
	return UserIdentity{
		ID: i.ID.String(), Provider: i.ProviderType, DisplayName: name, ProviderKey: i.ProviderKey, Subject: subject, Email: i.Email,
		Origin: string(i.Origin), VerifiedAt: i.VerifiedAt, LastSignInAt: i.LastSignInAt, CreatedAt: i.CreatedAt,
		Channels: each(channels, func(c identity.Channel) UserChannel {
			return UserChannel{Name: c.Name, AppID: c.AppID, Subject: masked(c.Subject)}
		}),
	}
}

func userFactor(f identity.Factor) UserFactor {
	return UserFactor{
		ID: f.ID.String(), Kind: f.Kind, Name: f.FriendlyName, IsVerified: f.IsVerified, LockedUntil: f.LockedUntil, CreatedAt: f.CreatedAt,
	}
}

func userGrant(g pendingauth.Grant) UserGrant {
	return UserGrant{
		Source: g.SourceType, Reason: string(g.Reason), BalanceMicros: g.Amount.BalanceMicros, Concurrency: g.Amount.Concurrency,
		SubscriptionDays: g.Amount.SubscriptionDays, GrantedAt: g.GrantedAt,
	}
}

type disableInput struct {
	UserPath
	Body struct {
		Until   *time.Time `json:"until,omitempty" doc:"When the user is let in again."`
		Forever bool       `json:"forever,omitempty" doc:"In place of until."`
		Reason  string     `json:"reason" minLength:"1" maxLength:"500" doc:"For the audit log; the user does not see it."`
	}
}

func (u UserAdministration) disable(ctx context.Context, in *disableInput) (*userOutput, error) {
	until := identity.Forever
	switch {
	case in.Body.Forever == (in.Body.Until != nil):
		return nil, identity.ErrDisableTime.On("until", "must be given, or forever, and not both")
	case in.Body.Until != nil:
		until = *in.Body.Until
	}
	if strings.TrimSpace(in.Body.Reason) == "" {
		return nil, identity.ErrReasonMissing.On("reason", "is blank")
	}
	return u.decide(ctx, in.UserPath, func(ctx context.Context, user identity.User) error {
		_, err := u.Sessions.Disable(ctx, user, until, strings.TrimSpace(in.Body.Reason))
		return err
	})
}

func (u UserAdministration) enable(ctx context.Context, in *UserPath) (*userOutput, error) {
	return u.decide(ctx, *in, func(ctx context.Context, user identity.User) error {
		_, err := u.Accounts.Enable(ctx, user.ID)
		return err
	})
}

type roleInput struct {
	UserPath
	Body struct {
		IsAdmin bool `json:"is_admin"`
	}
}

func (u UserAdministration) setRole(ctx context.Context, in *roleInput) (*userOutput, error) {
	return u.decide(ctx, in.UserPath, func(ctx context.Context, user identity.User) error {
		_, err := u.Accounts.SetAdministrator(ctx, user.ID, in.Body.IsAdmin)
		return err
	})
}

type sessionInput struct {
	UserPath
	SessionID string `path:"session_id" format:"uuid"`
}

func (u UserAdministration) endSession(ctx context.Context, in *sessionInput) (*userOutput, error) {
	id, err := parseID("path.session_id", in.SessionID)
	if err != nil {
		return nil, err
	}
	return u.change(ctx, in.UserPath, func(ctx context.Context, user identity.User) error {
		return u.Sessions.End(ctx, user, id)
	})
}

func (u UserAdministration) endSessions(ctx context.Context, in *UserPath) (*userOutput, error) {
	return u.change(ctx, *in, u.Sessions.EndAll)
}

type userIdentityInput struct {
	UserPath
	IdentityID string `path:"identity_id" format:"uuid"`
}

func (u UserAdministration) unbind(ctx context.Context, in *userIdentityInput) (*userOutput, error) {
	id, err := parseID("path.identity_id", in.IdentityID)
	if err != nil {
		return nil, err
	}
	return u.decide(ctx, in.UserPath, func(ctx context.Context, user identity.User) error {
		_, err := u.Accounts.Unbind(ctx, user.ID, id)
		return err
	})
}

// decide is change for what needs a caller who proved themselves not long ago.
func (u UserAdministration) decide(ctx context.Context, in UserPath, do func(context.Context, identity.User) error) (*userOutput, error) {
	if err := confirmedAdministrator(ctx, u.Sessions); err != nil {
		return nil, err
	}
	return u.change(ctx, in, do)
}

// change does something to a user, and answers how the user stands then.
func (u UserAdministration) change(ctx context.Context, in UserPath, do func(context.Context, identity.User) error) (*userOutput, error) {
	user, err := u.target(ctx, in)
	if err != nil {
		return nil, err
	}
	if err := do(ctx, user); err != nil {
		return nil, err
	}
	if user, err = u.Accounts.User(ctx, user.ID); err != nil {
		return nil, err
	}
	return u.detail(ctx, user)
}
