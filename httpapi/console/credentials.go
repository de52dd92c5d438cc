package console

import (
	"context"
	"time"

	"tessera/identity"
	"tessera/session"
)

// RecoveryCodesView says what is left of the recovery codes.
type RecoveryCodesView struct {
	Total     int        `json:"total" doc:"0 when there are none."`
	Left      int        `json:"left" doc:"Not used yet."`
	CreatedAt *time.Time `json:"created_at" doc:"Null when there are none."`
}

type recoveryCodesOutput struct{ Body RecoveryCodesView }

func (s Security) getRecoveryCodes(ctx context.Context, _ *struct{}) (*recoveryCodesOutput, error) {
	set, err := s.Factors.RecoveryCodes(ctx, CallerFrom(ctx).User.ID)
	return &recoveryCodesOutput{Body: RecoveryCodesView(set)}, err
}

type newRecoveryCodesOutput struct {
	CacheControl string `header:"Cache-Control"`
	Body         struct {
		Codes []string `json:"codes" doc:"As abcde-fghjk. They are not shown again."`
	}
}

func (s Security) makeRecoveryCodes(ctx context.Context, _ *struct{}) (*newRecoveryCodesOutput, error) {
	caller, err := s.confirmedCaller(ctx)
	if err != nil {
		return nil, err
	}
	codes, err := s.Factors.NewRecoveryCodes(ctx, caller.User)
	if err != nil {
		return nil, err
	}
	out := &newRecoveryCodesOutput{CacheControl: "no-store"}
	out.Body.Codes = codes
	return out, nil
}

// confirmedCaller returns a caller who may make sensitive changes now.
func (s Security) confirmedCaller(ctx context.Context) (Caller, error) {
	caller, err := localCaller(ctx)
	if err != nil {
		return Caller{}, err
	}
	return caller, s.Sessions.RequireConfirmed(caller.User, caller.Session)
}

type passwordInput struct {
	Body struct {
		Password string `json:"password" minLength:"1" doc:"At most 72 bytes."`
	}
}

func (s Security) setPassword(ctx context.Context, in *passwordInput) (*struct{}, error) {
	_, err := s.update(ctx, session.Update{Password: &in.Body.Password})
	return nil, err
}

type emailChangeInput struct {
	Body struct {
		Email      string `json:"email" minLength:"1" maxLength:"254"`
		RedirectTo string `json:"redirect_to,omitempty" maxLength:"2048" doc:"Where the mails' links lead; our own site unless it is allowed."`
	}
}

// EmailView is a sign-in address, and the one that waits to take its place.
type EmailView struct {
	Email    string `json:"email"`
	NewEmail string `json:"new_email" doc:"Waits for its mails; empty when none does."`
}

type emailOutput struct{ Body EmailView }

func (s Security) changeEmail(ctx context.Context, in *emailChangeInput) (*emailOutput, error) {
	user, err := s.update(ctx, session.Update{Email: &in.Body.Email, Flow: session.Flow{RedirectTo: in.Body.RedirectTo}})
	return &emailOutput{Body: EmailView{Email: user.Email, NewEmail: user.NewEmail}}, err
}

// update changes the account as PUT /auth/v1/user does, under the same rules.
func (s Security) update(ctx context.Context, u session.Update) (identity.User, error) {
	caller, err := localCaller(ctx)
	if err != nil {
		return identity.User{}, err
	}
	return s.Sessions.UpdateUser(ctx, caller.User, caller.Session, u)
}
