package gotrue

import (
	"time"

	"tessera/identity"
	"tessera/session"
)

// userView is a user in GoTrue's shape. Times that have not come are left
// out; email and phone are "" rather than null.
type userView struct {
	ID                 string         `json:"id"`
	Audience           string         `json:"aud"`
	Role               string         `json:"role"`
	Email              string         `json:"email"`
	EmailConfirmedAt   *time.Time     `json:"email_confirmed_at,omitempty"`
	InvitedAt          *time.Time     `json:"invited_at,omitempty"`
	Phone              string         `json:"phone"`
	ConfirmationSentAt *time.Time     `json:"confirmation_sent_at,omitempty"`
	ConfirmedAt        *time.Time     `json:"confirmed_at,omitempty"`
	RecoverySentAt     *time.Time     `json:"recovery_sent_at,omitempty"`
	NewEmail           string         `json:"new_email,omitempty"`
	EmailChangeSentAt  *time.Time     `json:"email_change_sent_at,omitempty"`
	ReauthSentAt       *time.Time     `json:"reauthentication_sent_at,omitempty"`
	LastSignInAt       *time.Time     `json:"last_sign_in_at,omitempty"`
	AppMetadata        map[string]any `json:"app_metadata"`
	UserMetadata       map[string]any `json:"user_metadata"`
	Factors            []factorView   `json:"factors,omitempty"`
	Identities         []identityView `json:"identities"`
	CreatedAt          time.Time      `json:"created_at"`
	UpdatedAt          time.Time      `json:"updated_at"`
	BannedUntil        *time.Time     `json:"banned_until,omitempty"`
	DeletedAt          *time.Time     `json:"deleted_at,omitempty"`
	IsAnonymous        bool           `json:"is_anonymous"`
}

// identityView is an identity in GoTrue's shape: id is the provider's subject,
// which for an e-mail identity is the user's id.
type identityView struct {
	IdentityID   string         `json:"identity_id"`
	ID           string         `json:"id"`
	UserID       string         `json:"user_id"`
	IdentityData map[string]any `json:"identity_data,omitempty"`
	Provider     string         `json:"provider"`
	LastSignInAt *time.Time     `json:"last_sign_in_at,omitempty"`
	CreatedAt    time.Time      `json:"created_at"`
	UpdatedAt    time.Time      `json:"updated_at"`
	Email        string         `json:"email,omitempty"`
}

func viewUser(u identity.User) userView {
	view := viewListedUser(u)
	view.Factors = viewFactors(u.Factors)
	view.Identities = make([]identityView, 0, len(u.Identities))
	for _, i := range u.Identities {
		view.Identities = append(view.Identities, viewIdentity(u, i))
	}
	return view
}

// viewListedUser leaves identities null, as lists of users do.
func viewListedUser(u identity.User) userView {
	return userView{
		ID: u.ID.String(), Audience: identity.RoleAuthenticated, Role: u.Role,
		Email: u.Email, EmailConfirmedAt: u.EmailConfirmedAt, ConfirmedAt: u.EmailConfirmedAt, InvitedAt: u.InvitedAt,
		ConfirmationSentAt: u.ConfirmationSent, RecoverySentAt: u.RecoverySent, NewEmail: u.NewEmail,
		EmailChangeSentAt: u.EmailChangeSent, ReauthSentAt: u.ReauthSent, LastSignInAt: u.LastSignInAt,
		AppMetadata: orEmpty(u.AppMetadata), UserMetadata: orEmpty(u.UserMetadata),
		CreatedAt: u.CreatedAt, UpdatedAt: u.UpdatedAt, BannedUntil: u.BannedUntil, DeletedAt: u.DeletedAt,
		IsAnonymous: u.IsAnonymous,
	}
}

func viewIdentity(u identity.User, i identity.Identity) identityView {
	subject := i.ProviderSubject
	if i.ProviderType == identity.ProviderEmail && u.DeletedAt == nil {
		subject = u.ID.String()
	}
	return identityView{
		IdentityID: i.ID.String(), ID: subject, UserID: i.UserID.String(), IdentityData: i.Claims,
		Provider: i.ProviderType, LastSignInAt: i.LastSignInAt, CreatedAt: i.CreatedAt, UpdatedAt: i.UpdatedAt, Email: i.Email,
	}
}

func orEmpty(m map[string]any) map[string]any {
	if m == nil {
		return map[string]any{}
	}
	return m
}

// sessionView is what a sign-in answers (RFC 6749 5.1, with GoTrue's extras).
type sessionView struct {
	AccessToken  string   `json:"access_token"`
	TokenType    string   `json:"token_type"`
	ExpiresIn    int64    `json:"expires_in"`
	ExpiresAt    int64    `json:"expires_at"`
	RefreshToken string   `json:"refresh_token"`
	User         userView `json:"user"`
}

// passwordSessionView is the answer of the password grant, which states what
// it thinks of the password; null = nothing to say.
type passwordSessionView struct {
	sessionView
	WeakPassword *struct{} `json:"weak_password"`
}

func (s *Surface) viewSession(g session.Grant) sessionView {
	return sessionView{
		AccessToken: g.AccessToken, TokenType: "bearer", ExpiresAt: g.ExpiresAt.Unix(),
		ExpiresIn: int64(g.ExpiresAt.Sub(s.Sessions.Now()).Round(time.Second).Seconds()), RefreshToken: g.RefreshToken, User: viewUser(g.User),
	}
}
