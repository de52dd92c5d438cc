package console

import (
	"github.com/google/uuid"

	"tessera/fault"
	"tessera/identity"
	"tessera/session"
)

// proof is the one proof of a body. Fault: fault.ErrValidation.
func (b AccessProof) proof() (session.Proof, error) {
	given := 0
	for _, one := range []bool{b.Password != "", b.Code != "", b.EmailCode != "", b.Passkey != nil} {
		if one {
			given++
		}
	}
	if given != 1 {
		return session.Proof{}, fault.ErrValidation.Saying("Send exactly one of password, code, email_code and passkey.").
			On("body", "needs exactly one of password, code, email_code and passkey")
	}
	if b.Passkey != nil {
		id, err := uuid.Parse(b.Passkey.ChallengeID)
		if err != nil {
			return session.Proof{}, identity.ErrCeremonyGone.On("passkey.challenge_id", "is not a UUID")
		}
		return session.Proof{Passkey: &identity.Answer{ChallengeID: id, Credential: b.Passkey.Credential}}, nil
	}
	return session.Proof{Password: b.Password, Code: b.Code, EmailCode: b.EmailCode}, nil
}
