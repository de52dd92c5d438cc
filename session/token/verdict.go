package token

import (
	"context"
	"fmt"
	"time"

	"tessera/fault"
)

// Verdict says of a token what it claims and which checks it passed.
type Verdict struct {
	Valid  bool
	Checks []Check
	// Claims is what the token says, believed or not; nil when it cannot be read.
	Claims *Claims
	// At is the time by our clock at which the checks were made.
	At time.Time
}

// Check is one thing that a valid token must show.
type Check struct {
	Name   string // format, issuer, key, signature, expiry, audience
	OK     bool
	Detail string // for a person, in English; names no secret
}

// Inspect makes the checks that [Verifier.Verify] makes, with the same
// functions, and goes on after a failure where the next check has a meaning.
// Nothing is cached or stored.
func (v *Verifier) Inspect(ctx context.Context, raw string) Verdict {
	verdict := Verdict{At: v.cfg.Now()}
	c, err := v.parse(raw)
	if !verdict.add("format", err, "three parts of base64url with JSON inside") {
		verdict.skip("issuer", "key", "signature", "expiry", "audience")
		return verdict
	}
	from, err := v.issuerOf(c)
	if verdict.add("issuer", err, "trusted: "+c.claims.Issuer) {
		v.inspectKey(ctx, &verdict, c, from)
	} else {
		verdict.skip("key", "signature")
	}
	verdict.add("expiry", v.checkTimes(c), "within its time")
	if from == nil {
		verdict.skip("audience")
	} else {
		err := c.checkAudience(from)
		if err == nil {
			err = c.checkSubject(from)
		}
		verdict.add("audience", err, "issued for this server")
	}
	claims := c.claims.claims(c.alg, c.kid, from != nil && from.own != nil)
	verdict.Claims = &claims
	verdict.Valid = true
	for _, check := range verdict.Checks {
		verdict.Valid = verdict.Valid && check.OK
	}
	return verdict
}

func (v *Verifier) inspectKey(ctx context.Context, verdict *Verdict, c *candidate, from *issuer) {
	key, err := from.key(ctx, c.alg, c.kid)
	if !verdict.add("key", err, keyDetail(c, from)) {
		verdict.skip("signature")
		return
	}
	verdict.add("signature", c.checkSignature(key), c.alg+" signature matches")
}

func keyDetail(c *candidate, from *issuer) string {
	switch {
	case c.alg == HS256 && c.kid == apiKeyID && from.own != nil:
		return "this server's API key"
	case c.alg == HS256:
		return "the secret shared with the issuer"
	case c.kid == "":
		return "no kid; the issuer's only " + c.alg + " key"
	}
	return fmt.Sprintf("kid %s is an %s key of the issuer", c.kid, c.alg)
}

// add notes a check and reports whether it passed.
func (v *Verdict) add(name string, err error, detail string) bool {
	if err != nil {
		f := fault.From(err)
		detail = f.Message
		if text := Explain(err); text != "" {
			detail += " (" + text + ")"
		}
	}
	v.Checks = append(v.Checks, Check{Name: name, OK: err == nil, Detail: detail})
	return err == nil
}

func (v *Verdict) skip(names ...string) {
	for _, name := range names {
		v.Checks = append(v.Checks, Check{Name: name, Detail: "not checked: an earlier check failed"})
	}
}
