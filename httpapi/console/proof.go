package console

import (
	"tessera/fault"
	"tessera/session"
)

// proof is the one proof of a body. Fault: fault.ErrValidation.
func (b AccessProof) proof() (session.Proof, error) {
	given := 0
	for _, one := range []bool{b.Password != "", b.Code != "", b.EmailCode != ""} {
		if one {
			given++
		}
	}
	if given != 1 {
		return session.Proof{}, fault.ErrValidation.Saying("Send exactly one of password, code and email_code.").
			On("body", "needs exactly one of password, code and email_code")
	}
	return session.Proof{Password: b.Password, Code: b.Code, EmailCode: b.EmailCode}, nil
}
