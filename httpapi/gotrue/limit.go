package gotrue

import (
	"context"
	"net/http"

	"tessera/httpapi"
	"tessera/identity"
)

// RateLimits say how often one client address, and one account, may ask.
type RateLimits struct {
	Signup         httpapi.Rate `name:"signup" doc:"Sign-ups from one address." default:"30/5m"`
	Anonymous      httpapi.Rate `name:"anonymous" doc:"Anonymous sign-ins from one address." default:"30/1h"`
	Password       httpapi.Rate `name:"password" doc:"Password sign-ins from one address." default:"60/5m"`
	PasswordByUser httpapi.Rate `name:"password_account" doc:"Password sign-ins to one account." default:"20/5m"`
	Token          httpapi.Rate `name:"token" doc:"Refreshes and code exchanges from one address." default:"300/5m"`
	Mail           httpapi.Rate `name:"mail" doc:"Requests that send a mail, from one address." default:"30/5m"`
	Verify         httpapi.Rate `name:"verify" doc:"Links and codes tried from one address." default:"30/5m"`
	VerifyByUser   httpapi.Rate `name:"verify_account" doc:"Codes tried for one account." default:"15/5m"`
	Factor         httpapi.Rate `name:"factor" doc:"Second factors tried, from one address and for one account." default:"15/1m"`
	Authorize      httpapi.Rate `name:"authorize" doc:"Sign-ins begun at providers from one address." default:"60/5m"`
	Passkey        httpapi.Rate `name:"passkey" doc:"Passkey sign-ins begun, and answered, from one address." default:"60/5m"`
	UserUpdate     httpapi.Rate `name:"user_update" doc:"Changes to accounts from one address." default:"60/5m"`
}

func (r RateLimits) signup() httpapi.Limit { return httpapi.Limit{Name: "signup", Address: r.Signup} }

func (r RateLimits) anonymous() httpapi.Limit {
	return httpapi.Limit{Name: "anonymous", Address: r.Anonymous}
}
func (r RateLimits) token() httpapi.Limit { return httpapi.Limit{Name: "token", Address: r.Token} }
func (r RateLimits) mail() httpapi.Limit  { return httpapi.Limit{Name: "mail", Address: r.Mail} }
func (r RateLimits) update() httpapi.Limit {
	return httpapi.Limit{Name: "user_update", Address: r.UserUpdate}
}

func (r RateLimits) factor() httpapi.Limit {
	return httpapi.Limit{Name: "factor", Address: r.Factor, Account: r.Factor}
}

func (r RateLimits) passkey() httpapi.Limit {
	return httpapi.Limit{Name: "passkey", Address: r.Passkey}
}

func (r RateLimits) authorize() httpapi.Limit {
	return httpapi.Limit{Name: "authorize", Address: r.Authorize}
}

// CheckPassword counts a try of the password of the account with an address,
// as it was typed: whatever door it is tried at, it is one allowance. Fault:
// httpapi.ErrRateLimited.
func (r RateLimits) CheckPassword(ctx context.Context, limits *httpapi.Limits, email string) error {
	account, err := identity.NormalizeEmail(email)
	if err != nil {
		account = email // not an address: nobody's, but limited all the same
	}
	return limits.Check(ctx, httpapi.Limit{Name: "password", Address: r.Password, Account: r.PasswordByUser}, account)
}

func (r RateLimits) verify() httpapi.Limit {
	return httpapi.Limit{Name: "verify", Address: r.Verify, Account: r.VerifyByUser}
}

// limited asks the address's allowance before h runs. Limits that look at the
// account too are asked in the handler, which knows it.
func (s *Surface) limited(limit httpapi.Limit, h httpapi.HandlerFunc) httpapi.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) error {
		if err := s.Limits.Check(r.Context(), limit, ""); err != nil {
			return err
		}
		return h(w, r)
	}
}
