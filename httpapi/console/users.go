package console

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"

	"tessera/fault"
	"tessera/identity"
	"tessera/pendingauth"
	"tessera/provider"
	"tessera/session"
)

// ListedUser is one line of the list of users.
type ListedUser struct {
	ID            string     `json:"id" format:"uuid"`
	Email         string     `json:"email" doc:"The sign-in address; empty when there is none."`
	Nickname      string     `json:"nickname"`
	AvatarURL     string     `json:"avatar_url"`
	Status        string     `json:"status" enum:"active,disabled,deleted"`
	SignupSource  string     `json:"signup_source" doc:"The provider type the account began with, or anonymous."`
	Bindings      []string   `json:"bindings" nullable:"false" doc:"The provider types of the user's identities, oldest first, each once."`
	IsAdmin       bool       `json:"is_admin"`
	IsAnonymous   bool       `json:"is_anonymous"`
	IsConfirmed   bool       `json:"is_confirmed" doc:"The sign-in address was proven."`
	CreatedAt     time.Time  `json:"created_at"`
	LastLoginAt   *time.Time `json:"last_login_at" doc:"Null when never."`
	LastActiveAt  *time.Time `json:"last_active_at" doc:"To the minute; null when never."`
	DisabledUntil *time.Time `json:"disabled_until" doc:"Null when the user is let in; the year 9999 for good."`
}

type usersInput struct {
	Search string `query:"search" maxLength:"320" doc:"The beginning of an address or a nickname, in any case; or a whole user id or identity subject."`
	Sort   string `query:"sort" enum:"created_at,last_login_at,last_active_at,email" default:"created_at" doc:"Users without the value come last."`
	Order  string `query:"order" enum:"asc,desc" default:"desc"`
	Source string `query:"source" maxLength:"64" doc:"The provider type the accounts began with."`
	Status string `query:"status" enum:"active,disabled,administrator,deleted" doc:"Without it, all but the deleted."`
	Cursor string `query:"cursor" doc:"next of the page before, with the same search, filters and order."`
	Limit  int    `query:"limit" minimum:"1" maximum:"200" default:"50" doc:"How many users."`
}

type usersOutput struct {
	Body struct {
		Data  []ListedUser `json:"data" nullable:"false"`
		Next  *string      `json:"next" doc:"Give this as cursor to go on; null at the end."`
		IsCut bool         `json:"is_cut" doc:"The search matches more than is looked at (500 by address, 500 by nickname): type more of it."`
	}
}

// UserSessions ends what users have open; session.Service does.
type UserSessions interface {
	Confirmer
	List(ctx context.Context, user identity.User) ([]session.Session, error)
	End(ctx context.Context, user identity.User, id uuid.UUID) error
	EndAll(ctx context.Context, user identity.User) error
	Disable(ctx context.Context, user identity.User, until time.Time, reason string) (identity.User, error)
}

// UserGrants knows what users were given; the store does.
type UserGrants interface {
	GrantsOf(ctx context.Context, userID uuid.UUID) ([]pendingauth.Grant, error)
}

// UserAudit knows what happened to users; the store does.
type UserAudit interface {
	AuditEntriesOf(ctx context.Context, userID, before uuid.UUID, limit int) ([]identity.Entry, error)
}

// UserAdministration is what administrators do with users.
type UserAdministration struct {
	Accounts *identity.Service
	Sessions UserSessions
	Grants   UserGrants
	Audit    UserAudit
	// Sources names the sources of identities.
	Sources interface {
		SourceOf(providerType, key string) (provider.Entry, error)
	}
}

// AddUserAdministration adds the list of users and the page of each.
func AddUserAdministration(a *API, u UserAdministration) {
	op := func(id, method, path, summary string) huma.Operation {
		return huma.Operation{OperationID: id, Method: method, Path: "/admin/users" + path, Summary: summary, Tags: []string{"Administration"}}
	}
	Register(a, Administrator, op("list-users", http.MethodGet, "", "Users, by page"), u.list)
	Register(a, Administrator, op("get-user", http.MethodGet, "/{id}", "One user, with all that hangs on the account"), u.get)
	Register(a, Administrator, op("list-user-audit", http.MethodGet, "/{id}/audit", "What happened to a user, newest first"), u.audit)
	Register(a, Administrator, op("disable-user", http.MethodPost, "/{id}/disable", "Keep a user out, and end all sessions"), u.disable)
	Register(a, Administrator, op("enable-user", http.MethodPost, "/{id}/enable", "Let a user in again"), u.enable)
	Register(a, Administrator, op("put-user-role", http.MethodPut, "/{id}/role", "Give the administration to a user, or take it away"), u.setRole)
	Register(a, Administrator, op("end-user-session", http.MethodDelete, "/{id}/sessions/{session_id}", "End one session of a user"), u.endSession)
	Register(a, Administrator, op("end-user-sessions", http.MethodDelete, "/{id}/sessions", "End all sessions of a user"), u.endSessions)
	Register(a, Administrator, op("unbind-user-identity", http.MethodDelete, "/{id}/identities/{identity_id}", "Take an identity from a user, unless it is the last way in"), u.unbind)
}

func (u UserAdministration) list(ctx context.Context, in *usersInput) (*usersOutput, error) {
	page, err := u.Accounts.PageOfUsers(ctx, identity.UserQuery{
		Search: in.Search, Sort: identity.Sort(in.Sort), IsAscending: in.Order == "asc", Source: in.Source,
		Status: identity.Status(in.Status), Cursor: in.Cursor, Limit: in.Limit,
	})
	if err != nil {
		return nil, err
	}
	out := &usersOutput{}
	out.Body.Data = make([]ListedUser, len(page.Users))
	now := u.Accounts.Now()
	for i, user := range page.Users {
		out.Body.Data[i] = listedUser(user, now)
	}
	if page.Next != "" {
		out.Body.Next = &page.Next
	}
	out.Body.IsCut = page.IsCut
	return out, nil
}

func listedUser(u identity.User, now time.Time) ListedUser {
	l := ListedUser{
		ID: u.ID.String(), Email: u.Email, Nickname: u.Nickname, AvatarURL: u.AvatarURL, Status: "active",
		SignupSource: u.SignupSource, Bindings: u.Providers(), IsAdmin: u.IsAdmin, IsAnonymous: u.IsAnonymous, IsConfirmed: u.IsConfirmed(),
		CreatedAt: u.CreatedAt, LastLoginAt: u.LastSignInAt, LastActiveAt: u.LastActiveAt,
	}
	if l.Bindings == nil {
		l.Bindings = []string{}
	}
	if u.IsBanned(now) {
		l.Status, l.DisabledUntil = "disabled", u.BannedUntil
	}
	if u.DeletedAt != nil {
		l.Status = "deleted"
	}
	return l
}

// UserPath names a user. It is exported because Huma reads the fields of
// exported structs only.
type UserPath struct {
	ID string `path:"id" format:"uuid" doc:"The user's id."`
}

// target is the user that an operation is about.
func (u UserAdministration) target(ctx context.Context, in UserPath) (identity.User, error) {
	id, err := parseID("path.id", in.ID)
	if err != nil {
		return identity.User{}, err
	}
	return u.Accounts.User(ctx, id)
}

func parseID(field, text string) (uuid.UUID, error) {
	id, err := uuid.Parse(text)
	if err != nil {
		return uuid.Nil, fault.ErrValidation.On(field, "must be a UUID")
	}
	return id, nil
}

type userAuditInput struct {
	UserPath
	Limit  int    `query:"limit" minimum:"1" maximum:"200" default:"50" doc:"How many lines."`
	Before string `query:"before" maxLength:"36" doc:"Lines older than this one: the id of a line, or next of the page before."`
}

func (u UserAdministration) audit(ctx context.Context, in *userAuditInput) (*auditOutput, error) {
	id, err := parseID("path.id", in.ID)
	if err != nil {
		return nil, err
	}
	before, err := parseBefore(in.Before)
	if err != nil {
		return nil, err
	}
	entries, err := u.Audit.AuditEntriesOf(ctx, id, before, in.Limit+1)
	if err != nil {
		return nil, err
	}
	return auditPage(entries, in.Limit), nil
}
