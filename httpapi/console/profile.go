package console

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"

	"tessera/fault"
	"tessera/httpapi"
	"tessera/identity"
	"tessera/identity/picture"
	"tessera/provider"
)

// Profile is what people change about themselves.
type Profile struct {
	Accounts *identity.Service
	Avatars  *identity.Avatars
	// Sources finds the provider that an identity is from; provider.Registry does.
	Sources interface {
		SourceOf(kind, key string) (provider.Entry, error)
	}
	Limits *httpapi.Limits
	Rate   httpapi.Rate // of pictures set by one user
}

// ErrAvatarChoice is of a request that does not name one picture.
var ErrAvatarChoice = fault.Declare(fault.Unprocessable, "profile.avatar_choice",
	"Send exactly one of data_url, url and identity_id.", "An upload, an address, or the identity whose provider states the picture.")

// Binding is an identity of the account, as its owner sees it.
type Binding struct {
	IdentityID  string     `json:"identity_id" format:"uuid"`
	Type        string     `json:"type" doc:"email, linuxdo, oidc, wechat, google, github or supabase." example:"oidc"`
	Source      string     `json:"source" doc:"The provider's configured name; empty for email and for what is no longer configured." example:"corp"`
	DisplayName string     `json:"display_name" doc:"How people know the provider: of several OpenID issuers, which one." example:"Corp SSO"`
	Account     string     `json:"account" doc:"The address, or enough of the account's id there to tell two apart." example:"12•••89"`
	Nickname    string     `json:"nickname" doc:"What the provider's name for the person would give here; a suggestion."`
	AvatarURL   string     `json:"avatar_url" doc:"Where this server shows the picture that the provider states, a suggestion; empty when it states none."`
	BoundAt     time.Time  `json:"bound_at"`
	LastUsedAt  *time.Time `json:"last_used_at" doc:"Null when never."`
}

type nicknameInput struct {
	Body struct {
		Nickname string `json:"nickname" maxLength:"512" doc:"1 to 32 visible characters; empty takes it away. It is data: whatever shows it escapes it."`
	}
}

type avatarInput struct {
	Body struct {
		DataURL    string    `json:"data_url,omitempty" doc:"A JPEG, PNG, GIF or WebP of up to 3 MiB, as a data URL."`
		URL        string    `json:"url,omitempty" maxLength:"2048" doc:"Where the picture is now. This server fetches it once, and keeps its own copy."`
		IdentityID uuid.UUID `json:"identity_id,omitempty" format:"uuid" doc:"The identity whose provider states the picture."`
	}
}

type bindingsOutput struct {
	Body struct {
		Data []Binding `json:"data"`
	}
}

type identityInput struct {
	IdentityID uuid.UUID `path:"identity_id" format:"uuid"`
}

// maxPictureBody is a picture of picture.MaxInput in base64, and its frame.
const maxPictureBody = picture.MaxInput/3*4 + 4<<10

// AddProfile adds what people change about themselves.
func AddProfile(a *API, p Profile) {
	op := func(id, method, path, summary string) huma.Operation {
		return huma.Operation{OperationID: id, Method: method, Path: path, Summary: summary, Tags: []string{"Account"}}
	}
	Register(a, User, op("change-me", http.MethodPatch, "/me", "Change the nickname"), p.rename)
	put := op("put-avatar", http.MethodPut, "/me/avatar", "Set the picture: an upload, an address, or a provider's")
	put.Description = "It is decoded, made to fit 512 by 512 pixels, and kept as our own JPEG or PNG of at most 102400 bytes."
	put.MaxBodyBytes = maxPictureBody
	Register(a, User, put, p.setAvatar)
	Register(a, User, op("delete-avatar", http.MethodDelete, "/me/avatar", "Take the picture away; nothing comes back in its place"), p.removeAvatar)
	Register(a, User, op("list-bindings", http.MethodGet, "/me/bindings", "The ways to sign in, and what their providers suggest"), p.bindings)
	Register(a, User, withPicture(op("get-binding-avatar", http.MethodGet, "/me/bindings/{identity_id}/avatar", "The picture that a provider states")), p.suggested)
}

func (p Profile) rename(ctx context.Context, in *nicknameInput) (*personOutput, error) {
	user, err := p.Accounts.SetNickname(ctx, CallerFrom(ctx).User.ID, in.Body.Nickname)
	return p.changed(ctx, user, err)
}

func (p Profile) setAvatar(ctx context.Context, in *avatarInput) (*personOutput, error) {
	caller := CallerFrom(ctx).User
	ways := []struct {
		isChosen bool
		field    string
		take     func() (identity.User, error)
	}{
		{in.Body.DataURL != "", "data_url", func() (identity.User, error) { return p.Avatars.Upload(ctx, caller.ID, in.Body.DataURL) }},
		{in.Body.URL != "", "url", func() (identity.User, error) { return p.Avatars.FetchFrom(ctx, caller.ID, in.Body.URL) }},
		{in.Body.IdentityID != uuid.Nil, "identity_id", func() (identity.User, error) { return p.Avatars.TakeOver(ctx, caller, in.Body.IdentityID) }},
	}
	chosen := -1
	for i, way := range ways {
		if !way.isChosen {
			continue
		}
		if chosen >= 0 {
			return nil, ErrAvatarChoice.On(way.field, "goes not with "+ways[chosen].field)
		}
		chosen = i
	}
	if chosen < 0 {
		return nil, ErrAvatarChoice.On("data_url", "is missing, and so are url and identity_id")
	}
	if err := p.Limits.CheckAccount(ctx, httpapi.Limit{Name: "avatar", Account: p.Rate}, caller.ID.String()); err != nil {
		return nil, err
	}
	user, err := ways[chosen].take()
	return p.changed(ctx, user, about(ways[chosen].field, err))
}

// about names the field that a fault of a picture is about.
func about(field string, err error) error {
	if err == nil {
		return nil
	}
	f := fault.From(err)
	if !strings.HasPrefix(f.Code, "picture.") || f.Kind == fault.RateLimited || len(f.Fields) > 0 {
		return err
	}
	return f.On(field, "cannot be used: "+strings.TrimSuffix(f.Message, "."))
}

func (p Profile) removeAvatar(ctx context.Context, _ *struct{}) (*personOutput, error) {
	user, err := p.Accounts.RemoveAvatar(ctx, CallerFrom(ctx).User.ID)
	return p.changed(ctx, user, err)
}

func (p Profile) changed(ctx context.Context, user identity.User, err error) (*personOutput, error) {
	if err != nil {
		return nil, err
	}
	caller := CallerFrom(ctx)
	user.Identities = caller.User.Identities
	caller.User = user
	return &personOutput{Body: person(caller)}, nil
}

func (p Profile) bindings(ctx context.Context, _ *struct{}) (*bindingsOutput, error) {
	out := &bindingsOutput{}
	out.Body.Data = []Binding{}
	for _, i := range CallerFrom(ctx).User.Identities {
		b := Binding{
			IdentityID: i.ID.String(), Type: i.ProviderType, DisplayName: i.ProviderType, Account: masked(i.ProviderSubject),
			Nickname: i.StatedNickname(), BoundAt: i.CreatedAt, LastUsedAt: i.LastSignInAt,
		}
		if i.ProviderType == identity.ProviderEmail {
			b.Account = i.Email
		}
		if i.StatedAvatarURL() != "" {
			b.AvatarURL = basePath + "/me/bindings/" + b.IdentityID + "/avatar"
		}
		if source, err := p.Sources.SourceOf(i.ProviderType, i.ProviderKey); err == nil {
			b.Source, b.DisplayName = source.Name, source.DisplayName
		}
		out.Body.Data = append(out.Body.Data, b)
	}
	return out, nil
}

// masked is enough of an id to tell two apart, and not enough to pass it on.
func masked(subject string) string {
	signs := []rune(subject)
	if len(signs) <= 4 {
		return "•••" + string(signs[max(len(signs)-1, 0):])
	}
	return string(signs[:2]) + "•••" + string(signs[len(signs)-2:])
}

func (p Profile) suggested(ctx context.Context, in *identityInput) (*pictureOutput, error) {
	made, err := p.Avatars.Suggested(ctx, CallerFrom(ctx).User, in.IdentityID)
	return preview(made, err)
}

// pictureOutput is a picture for one pair of eyes. What may show it is our own
// page, which reads it with a request of its own: no other site can.
type pictureOutput struct {
	ContentType  string `header:"Content-Type"`
	CacheControl string `header:"Cache-Control"`
	Body         []byte
}

func preview(p picture.Picture, err error) (*pictureOutput, error) {
	if err != nil {
		return nil, err
	}
	return &pictureOutput{ContentType: p.ContentType, CacheControl: "private, max-age=60", Body: p.Content}, nil
}

// withPicture describes an operation that answers with a picture.
func withPicture(op huma.Operation) huma.Operation {
	binary := &huma.Schema{Type: huma.TypeString, Format: "binary"}
	op.Responses = map[string]*huma.Response{"200": {
		Description: "The picture, in this server's encoding",
		Content:     map[string]*huma.MediaType{"image/jpeg": {Schema: binary}, "image/png": {Schema: binary}},
	}}
	return op
}
