package gotrue

import (
	"errors"
	"mime"
	"net/http"
	"net/url"

	"tessera/fault"
	"tessera/httpapi"
	"tessera/identity"
	"tessera/session"
)

type verifyBody struct {
	Type      string `json:"type"`
	Token     string `json:"token"`
	TokenHash string `json:"token_hash"`
	Email     string `json:"email"`
	Phone     string `json:"phone"`
}

// verify answers POST /verify: JSON from client libraries, or the form of the
// page that showLink shows.
func (s *Surface) verify(w http.ResponseWriter, r *http.Request) error {
	if mediaType, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err == nil && mediaType == "application/x-www-form-urlencoded" {
		return s.followLink(w, r)
	}
	var body verifyBody
	if err := httpapi.DecodeLooseJSON(r, maxBody, &body); err != nil {
		return err
	}
	redemption, err := s.redemptionOf(r, body)
	if err != nil {
		return err
	}
	out, err := s.Sessions.Redeem(r.Context(), redemption)
	if err != nil {
		return err
	}
	if out.IsPending {
		return httpapi.WriteJSON(w, http.StatusOK, map[string]string{"msg": pendingMessage, "code": "200"})
	}
	return s.writeSession(w, r, *out.Grant)
}

// pendingMessage is what the first of two confirmations is answered.
const pendingMessage = "Confirmation link accepted. Please proceed to confirm link sent to the other email"

func (s *Surface) redemptionOf(r *http.Request, body verifyBody) (session.Redemption, error) {
	switch {
	case body.Type == "":
		return session.Redemption{}, invalid("type", "Verify requires a verification type")
	case body.Phone != "":
		return session.Redemption{}, errPhoneDisabled.On("phone", "is not supported")
	case body.TokenHash != "":
		return session.Redemption{Type: body.Type, Token: body.TokenHash}, nil
	case body.Token == "":
		return session.Redemption{}, invalid("token", "Verify requires a token or a token hash")
	case body.Email == "":
		return session.Redemption{}, invalid("email", "Only the token_hash and type should be provided, or a token with an email")
	}
	account, err := identity.NormalizeEmail(body.Email)
	if err != nil {
		return session.Redemption{}, err
	}
	if err := s.Limits.Check(r.Context(), httpapi.Limit{Name: "verify_code", Account: s.Rates.VerifyByUser}, account); err != nil {
		return session.Redemption{}, err
	}
	return session.Redemption{Type: body.Type, Email: body.Email, Code: body.Token}, nil
}

// showLink answers GET /verify, the link of a mail. It consumes nothing: mail
// scanners and previews follow links. A link that works gets a page with one
// button; one that does not goes where it wanted to go, with the error.
func (s *Surface) showLink(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	link := linkForm{Token: q.Get("token"), Type: q.Get("type"), RedirectTo: q.Get("redirect_to")}
	if link.Token == "" {
		link.Token = q.Get("token_hash")
	}
	_, err := s.Sessions.Redeem(r.Context(), session.Redemption{Type: link.Type, Token: link.Token, OnlyCheck: true})
	if err != nil {
		return s.redirectError(w, r, link.RedirectTo, err)
	}
	return renderLinkPage(w, r, link)
}

// followLink answers the page's button: the link is consumed, and the browser
// goes on with a code where the flow began with PKCE. No token of ours ever
// stands in a URL.
func (s *Surface) followLink(w http.ResponseWriter, r *http.Request) error {
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	if err := r.ParseForm(); err != nil {
		return httpapi.ErrBodyInvalid.Because(err)
	}
	out, err := s.Sessions.Redeem(r.Context(), session.Redemption{
		Type: r.PostForm.Get("type"), Token: r.PostForm.Get("token"), FromLink: true,
	})
	if err != nil {
		return s.redirectError(w, r, r.PostForm.Get("redirect_to"), err)
	}
	target := out.RedirectTo
	switch {
	case out.IsPending:
		target = s.Sessions.Redirects.With(target, "message", pendingMessage)
	case out.AuthCode != "":
		target = s.Sessions.Redirects.With(target, "code", out.AuthCode)
	}
	w.Header().Set("Referrer-Policy", "no-referrer")
	http.Redirect(w, r, target, http.StatusSeeOther)
	return nil
}

// redirectError sends the browser on with an error, in the fragment as GoTrue
// does, and in the query too for PKCE clients, which look there.
func (s *Surface) redirectError(w http.ResponseWriter, r *http.Request, wish string, err error) error {
	f := fault.From(err)
	if f.Kind == fault.Internal || f.Kind == fault.RateLimited {
		return err
	}
	httpapi.Report(r.Context(), f)
	_, code := WireOf(f)
	description := f.Message
	if errors.Is(f, session.ErrLinkInvalid) {
		description = "Email link is invalid or has expired"
	}
	values := url.Values{"error": {"access_denied"}, "error_code": {code}, "error_description": {description}}
	target := s.Sessions.Redirects.With(s.Sessions.Redirects.Resolve(wish),
		"error", "access_denied", "error_code", code, "error_description", description)
	http.Redirect(w, r, target+"#"+values.Encode()+"&sb=", http.StatusSeeOther)
	return nil
}
