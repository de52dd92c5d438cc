package gotrue

import (
	"errors"
	"net/http"
	"net/url"

	"github.com/go-chi/chi/v5"

	"tessera/fault"
	"tessera/httpapi"
	"tessera/pendingauth"
	"tessera/provider"
	"tessera/session"
)

// errStateMissing is of a callback that no flow of ours led to.
var errStateMissing = fault.Declare(fault.Invalid, "gotrue.oauth_state_missing",
	"OAuth state parameter missing", "Start the sign-in again.")

// authorize answers GET /authorize?provider=: the browser of an SDK client
// sets out for a provider. It needs a PKCE challenge: an implicit flow would
// put tokens into a URL.
func (s *Surface) authorize(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	challenge, err := challengeOf(q)
	if err != nil {
		return s.redirectFailure(w, r, q.Get("redirect_to"), "invalid_request", err)
	}
	started, err := s.Pending.Begin(r.Context(), pendingauth.Start{
		Source: q.Get("provider"), Channel: q.Get("channel"), RedirectTo: q.Get("redirect_to"), Challenge: challenge,
		Browser: httpapi.ReadCookie(r, httpapi.BrowserCookie),
	})
	if errors.Is(err, provider.ErrUnknown) {
		return provider.ErrUnknown.Saying("Unsupported provider: Provider %.64s could not be found", q.Get("provider")).
			On("provider", "is not set up here")
	}
	if err != nil {
		return err
	}
	http.SetCookie(w, s.Cookies.Browser(started.Browser))
	w.Header().Set("Cache-Control", "no-store")
	http.Redirect(w, r, started.URL, http.StatusFound)
	return nil
}

// challengeOf is the PKCE challenge of a client that sets out. Fault:
// session.ErrChallengeInvalid, also where there is none.
func challengeOf(q url.Values) (session.Challenge, error) {
	challenge, err := session.ParseChallenge(q.Get("code_challenge"), q.Get("code_challenge_method"))
	if err == nil && challenge.IsZero() {
		err = session.ErrChallengeInvalid.
			Saying("This server signs in with PKCE only: create the client with flowType 'pkce'").
			On("code_challenge", "is missing")
	}
	return challenge, err
}

// callback answers GET and POST /callback/{provider}, where the providers send
// the browser back to. It always ends in a redirect: to where the flow began,
// or to our page where the person chooses. No token stands in any of them.
func (s *Surface) callback(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return httpapi.ErrBodyInvalid.Because(err)
	}
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Referrer-Policy", "no-referrer")
	if r.Form.Get("state") == "" {
		return s.redirectFailure(w, r, "", "invalid_request", errStateMissing)
	}
	out, err := s.Pending.Finish(r.Context(), pendingauth.Arrival{
		Source: chi.URLParam(r, "provider"), Query: r.Form, Browser: httpapi.ReadCookie(r, httpapi.BrowserCookie),
	})
	switch {
	case err != nil && out.RedirectTo == "":
		return s.redirectFailure(w, r, "", "invalid_request", err)
	case err != nil && !out.Challenge.IsZero():
		return s.redirectFailure(w, r, out.RedirectTo, "access_denied", err)
	case err != nil:
		return s.showOutcome(w, r, out, err)
	case out.Pending != "":
		http.SetCookie(w, s.Cookies.Pending(out.Pending))
		return s.showOutcome(w, r, out, nil)
	case out.AuthCode != "":
		http.Redirect(w, r, s.Sessions.Redirects.With(out.RedirectTo, "code", out.AuthCode), http.StatusFound)
	case out.Grant != nil:
		http.SetCookie(w, s.Cookies.Refresh(out.Grant.RefreshToken))
		http.Redirect(w, r, out.RedirectTo, http.StatusFound)
	default:
		http.Redirect(w, r, s.Sessions.Redirects.With(out.RedirectTo, "linked", out.Source), http.StatusFound)
	}
	return nil
}

// showOutcome goes to our page of the source, which shows the person's choice
// or what went wrong.
func (s *Surface) showOutcome(w http.ResponseWriter, r *http.Request, out pendingauth.Outcome, err error) error {
	values := url.Values{}
	if err != nil {
		f := fault.From(err)
		httpapi.Report(r.Context(), f)
		_, code := WireOf(f)
		if f.Kind != fault.Internal {
			code = f.Code
		}
		values = url.Values{"error": {code}, "request_id": {httpapi.RequestID(r.Context())}}
	}
	target := url.URL{Path: "/auth/" + url.PathEscape(out.Source) + "/callback", RawQuery: values.Encode()}
	http.Redirect(w, r, target.String(), http.StatusFound)
	return nil
}

// redirectFailure sends the browser of an SDK client on with an error, in
// query and fragment: client libraries look in either.
func (s *Surface) redirectFailure(w http.ResponseWriter, r *http.Request, wish, reason string, err error) error {
	f := fault.From(err)
	if f.Kind == fault.Internal {
		return err
	}
	httpapi.Report(r.Context(), f)
	_, code := WireOf(f)
	message := messageOf(f)
	values := url.Values{"error": {reason}, "error_code": {code}, "error_description": {message}}
	target := s.Sessions.Redirects.With(s.Sessions.Redirects.Resolve(wish),
		"error", reason, "error_code", code, "error_description", message)
	http.Redirect(w, r, target+"#"+values.Encode()+"&sb=", http.StatusSeeOther)
	return nil
}
