package console

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/mileusna/useragent"

	"tessera/session"
)

// SessionView is one sign-in of the account on one device.
type SessionView struct {
	ID          string    `json:"id" format:"uuid"`
	IsCurrent   bool      `json:"is_current" doc:"The session that asks."`
	CreatedAt   time.Time `json:"created_at"`
	RefreshedAt time.Time `json:"refreshed_at" doc:"When it was last renewed: at most an access token's life before its last use."`
	UserAgent   string    `json:"user_agent" doc:"As the client stated it."`
	Browser     string    `json:"browser" doc:"Read from it; empty when unknown."`
	OS          string    `json:"os" doc:"Read from it; empty when unknown."`
	IP          string    `json:"ip" doc:"Where it was signed in from."`
	AAL         string    `json:"aal" enum:"aal1,aal2" doc:"aal2: the second factor was shown."`
	Methods     []string  `json:"methods" doc:"How the person signed in, newest first: password, otp, oauth, totp, recovery_code, passkey, mfa, anonymous."`
}

type sessionsOutput struct {
	Body struct {
		Sessions []SessionView `json:"sessions"`
	}
}

func (s Security) listSessions(ctx context.Context, _ *struct{}) (*sessionsOutput, error) {
	caller, err := localCaller(ctx)
	if err != nil {
		return nil, err
	}
	all, err := s.Sessions.List(ctx, caller.User)
	if err != nil {
		return nil, err
	}
	out := &sessionsOutput{}
	out.Body.Sessions = make([]SessionView, len(all))
	for i, one := range all {
		out.Body.Sessions[i] = viewSession(one, caller.Session.ID)
	}
	return out, nil
}

func viewSession(one session.Session, current uuid.UUID) SessionView {
	agent := useragent.Parse(one.UserAgent)
	view := SessionView{
		ID: one.ID.String(), IsCurrent: one.ID == current, CreatedAt: one.CreatedAt, RefreshedAt: one.RefreshedAt,
		UserAgent: one.UserAgent, Browser: agent.Name, OS: agent.OS, IP: one.IP, AAL: one.AAL, Methods: []string{},
	}
	for _, m := range one.AMR {
		view.Methods = append(view.Methods, m.Method)
	}
	return view
}

type sessionIDInput struct {
	ID string `path:"id" format:"uuid"`
}

func (s Security) endSession(ctx context.Context, in *sessionIDInput) (*struct{}, error) {
	caller, err := localCaller(ctx)
	if err != nil {
		return nil, err
	}
	id, err := uuid.Parse(in.ID)
	if err != nil {
		return nil, session.ErrSessionUnknown.On("id", "is not a UUID")
	}
	return nil, s.Sessions.End(ctx, caller.User, id)
}

func (s Security) endOtherSessions(ctx context.Context, _ *struct{}) (*struct{}, error) {
	caller, err := localCaller(ctx)
	if err != nil {
		return nil, err
	}
	return nil, s.Sessions.SignOut(ctx, caller.User, caller.Session, session.ScopeOthers)
}
