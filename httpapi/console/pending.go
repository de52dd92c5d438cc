package console

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"tessera/httpapi"
	"tessera/pendingauth"
)

// ThirdParty is what the sign-in through other providers needs.
type ThirdParty struct {
	Service *pendingauth.Service
	Cookies httpapi.Cookies
	// LimitPassword counts a try of an account's password, together with those
	// at the other doors. Fault: httpapi.ErrRateLimited.
	LimitPassword func(ctx context.Context, email string) error
}

// PendingView is a sign-in that waits for the person's choice.
type PendingView struct {
	Source          string     `json:"source" doc:"The provider's configured name."`
	Type            string     `json:"type" doc:"The provider's type: linuxdo, oidc, wechat, google, github."`
	Nickname        string     `json:"nickname" doc:"What the provider's name for the person gives here; a candidate."`
	AvatarURL       string     `json:"avatar_url" doc:"Where this server shows the provider's picture, a candidate; empty when it states none."`
	ProviderEmail   string     `json:"provider_email" doc:"As the provider states it; it selects and proves nothing."`
	EmailRequired   bool       `json:"email_required" doc:"An account from this source needs a verified address."`
	Email           string     `json:"email" doc:"The address typed here."`
	EmailVerified   bool       `json:"email_verified"`
	EmailHasAccount bool       `json:"email_has_account" doc:"Told only of a verified address."`
	IsProven        bool       `json:"is_proven" doc:"An account to bind to has been proven."`
	ExpiresAt       time.Time  `json:"expires_at"`
	ServerTime      time.Time  `json:"server_time"`
	CodeExpiresAt   *time.Time `json:"code_expires_at" doc:"When the mailed code is over; null when none is out."`
	AttemptsLeft    int        `json:"attempts_left" doc:"Wrong proofs that are still allowed."`
}

// CompletedView is a sign-in that was completed. Our own pages find the
// session in its cookie; an SDK's flow goes on at redirect_to.
type CompletedView struct {
	RedirectTo string `json:"redirect_to" doc:"Where to go now."`
}

// PendingCookie is what every request about a pending sign-in carries. It is
// exported because Huma reads the fields of exported structs only.
type PendingCookie struct {
	Pending string `cookie:"tessera_pending"`
}

type pendingOutput struct {
	SetCookie []http.Cookie `header:"Set-Cookie"`
	Body      PendingView
}

type completedOutput struct {
	SetCookie []http.Cookie `header:"Set-Cookie"`
	Body      CompletedView
}

// AddThirdParty adds the sign-in through other providers, for our own pages.
func AddThirdParty(a *API, t ThirdParty) {
	own := huma.Middlewares{ownPagesOnly(a, t.Cookies)}
	op := func(id, method, path, summary string) huma.Operation {
		return huma.Operation{
			OperationID: id, Method: method, Path: path, Summary: summary, Tags: []string{"Third-party sign-in"}, Middlewares: own,
			Description: "For our own pages: the cookie tessera_pending names the sign-in.",
		}
	}
	Register(a, Public, op("start-flow", http.MethodPost, "/auth/flows", "Set out for a provider"), t.start)
	Register(a, User, op("start-bind", http.MethodPost, "/auth/bindings", "Set out to bind a provider's identity to the caller's account"), t.startBind)
	Register(a, Public, op("get-pending", http.MethodGet, "/auth/pending", "The sign-in that waits in this browser"), t.summary)
	Register(a, Public, withPicture(op("get-pending-avatar", http.MethodGet, pendingPicture, "The provider's picture of the person")), t.picture)
	Register(a, Public, op("cancel-pending", http.MethodDelete, "/auth/pending", "Give the sign-in up"), t.cancel)
	Register(a, Public, op("send-pending-code", http.MethodPost, "/auth/pending/email", "Mail a code to an address"), t.sendCode)
	Register(a, Public, op("verify-pending-code", http.MethodPost, "/auth/pending/email/verify", "Verify the address with the code"), t.verifyCode)
	Register(a, Public, op("prove-pending", http.MethodPost, "/auth/pending/proof", "Prove the account to bind to"), t.prove)
	Register(a, User, op("prove-pending-by-session", http.MethodPost, "/auth/pending/session", "Prove the account by being signed in to it"), t.proveBySession)
	Register(a, Public, op("create-from-pending", http.MethodPost, "/auth/pending/create", "Make a new account"), t.create)
	Register(a, Public, op("bind-from-pending", http.MethodPost, "/auth/pending/bind", "Bind to the proven account"), t.bind)
}

type startInput struct {
	Browser string `cookie:"tessera_browser"`
	Body    struct {
		Provider   string `json:"provider" minLength:"1" maxLength:"64" doc:"The provider's configured name."`
		Channel    string `json:"channel,omitempty" maxLength:"16" doc:"WeChat: mp inside its own browser, open elsewhere."`
		RedirectTo string `json:"redirect_to,omitempty" maxLength:"2048" doc:"A route of our own to go to afterwards."`
	}
}

type startOutput struct {
	SetCookie http.Cookie `header:"Set-Cookie"`
	Body      struct {
		URL string `json:"url" doc:"Where the browser goes now."`
	}
}

func (t ThirdParty) start(ctx context.Context, in *startInput) (*startOutput, error) {
	return t.begin(ctx, in, nil)
}

// startBind sets out to give the caller's account one more identity. The
// session that asks is the proof, and is asked for again on the way back.
func (t ThirdParty) startBind(ctx context.Context, in *startInput) (*startOutput, error) {
	proof, err := t.proof(ctx)
	if err != nil {
		return nil, err
	}
	return t.begin(ctx, in, &proof)
}

// proof is the caller's session, by which the account is theirs, if they have
// shown not long ago that it still is.
func (t ThirdParty) proof(ctx context.Context) (pendingauth.Proof, error) {
	caller, err := localCaller(ctx)
	if err != nil {
		return pendingauth.Proof{}, err
	}
	proof := pendingauth.Proof{User: caller.User, Session: caller.Session}
	return proof, t.Service.Sessions.RequireConfirmed(caller.User, caller.Session)
}

func (t ThirdParty) begin(ctx context.Context, in *startInput, bind *pendingauth.Proof) (*startOutput, error) {
	started, err := t.Service.Begin(ctx, pendingauth.Start{
		Source: in.Body.Provider, Channel: in.Body.Channel, RedirectTo: in.Body.RedirectTo, Browser: in.Browser, Bind: bind,
	})
	if err != nil {
		return nil, err
	}
	out := &startOutput{SetCookie: *t.Cookies.Browser(started.Browser)}
	out.Body.URL = started.URL
	return out, nil
}

func (t ThirdParty) summary(ctx context.Context, in *PendingCookie) (*pendingOutput, error) {
	p, err := t.Service.Summary(ctx, in.Pending)
	return t.view(ctx, p, err)
}

func (t ThirdParty) view(ctx context.Context, p pendingauth.Pending, err error) (*pendingOutput, error) {
	if err != nil {
		return nil, err
	}
	hasAccount, err := t.Service.HasAccount(ctx, p)
	if err != nil {
		return nil, err
	}
	return &pendingOutput{Body: PendingView{
		Source: p.Source, Type: p.Identity.ProviderType, Nickname: p.Nickname, AvatarURL: previewOf(p),
		ProviderEmail: p.ProviderEmail, EmailRequired: p.EmailRequired, Email: p.Email,
		EmailVerified: p.EmailVerifiedAt != nil, EmailHasAccount: hasAccount, IsProven: p.IsProven(),
		ExpiresAt: p.ExpiresAt, ServerTime: t.Service.Now().UTC(), CodeExpiresAt: p.CodeExpiresAt, AttemptsLeft: p.AttemptsLeft(),
	}}, nil
}

// previewOf is the path of the provider's picture. Its own address is shown to
// nobody: a page that loaded it would tell the provider who looks.
func previewOf(p pendingauth.Pending) string {
	if p.AvatarURL == "" {
		return ""
	}
	return basePath + pendingPicture
}

const pendingPicture = "/auth/pending/avatar"

func (t ThirdParty) picture(ctx context.Context, in *PendingCookie) (*pictureOutput, error) {
	p, err := t.Service.Picture(ctx, in.Pending)
	return preview(p, err)
}

type cancelOutput struct {
	SetCookie http.Cookie `header:"Set-Cookie"`
}

func (t ThirdParty) cancel(ctx context.Context, in *PendingCookie) (*cancelOutput, error) {
	if err := t.Service.Cancel(ctx, in.Pending); err != nil {
		return nil, err
	}
	return &cancelOutput{SetCookie: *t.Cookies.Pending("")}, nil
}

type emailInput struct {
	PendingCookie
	Body struct {
		Email string `json:"email" minLength:"1" maxLength:"254"`
	}
}

func (t ThirdParty) sendCode(ctx context.Context, in *emailInput) (*pendingOutput, error) {
	p, err := t.Service.SendCode(ctx, in.Pending, in.Body.Email)
	return t.view(ctx, p, err)
}

type codeInput struct {
	PendingCookie
	Body struct {
		Code string `json:"code" minLength:"6" maxLength:"6" doc:"The six digits of the mail."`
	}
}

func (t ThirdParty) verifyCode(ctx context.Context, in *codeInput) (*pendingOutput, error) {
	p, err := t.Service.VerifyCode(ctx, in.Pending, in.Body.Code)
	return t.view(ctx, p, err)
}

type proofInput struct {
	PendingCookie
	Body struct {
		Email    string `json:"email" minLength:"1" maxLength:"254"`
		Password string `json:"password" minLength:"1" maxLength:"72"`
		TOTP     string `json:"totp,omitempty" maxLength:"16" doc:"Where the account has a second factor."`
	}
}

func (t ThirdParty) prove(ctx context.Context, in *proofInput) (*pendingOutput, error) {
	if err := t.LimitPassword(ctx, in.Body.Email); err != nil {
		return nil, err
	}
	p, err := t.Service.Prove(ctx, in.Pending, pendingauth.Credentials{
		Email: in.Body.Email, Password: in.Body.Password, TOTP: in.Body.TOTP,
	})
	return t.view(ctx, p, err)
}

func (t ThirdParty) proveBySession(ctx context.Context, in *PendingCookie) (*pendingOutput, error) {
	proof, err := t.proof(ctx)
	if err != nil {
		return nil, err
	}
	p, err := t.Service.ProveBySession(ctx, in.Pending, proof)
	return t.view(ctx, p, err)
}

type choicesInput struct {
	PendingCookie
	Body struct {
		AdoptNickname bool `json:"adopt_nickname,omitempty" doc:"Take the provider's nickname."`
		AdoptAvatar   bool `json:"adopt_avatar,omitempty" doc:"Take the provider's avatar."`
	}
}

func (in *choicesInput) choices() pendingauth.Choices {
	return pendingauth.Choices{AdoptNickname: in.Body.AdoptNickname, AdoptAvatar: in.Body.AdoptAvatar}
}

func (t ThirdParty) create(ctx context.Context, in *choicesInput) (*completedOutput, error) {
	done, err := t.Service.Create(ctx, in.Pending, in.choices())
	return t.completed(done, err)
}

func (t ThirdParty) bind(ctx context.Context, in *choicesInput) (*completedOutput, error) {
	done, err := t.Service.Bind(ctx, in.Pending, in.choices())
	return t.completed(done, err)
}

// completed hands the session over: in its cookie, or by a code at the address
// where an SDK waits for it.
func (t ThirdParty) completed(done pendingauth.Completed, err error) (*completedOutput, error) {
	if err != nil {
		return nil, err
	}
	out := &completedOutput{SetCookie: []http.Cookie{*t.Cookies.Pending("")}, Body: CompletedView{RedirectTo: done.RedirectTo}}
	if done.Grant != nil {
		out.SetCookie = append(out.SetCookie, *t.Cookies.Refresh(done.Grant.RefreshToken))
	}
	if done.AuthCode != "" {
		out.Body.RedirectTo = t.Service.Sessions.Redirects.With(done.RedirectTo, "code", done.AuthCode)
	}
	return out, nil
}
