package identity

import (
	"fmt"
	"net"
	"net/url"
	"slices"
	"strings"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"
)

// PasskeyConfig is what an operator decides about passkeys.
type PasskeyConfig struct {
	Enabled bool `doc:"Allow passkeys, where the relying party id is valid: an IP address is none." default:"true"`
	// RPID cannot be changed later: passkeys belong to it.
	RPID        string   `name:"rp_id" doc:"The domain that passkeys belong to, as example.com. Empty: the host of site.external_url. Passkeys made under another one no longer work."`
	RPOrigins   []string `name:"rp_origins" doc:"Origins whose pages may use them, below that domain. Empty: site.external_url."`
	DisplayName string   `name:"display_name" doc:"What authenticators show. Empty: the site's name."`
}

// Check implements the rules of this section.
func (c *PasskeyConfig) Check(report func(field, message string)) {
	if c.RPID != "" {
		if err := protocol.ValidateRPID(c.RPID); err != nil {
			report("rp_id", "must be a domain, as example.com: "+err.Error())
		}
	}
	for _, origin := range c.RPOrigins {
		if u, err := url.Parse(origin); err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.Path != "" {
			report("rp_origins", "must be origins, as https://app.example.com")
		} else if c.RPID != "" && !isBelow(u.Hostname(), c.RPID) {
			report("rp_origins", fmt.Sprintf("%s is not below %s", origin, c.RPID))
		}
	}
}

// isBelow reports whether a host may use the passkeys of a relying party id
// (WebAuthn Level 3, 5.1.3: the id is the host's domain or above it).
func isBelow(host, id string) bool { return host == id || strings.HasSuffix(host, "."+id) }

// relyingParty makes the WebAuthn side of a site at external. off says why
// there is none, for people.
func relyingParty(c PasskeyConfig, siteName string, external *url.URL) (rp *webauthn.WebAuthn, off string, err error) {
	if !c.Enabled {
		return nil, "auth.passkeys.enabled is off", nil
	}
	id, origins := c.RPID, slices.Clone(c.RPOrigins)
	if id == "" {
		id = external.Hostname()
		if net.ParseIP(id) != nil {
			return nil, fmt.Sprintf("the site's address is %s, and passkeys belong to a domain: open it by a name (localhost will do), or set auth.passkeys.rp_id", id), nil
		}
		if err := protocol.ValidateRPID(id); err != nil {
			return nil, fmt.Sprintf("%s is no domain that passkeys can belong to: %v", id, err), nil
		}
	}
	if len(origins) == 0 {
		origins = []string{external.Scheme + "://" + external.Host}
	}
	for _, origin := range origins {
		u, err := url.Parse(origin)
		if err != nil || !isBelow(u.Hostname(), id) {
			return nil, "", fmt.Errorf("auth.passkeys: pages at %s cannot use passkeys of %s; set rp_origins, or another rp_id", origin, id)
		}
	}
	name := c.DisplayName
	if name == "" {
		name = siteName
	}
	rp, err = webauthn.New(&webauthn.Config{
		RPID: id, RPDisplayName: name, RPOrigins: origins,
		AttestationPreference: protocol.PreferNoAttestation,
		AuthenticatorSelection: protocol.AuthenticatorSelection{
			RequireResidentKey: protocol.ResidentKeyRequired(), ResidentKey: protocol.ResidentKeyRequirementRequired,
			UserVerification: protocol.VerificationPreferred,
		},
		Timeouts: webauthn.TimeoutsConfig{
			Login:        webauthn.TimeoutConfig{Timeout: ceremonyLife, TimeoutUVD: ceremonyLife},
			Registration: webauthn.TimeoutConfig{Timeout: ceremonyLife, TimeoutUVD: ceremonyLife},
		},
		// We ask for no extension and read none; password managers answer some
		// unasked.
		ExtensionsUnsolicitedOutputPolicy: protocol.UnsolicitedOutputPolicyIgnore,
	})
	return rp, "", err
}
