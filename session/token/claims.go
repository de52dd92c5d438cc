package token

import (
	"encoding/json"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// Roles that tokens carry, in GoTrue's words.
const (
	RoleAuthenticated = "authenticated" // a signed-in user, anonymous ones too
	RoleAnon          = "anon"          // the public API key
	RoleServiceRole   = "service_role"  // the administrative API key
)

// Audience is the audience of our users' tokens, and a Supabase project's.
const Audience = "authenticated"

// Claims is what a verified token says. A value may be shared between requests:
// read its maps and slices, never write to them.
type Claims struct {
	Issuer    string
	Subject   string // the user's id at the issuer; "" for an API key
	Audience  []string
	ExpiresAt time.Time
	IssuedAt  time.Time
	Email     string
	Phone     string
	Role      string
	AAL       string   // authenticator assurance level: aal1, aal2
	AMR       []Method // newest first
	SessionID string
	// IsAnonymous tells a user who gave no address and no password.
	IsAnonymous  bool
	AppMetadata  map[string]any
	UserMetadata map[string]any

	KeyID string // kid of the header
	Alg   string
	// Own tells that this server issued the token. What Role may do follows
	// from it only when Own is true: see [Claims.IsServiceRole].
	Own bool
}

// Method is one way in which the user proved who they are (RFC 8176, with
// GoTrue's time).
type Method struct {
	Method string
	At     time.Time
}

// IsServiceRole reports whether the bearer holds this server's own
// administrative API key. Another issuer's service_role is nobody here.
func (c Claims) IsServiceRole() bool { return c.Own && c.Role == RoleServiceRole }

// IsAPIKey reports whether the token is one of this server's API keys.
func (c Claims) IsAPIKey() bool {
	return c.Own && c.Subject == "" && (c.Role == RoleAnon || c.Role == RoleServiceRole)
}

// signedClaims is an access token's body, its members in GoTrue's order.
type signedClaims struct {
	Issuer       string         `json:"iss"`
	Subject      string         `json:"sub"`
	Audience     any            `json:"aud"` // one audience is a plain string
	ExpiresAt    int64          `json:"exp"`
	IssuedAt     int64          `json:"iat"`
	Email        string         `json:"email"`
	Phone        string         `json:"phone"`
	AppMetadata  map[string]any `json:"app_metadata"`
	UserMetadata map[string]any `json:"user_metadata"`
	Role         string         `json:"role"`
	AAL          string         `json:"aal,omitempty"`
	AMR          []signedMethod `json:"amr,omitempty"`
	SessionID    string         `json:"session_id,omitempty"`
	IsAnonymous  bool           `json:"is_anonymous"`

	jwt.Claims `json:"-"` // nil: only the method set that signing asks for
}

type signedMethod struct {
	Method    string `json:"method"`
	Timestamp int64  `json:"timestamp"`
}

// toSign returns the body for c.
func toSign(c Claims) signedClaims {
	s := signedClaims{
		Issuer: c.Issuer, Subject: c.Subject, Audience: any(c.Audience),
		ExpiresAt: c.ExpiresAt.Unix(), IssuedAt: c.IssuedAt.Unix(),
		Email: c.Email, Phone: c.Phone, AppMetadata: c.AppMetadata, UserMetadata: c.UserMetadata,
		Role: c.Role, AAL: c.AAL, SessionID: c.SessionID, IsAnonymous: c.IsAnonymous,
	}
	if len(c.Audience) == 1 {
		s.Audience = c.Audience[0]
	}
	if s.AppMetadata == nil {
		s.AppMetadata = map[string]any{}
	}
	if s.UserMetadata == nil {
		s.UserMetadata = map[string]any{}
	}
	for _, m := range c.AMR {
		s.AMR = append(s.AMR, signedMethod{m.Method, m.At.Unix()})
	}
	return s
}

// readClaims is a token's body as it comes in. The members that we only show
// are read leniently: an issuer that is not Supabase may use their names for
// something else.
type readClaims struct {
	jwt.RegisteredClaims
	Email        text           `json:"email"`
	Phone        text           `json:"phone"`
	AppMetadata  map[string]any `json:"app_metadata"`
	UserMetadata map[string]any `json:"user_metadata"`
	Role         text           `json:"role"`
	AAL          text           `json:"aal"`
	AMR          methods        `json:"amr"`
	SessionID    text           `json:"session_id"`
	IsAnonymous  flag           `json:"is_anonymous"`
}

// claims returns what was read, for a token with this header.
func (r *readClaims) claims(alg, kid string, own bool) Claims {
	c := Claims{
		Issuer: r.Issuer, Subject: r.Subject, Audience: r.Audience,
		Email: string(r.Email), Phone: string(r.Phone), Role: string(r.Role), AAL: string(r.AAL),
		AMR: r.AMR, SessionID: string(r.SessionID), IsAnonymous: bool(r.IsAnonymous),
		AppMetadata: r.AppMetadata, UserMetadata: r.UserMetadata,
		KeyID: kid, Alg: alg, Own: own,
	}
	if r.ExpiresAt != nil {
		c.ExpiresAt = r.ExpiresAt.UTC()
	}
	if r.IssuedAt != nil {
		c.IssuedAt = r.IssuedAt.UTC()
	}
	return c
}

// text is a JSON string; any other value reads as "".
type text string

// UnmarshalJSON implements json.Unmarshaler.
func (t *text) UnmarshalJSON(data []byte) error {
	var s string
	if json.Unmarshal(data, &s) == nil {
		*t = text(s)
	}
	return nil
}

// flag is a JSON true; any other value reads as false.
type flag bool

// UnmarshalJSON implements json.Unmarshaler.
func (f *flag) UnmarshalJSON(data []byte) error {
	*f = string(data) == "true"
	return nil
}

// methods reads amr in GoTrue's form, objects with a time, and in that of
// RFC 8176, plain strings. What is neither is left out.
type methods []Method

// UnmarshalJSON implements json.Unmarshaler.
func (m *methods) UnmarshalJSON(data []byte) error {
	var items []json.RawMessage
	_ = json.Unmarshal(data, &items) // not a list: no methods
	for _, item := range items {
		var name string
		if json.Unmarshal(item, &name) == nil {
			*m = append(*m, Method{Method: name})
			continue
		}
		var object signedMethod
		if json.Unmarshal(item, &object) == nil && object.Method != "" {
			*m = append(*m, Method{Method: object.Method, At: time.Unix(object.Timestamp, 0).UTC()})
		}
	}
	return nil
}
