package pendingauth

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"net/url"
	"time"

	"github.com/google/uuid"

	"tessera/identity"
	"tessera/provider"
	"tessera/session"
)

// flowTTL bounds a trip to a provider.
const flowTTL = 10 * time.Minute

// Intent says what a flow is for.
type Intent string

// Intents of flows.
const (
	IntentLogin Intent = "login"
	IntentBind  Intent = "bind"
	IntentLink  Intent = "link" // bind, for an SDK client: done when its code is exchanged
)

// Flow is a browser on its way to a provider and back.
type Flow struct {
	ID             uuid.UUID
	StateHash      []byte
	BrowserHash    []byte
	Source         string // the provider's configured name
	Channel        string
	Intent         Intent
	UserID         uuid.UUID // bind: to whom
	SessionID      uuid.UUID // bind: from which session
	Nonce          string
	VerifierSealed []byte
	RedirectTo     string            // as checked
	Challenge      session.Challenge // of the SDK client that began it; zero for our own pages
	CreatedAt      time.Time
	ExpiresAt      time.Time
}

// Start is what a client asks for.
type Start struct {
	Source     string
	Channel    string
	RedirectTo string // checked here
	Challenge  session.Challenge
	// Bind, if set, is the account that the identity is to be bound to, and the
	// live session that proves it. With a Challenge it is an SDK client's: see
	// [Service.Link].
	Bind *Proof
	// Browser is the cookie's value, where the browser has one already.
	Browser string
}

// Proof is a live session, by which its holder's account is proven.
type Proof struct {
	User    identity.User
	Session session.Session
}

// Started is where the browser goes now, and the cookie that binds it.
type Started struct {
	URL     string
	Browser string
}

// Begin starts a flow. Faults: provider.ErrUnknown, provider.ErrUnreachable.
func (s *Service) Begin(ctx context.Context, start Start) (Started, error) {
	source, err := s.Sources.Lookup(start.Source)
	if err != nil {
		return Started{}, err
	}
	id, err := uuid.NewV7()
	if err != nil {
		return Started{}, err
	}
	browser := start.Browser
	if len(browser) != len(session.NewToken()) {
		browser = session.NewToken()
	}
	state, verifier := newState(), session.NewToken()
	now := s.Now()
	flow := Flow{
		ID: id, StateHash: hashOf(state), BrowserHash: hashOf(browser), Source: start.Source, Channel: start.Channel,
		Intent: IntentLogin, Nonce: session.NewToken(), VerifierSealed: s.Sealer.Seal(sealPurpose, []byte(verifier)),
		RedirectTo: s.Sessions.Redirects.Resolve(start.RedirectTo), Challenge: start.Challenge,
		CreatedAt: now, ExpiresAt: now.Add(flowTTL),
	}
	if start.Bind != nil {
		flow.Intent, flow.UserID, flow.SessionID = IntentBind, start.Bind.User.ID, start.Bind.Session.ID
	}
	if start.Bind != nil && !start.Challenge.IsZero() {
		flow.Intent, flow.BrowserHash, browser = IntentLink, unbound, ""
	}
	if err := s.Store.PutFlow(ctx, flow); err != nil {
		return Started{}, err
	}
	goTo, err := source.Provider.AuthURL(ctx, provider.Start{
		State: state, Nonce: flow.Nonce, Challenge: challengeOf(verifier), RedirectURI: s.RedirectURI(start.Source), Channel: start.Channel,
	})
	return Started{URL: goTo, Browser: browser}, err
}

// sealPurpose keeps the sealed verifiers apart from all else that is sealed.
const sealPurpose = "pendingauth.verifier"

// Outcome is how a trip to a provider ended.
type Outcome struct {
	Intent     Intent
	Source     string
	RedirectTo string
	Challenge  session.Challenge // zero for our own pages
	Grant      *session.Grant    // signed in, by our own pages
	AuthCode   string            // signed in, by an SDK client
	Pending    string            // the pending session's cookie: the person chooses
	IsBound    bool
}

// Arrival is a browser at our callback.
type Arrival struct {
	Source  string     // of the address that it came to
	Query   url.Values // what the provider sent along
	Browser string     // the cookie's value
}

// Finish takes up what the provider sent back. The flow is claimed before
// anything else, so a callback that is replayed finds nothing; an answer at
// another provider's address goes to no provider. The outcome is filled as far
// as the flow is known, with an error too: the browser is sent back to where it
// came from.
//
// Faults: ErrFlowUnknown, ErrMixedUp, those of provider.Provider, identity.ErrIdentityTaken,
// identity.ErrUserBanned.
func (s *Service) Finish(ctx context.Context, at Arrival) (Outcome, error) {
	flow, err := s.claim(ctx, at.Query.Get("state"), at.Browser)
	if err != nil {
		return Outcome{}, err
	}
	out := Outcome{Intent: flow.Intent, Source: flow.Source, RedirectTo: flow.RedirectTo, Challenge: flow.Challenge}
	if at.Source != flow.Source {
		s.observe(flow.Source, ErrMixedUp)
		return out, ErrMixedUp
	}
	source, err := s.Sources.Lookup(flow.Source)
	if err != nil {
		return out, err
	}
	verifier, err := s.Sealer.Open(sealPurpose, flow.VerifierSealed)
	if err != nil {
		return out, err
	}
	person, err := source.Provider.Exchange(ctx, provider.Return{
		Query: at.Query, Nonce: flow.Nonce, Verifier: string(verifier), RedirectURI: s.RedirectURI(flow.Source), Channel: flow.Channel,
	})
	if err != nil {
		s.observe(flow.Source, err)
		return out, err
	}
	err = s.InTx(ctx, func(ctx context.Context) error {
		attempt := out // the transaction may run again
		if err := s.arrive(ctx, flow, source, person, &attempt); err != nil {
			return err
		}
		out = attempt
		return nil
	})
	s.observe(flow.Source, err)
	return out, err
}

func (s *Service) claim(ctx context.Context, state, browser string) (Flow, error) {
	if state == "" {
		return Flow{}, ErrFlowUnknown
	}
	flow, err := s.Store.ClaimFlow(ctx, hashOf(state), hashOf(browser))
	if errors.Is(err, ErrFlowUnknown) {
		flow, err = s.Store.ClaimFlow(ctx, hashOf(state), unbound)
	}
	if err != nil {
		return Flow{}, err
	}
	if isUnbound := bytes.Equal(flow.BrowserHash, unbound); isUnbound != (flow.Intent == IntentLink) {
		return Flow{}, ErrFlowUnknown
	}
	if !s.Now().Before(flow.ExpiresAt) {
		return Flow{}, ErrFlowUnknown
	}
	return flow, nil
}

// arrive decides, in one transaction, what the person's coming means.
func (s *Service) arrive(ctx context.Context, flow Flow, source provider.Entry, person provider.Person, out *Outcome) error {
	arrived := identityOf(source, person)
	user, err := s.Accounts.Store.UserByIdentity(ctx, arrived.Key)
	isKnown := err == nil
	if err != nil && !errors.Is(err, identity.ErrUserNotFound) {
		return err
	}
	switch {
	case flow.Intent == IntentLink:
		return s.offerLink(ctx, flow, arrived, isKnown, out)
	case flow.Intent == IntentBind:
		return s.bindFromSession(ctx, flow, arrived, user, isKnown, out)
	case isKnown:
		return s.signIn(ctx, user, arrived, out)
	}
	out.Pending, err = s.open(ctx, flow, source, person)
	return err
}

// signIn signs a known person in: a session for our own pages, a code for an
// SDK client to exchange.
func (s *Service) signIn(ctx context.Context, user identity.User, arrived identity.Identity, out *Outcome) error {
	if err := s.Accounts.TouchIdentity(ctx, user, arrived); err != nil {
		return err
	}
	return s.admit(ctx, user, out.Challenge, &out.Grant, &out.AuthCode)
}

// admit lets a user in; also names what was shown beside the provider's word.
func (s *Service) admit(
	ctx context.Context, user identity.User, challenge session.Challenge, grant **session.Grant, code *string, also ...string,
) error {
	if !challenge.IsZero() {
		issued, err := s.Sessions.IssueCode(ctx, user, challenge, session.MethodOAuth)
		*code = issued
		return err
	}
	started, err := s.Sessions.Start(ctx, user, session.MethodOAuth, also...)
	*grant = &started
	return err
}

// bindFromSession binds to the account that began the flow, if the session it
// began from still lives.
func (s *Service) bindFromSession(ctx context.Context, flow Flow, arrived identity.Identity, owner identity.User, isKnown bool, out *Outcome) error {
	if isKnown && owner.ID != flow.UserID {
		return identity.ErrIdentityTaken
	}
	if _, err := s.Sessions.Store.Session(ctx, flow.SessionID); err != nil {
		return ErrProofMissing.Because(err)
	}
	arrived.Origin = identity.OriginBind
	user, isNew, err := s.Accounts.Bind(ctx, flow.UserID, arrived)
	if err != nil {
		return err
	}
	out.IsBound = true
	if isNew {
		return s.grant(ctx, user, arrived.ProviderType, ReasonFirstBind)
	}
	return nil
}

// identityOf is the identity that a person's coming stands for.
func identityOf(source provider.Entry, person provider.Person) identity.Identity {
	claims := identity.MergeMetadata(person.Claims, map[string]any{
		"sub": person.Subject, "name": person.Nickname, "avatar_url": person.AvatarURL, "email": person.Email,
	})
	i := identity.Identity{
		Key:   identity.Key{ProviderType: source.Type, ProviderKey: person.Key, ProviderSubject: person.Subject},
		Email: person.Email, Claims: claims, Origin: identity.OriginSignup,
	}
	for _, c := range person.Channels {
		i.Channels = append(i.Channels, identity.Channel(c))
	}
	return i
}

// newState returns a state in letters and digits only, as WeChat demands.
func newState() string { return rand.Text() + rand.Text() }

func hashOf(key string) []byte {
	sum := sha256.Sum256([]byte(key))
	return sum[:]
}

// challengeOf is the S256 challenge of a verifier (RFC 7636 4.2).
func challengeOf(verifier string) string {
	return base64.RawURLEncoding.EncodeToString(hashOf(verifier))
}
