package pendingauth

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/google/uuid"

	"tessera/identity"
)

// unbound is the browser of a flow that belongs to none: an SDK client asks for
// it from another origin, where no cookie of ours can be set.
var unbound = hashOf("")

// linkPurpose keeps the sealed offers apart from all else that is sealed.
const linkPurpose = "pendingauth.link"

// offer is an identity that a user gains when a code is exchanged.
type offer struct {
	SessionID uuid.UUID // the one that asked
	Identity  identity.Identity
}

// offerLink ends an SDK client's trip with a code, and binds nothing: this may
// be anybody's browser. Who was talked into finishing another's flow ends up
// with a code that only the other could exchange, and the other without it.
func (s *Service) offerLink(ctx context.Context, flow Flow, arrived identity.Identity, isKnown bool, out *Outcome) error {
	if isKnown {
		return identity.ErrIdentityTaken
	}
	user, err := s.asker(ctx, flow.UserID, flow.SessionID)
	if err != nil {
		return err
	}
	plain, err := json.Marshal(offer{SessionID: flow.SessionID, Identity: arrived})
	if err != nil {
		return err
	}
	out.AuthCode, err = s.Sessions.IssueLinkCode(ctx, user, flow.Challenge, s.Sealer.Seal(linkPurpose, plain))
	return err
}

// Link implements session.Linker: whoever exchanges the code holds the PKCE
// verifier, and so asked for the link. The session that asked must still live.
//
// Faults: ErrProofMissing, identity.ErrIdentityTaken.
func (s *Service) Link(ctx context.Context, user identity.User, sealed []byte) (identity.User, error) {
	plain, err := s.Sealer.Open(linkPurpose, sealed)
	if err != nil {
		return identity.User{}, fmt.Errorf("open link: %w", err)
	}
	var o offer
	if err := json.Unmarshal(plain, &o); err != nil {
		return identity.User{}, fmt.Errorf("read link: %w", err)
	}
	if _, err := s.asker(ctx, user.ID, o.SessionID); err != nil {
		return identity.User{}, err
	}
	o.Identity.Origin = identity.OriginBind
	user, isNew, err := s.Accounts.Bind(ctx, user.ID, o.Identity)
	if err == nil && isNew {
		err = s.grant(ctx, user, o.Identity.ProviderType, ReasonFirstBind)
	}
	return user, err
}

// asker is the user whose session asked, if it still lives.
func (s *Service) asker(ctx context.Context, userID, sessionID uuid.UUID) (identity.User, error) {
	asked, err := s.Sessions.Store.Session(ctx, sessionID)
	if err != nil {
		return identity.User{}, ErrProofMissing.Because(err)
	}
	if asked.UserID != userID {
		return identity.User{}, ErrProofMissing
	}
	return s.Accounts.User(ctx, userID)
}
