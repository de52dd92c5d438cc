package console

import (
	"context"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"

	"tessera/fault"
	"tessera/identity"
)

// AuditLine is one line of the audit log.
type AuditLine struct {
	ID         string         `json:"id" format:"uuid"`
	At         time.Time      `json:"at"`
	Action     string         `json:"action" example:"login"`
	ActorID    *string        `json:"actor_id" doc:"Who did it; null for an API key or nobody."`
	ActorEmail string         `json:"actor_email" doc:"The actor's address, or the API key's role, as it was then."`
	UserID     *string        `json:"user_id" doc:"Whom it happened to; null when nobody known."`
	IP         string         `json:"ip"`
	UserAgent  string         `json:"user_agent"`
	RequestID  string         `json:"request_id"`
	Detail     map[string]any `json:"detail"`
}

type auditInput struct {
	Limit  int    `query:"limit" minimum:"1" maximum:"200" default:"50" doc:"How many lines."`
	Before string `query:"before" maxLength:"36" doc:"Lines older than this one: the id of a line, or next of the page before."`
}

type auditOutput struct {
	Body struct {
		Data []AuditLine `json:"data"`
		Next *string     `json:"next" doc:"Give this as before to go on; null at the end."`
	}
}

// AuditReader reads the audit log; the store does.
type AuditReader interface {
	AuditEntries(ctx context.Context, before uuid.UUID, limit int) ([]identity.Entry, error)
}

// AddAudit adds the audit log.
func AddAudit(a *API, log AuditReader) {
	Register(a, Administrator, huma.Operation{
		OperationID: "list-audit", Method: "GET", Path: "/admin/audit", Tags: []string{"Administration"},
		Summary: "What happened to accounts, newest first",
	}, func(ctx context.Context, in *auditInput) (*auditOutput, error) {
		before, err := parseBefore(in.Before)
		if err != nil {
			return nil, err
		}
		entries, err := log.AuditEntries(ctx, before, in.Limit+1)
		if err != nil {
			return nil, err
		}
		return auditPage(entries, in.Limit), nil
	})
}

func parseBefore(text string) (uuid.UUID, error) {
	if text == "" {
		return uuid.Nil, nil
	}
	id, err := uuid.Parse(text)
	if err != nil {
		return uuid.Nil, fault.ErrValidation.On("query.before", "must be the id of a line")
	}
	return id, nil
}

// auditPage cuts the one line more that tells whether there is a next page.
func auditPage(entries []identity.Entry, limit int) *auditOutput {
	out := &auditOutput{}
	out.Body.Data = []AuditLine{}
	for i, e := range entries {
		if i == limit {
			last := out.Body.Data[limit-1].ID
			out.Body.Next = &last
			break
		}
		out.Body.Data = append(out.Body.Data, AuditLine{
			ID: e.ID.String(), At: e.At, Action: string(e.Action), ActorID: optionalID(e.ActorID), ActorEmail: e.ActorName,
			UserID: optionalID(e.UserID), IP: e.Origin.IP, UserAgent: e.Origin.UserAgent, RequestID: e.Origin.ID,
			Detail: orEmpty(e.Detail),
		})
	}
	return out
}

func optionalID(id uuid.UUID) *string {
	if id == uuid.Nil {
		return nil
	}
	s := id.String()
	return &s
}

func orEmpty(m map[string]any) map[string]any {
	if m == nil {
		return map[string]any{}
	}
	return m
}
