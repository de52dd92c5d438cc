package provider_test

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"tessera/provider"
	"tessera/provider/google"
	"tessera/provider/providertest"
)

// attacksOnIDTokens are the faults of an id_token that nobody may get through
// with. Those of the catalogue that are missing here are told apart below.
var attacksOnIDTokens = []string{
	"alg_none", "alg_none_signed", "alg_none_case",
	"hs256_public_key_pem", "hs256_public_key_der", "hs256_public_jwk", "hs256_client_secret", "jwks_symmetric",
	"alg_mismatch", "signature_wrong", "signature_missing", "claims_changed", "key_other", "duplicate_header", "json_form",
	"kid_unknown", "kid_path", "kid_sql", "kid_number", "jku", "x5u", "jwk", "crit", "typ_access_token",
	"jwks_for_encryption", "jwks_other_alg", "jwks_empty", "jwks_without_kid",
	"iss_wrong", "iss_slash", "iss_missing",
	"aud_wrong", "aud_missing", "aud_many", "azp_wrong",
	"nonce_wrong", "nonce_missing", "nonce_case",
	"expired", "exp_missing", "exp_text", "iat_old", "iat_future", "iat_missing", "nbf_future",
	"at_hash_wrong", "c_hash_wrong", "sub_missing", "sub_number", "sub_long", "id_token_missing",
	"userinfo_sub_wrong", "callback_iss_wrong", "callback_iss_missing", "discovery_other_issuer", "discovery_plain_http", "discovery_weak_algs",
}

func TestAttackIDToken(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"oidc", "google"} {
		for _, alg := range []string{"ES256", "RS256", "EdDSA"} {
			t.Run(name+"/"+alg, func(t *testing.T) {
				t.Parallel()
				clock := &clock{}
				r := newRig(t, name, func(o *providertest.Options) { o.Alg, o.Now = alg, clock.now })
				r.now = clock.now
				for _, attack := range attacksOnIDTokens {
					t.Run(attack, func(t *testing.T) { attackIDToken(t, r, clock, attack) })
				}
				if slices.Contains(r.sim.Seen(), "GET /attacker/jwks") {
					t.Error("a token chose where its key was fetched")
				}
			})
		}
	}
}

func attackIDToken(t *testing.T, r *rig, clock *clock, attack string) {
	r.misbehave(t, providertest.Faults{Names: []string{attack}})
	f := r.flow()
	if person, err := f.SignIn(t.Context(), r.adapter, providertest.Choice{}); !errors.Is(err, provider.ErrUntrusted) {
		t.Errorf("got %+v, %v", person, err)
	}
	// That nothing else was wrong: it goes well as soon as the attack is over
	// and what it left in the caches is too old.
	r.misbehave(t, providertest.Faults{})
	clock.add(25 * time.Hour)
	if _, err := r.signIn(t, providertest.Choice{}); err != nil {
		t.Errorf("without the attack: %v", err)
	}
	clock.add(25 * time.Hour)
}

// Every fault of the catalogue that spoils a signed answer is an attack above,
// or is named here with the reason why not.
func TestAttackIDTokenTableIsWhole(t *testing.T) {
	t.Parallel()
	elsewhere := map[string]string{
		"token_type_other": "an honest provider of another kind: the contract's refusals",
		"iss_bare":         "Google's documented second spelling; refused from any other issuer: TestAttackIssuerSpelling",
	}
	for _, ill := range providertest.Catalogue {
		ofIssuers := slices.Contains(ill.Kinds, providertest.OIDC) || slices.Contains(ill.Kinds, providertest.Google)
		if ofIssuers && !slices.Contains(attacksOnIDTokens, ill.Name) && elsewhere[ill.Name] == "" {
			t.Errorf("%s is in no attack test", ill.Name)
		}
	}
}

// With a discovery document that cannot be trusted nobody is even sent away.
func TestAttackDiscovery(t *testing.T) {
	t.Parallel()
	for _, attack := range []string{"discovery_other_issuer", "discovery_plain_http", "discovery_weak_algs"} {
		t.Run(attack, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, "oidc")
			r.misbehave(t, providertest.Faults{Names: []string{attack}})
			if address, err := r.adapter.AuthURL(t.Context(), r.flow().Start); !errors.Is(err, provider.ErrUntrusted) {
				t.Errorf("sent to %q, %v", address, err)
			}
		})
	}
}

func TestAttackIssuerSpelling(t *testing.T) {
	t.Parallel()
	bare := providertest.Faults{Names: []string{"iss_bare"}}
	t.Run("google", func(t *testing.T) {
		t.Parallel()
		r := newRig(t, "google")
		r.misbehave(t, bare)
		p, err := r.signIn(t, providertest.Choice{})
		if err != nil || p.Key != r.sim.URL() {
			t.Errorf("Google's second spelling: %+v, %v", p, err)
		}
	})
	t.Run("another issuer", func(t *testing.T) {
		t.Parallel()
		r := newRig(t, "oidc")
		r.misbehave(t, bare)
		if _, err := r.signIn(t, providertest.Choice{}); !errors.Is(err, provider.ErrUntrusted) {
			t.Errorf("got %v", err)
		}
	})
}

// An account of another domain must not come in by taking hd out of the URL.
func TestAttackGoogleDomain(t *testing.T) {
	t.Parallel()
	r := newRig(t, "google")
	p, err := google.New(google.Config{Issuer: r.sim.URL(), ClientID: clientID, ClientSecret: secret, HostedDomain: "corp.example"}, provider.Runtime{Now: time.Now, Transport: r.transport})
	if err != nil {
		t.Fatal(err)
	}
	address, err := p.AuthURL(t.Context(), r.flow().Start)
	if err != nil || !strings.Contains(address, "hd=corp.example") {
		t.Errorf("%s, %v", address, err)
	}
	if _, err := r.flow().SignIn(t.Context(), p, providertest.Choice{}); !errors.Is(err, google.ErrOtherDomain) {
		t.Errorf("got %v", err)
	}
}

// The code of one issuer is brought to another: it must not even be sent there.
func TestAttackMixUp(t *testing.T) {
	t.Parallel()
	silent := func(o *providertest.Options) { o.SilentIss = true }
	for name, c := range map[string]struct{ started, came []func(*providertest.Options) }{
		"both announce iss":                   {},
		"the attacker's issuer announces not": {started: []func(*providertest.Options){silent}},
		"the honest issuer sends none":        {came: []func(*providertest.Options){silent}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			attacker, honest := newRig(t, "oidc", c.started...), newRig(t, "oidc", c.came...)
			f := attacker.flow()
			// The attacker's issuer sends the browser on to the honest one, with
			// state and challenge of the flow that was started at the attacker's.
			callback, err := f.Callback(t.Context(), honest.adapter, providertest.Choice{})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := attacker.adapter.Exchange(t.Context(), f.Return(callback)); !errors.Is(err, provider.ErrUntrusted) {
				t.Errorf("got %v", err)
			}
			if slices.Contains(attacker.sim.Seen(), "POST /token") {
				t.Error("the honest issuer's code was sent to the attacker's")
			}
		})
	}
}

// A provider that sends no iss today must not be taken for another when an
// answer has one.
func TestAttackForeignIss(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"github", "linuxdo"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, name)
			back := r.returned(t, r.flow(), providertest.Choice{})
			back.Query.Set("iss", "https://attacker.example.com")
			if _, err := r.adapter.Exchange(t.Context(), back); !errors.Is(err, provider.ErrUntrusted) || len(r.tokenCalls()) != 0 {
				t.Errorf("got %v, %q", err, r.tokenCalls())
			}
			own := r.sim.URL()
			if name == "github" {
				own += "/login/oauth"
			}
			back.Query.Set("iss", own)
			if _, err := r.adapter.Exchange(t.Context(), back); err != nil {
				t.Errorf("its own iss: %v", err)
			}
		})
	}
}

// An issuer passes on an id_token that another issuer made for the same client
// id, nonce and code.
func TestAttackForeignIDToken(t *testing.T) {
	t.Parallel()
	ours, other := newRig(t, "oidc"), newRig(t, "oidc")
	f := ours.flow()
	callback, err := f.Callback(t.Context(), other.adapter, providertest.Choice{})
	if err != nil {
		t.Fatal(err)
	}
	target, err := url.Parse(other.sim.URL())
	if err != nil {
		t.Fatal(err)
	}
	ours.transport.put(func(r *http.Request, through http.RoundTripper) (*http.Response, error) {
		if r.URL.Path == "/token" || r.URL.Path == "/userinfo" {
			r = r.Clone(r.Context())
			r.URL.Host, r.Host = target.Host, target.Host
		}
		return through.RoundTrip(r)
	})
	query := callback.Query()
	query.Set("iss", ours.sim.URL())
	back := f.Return(callback)
	back.Query = query
	if _, err := ours.adapter.Exchange(t.Context(), back); !errors.Is(err, provider.ErrUntrusted) {
		t.Errorf("got %v", err)
	}
	if !slices.Contains(other.sim.Seen(), "POST /token") {
		t.Error("the test did not bring the other issuer's token")
	}
}

// The token answer of an earlier flow is brought again.
func TestAttackNonceReplay(t *testing.T) {
	t.Parallel()
	r := newRig(t, "oidc")
	var recorded []byte
	r.transport.put(func(req *http.Request, through http.RoundTripper) (*http.Response, error) {
		res, err := through.RoundTrip(req)
		if err != nil || req.URL.Path != "/token" {
			return res, err
		}
		body, err := io.ReadAll(res.Body)
		if err != nil {
			return nil, err
		}
		_ = res.Body.Close()
		if recorded == nil {
			recorded = body
		}
		res.Body, res.ContentLength = io.NopCloser(bytes.NewReader(recorded)), int64(len(recorded))
		return res, nil
	})
	if _, err := r.signIn(t, providertest.Choice{}); err != nil {
		t.Fatalf("the first time: %v", err)
	}
	if _, err := r.signIn(t, providertest.Choice{}); !errors.Is(err, provider.ErrUntrusted) {
		t.Errorf("the second time: %v", err)
	}
}

// An attacker's code is put into a victim's flow.
func TestAttackCodeInjection(t *testing.T) {
	t.Parallel()
	inject := func(t *testing.T, r *rig) error {
		attackers := r.returned(t, r.flow(), providertest.Choice{Person: "1002"})
		victims := r.returned(t, r.flow(), providertest.Choice{Person: "1001"})
		victims.Query.Set("code", attackers.Query.Get("code"))
		_, err := r.adapter.Exchange(t.Context(), victims)
		return err
	}
	for _, name := range []string{"oidc", "google", "github", "linuxdo"} {
		t.Run(name+"/PKCE holds", func(t *testing.T) {
			t.Parallel()
			if err := inject(t, newRig(t, name)); !errors.Is(err, provider.ErrRefused) {
				t.Errorf("got %v", err)
			}
		})
	}
	for _, name := range []string{"oidc", "google"} {
		t.Run(name+"/the nonce holds where PKCE is not checked", func(t *testing.T) {
			t.Parallel()
			r := newRig(t, name)
			r.misbehave(t, providertest.Faults{Names: []string{"pkce_ignored"}})
			if err := inject(t, r); !errors.Is(err, provider.ErrUntrusted) {
				t.Errorf("got %v", err)
			}
		})
	}
}

// A code that the provider takes twice still brings one sign-in per nonce only.
func TestAttackCodeReplay(t *testing.T) {
	t.Parallel()
	for name := range adapters {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, name)
			back := r.returned(t, r.flow(), providertest.Choice{})
			if _, err := r.adapter.Exchange(t.Context(), back); err != nil {
				t.Fatal(err)
			}
			if _, err := r.adapter.Exchange(t.Context(), back); !errors.Is(err, provider.ErrRefused) {
				t.Errorf("got %v", err)
			}
		})
	}
	t.Run("into another flow", func(t *testing.T) {
		t.Parallel()
		r := newRig(t, "oidc")
		r.misbehave(t, providertest.Faults{Names: []string{"replay_accepted", "pkce_ignored"}})
		back := r.returned(t, r.flow(), providertest.Choice{})
		if _, err := r.adapter.Exchange(t.Context(), back); err != nil {
			t.Fatal(err)
		}
		other := r.flow()
		back.Nonce, back.Verifier = other.Start.Nonce, other.Verifier
		if _, err := r.adapter.Exchange(t.Context(), back); !errors.Is(err, provider.ErrUntrusted) {
			t.Errorf("got %v", err)
		}
	})
}

// A flow without its verifier, or without a challenge, is no flow.
func TestAttackPKCEDowngrade(t *testing.T) {
	t.Parallel()
	for name := range adapters {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, name)
			start := r.flow().Start
			start.Challenge = ""
			if address, err := r.adapter.AuthURL(t.Context(), start); err == nil {
				t.Errorf("started without a challenge: %s", address)
			}
			back := r.returned(t, r.flow(), providertest.Choice{})
			back.Verifier = ""
			if _, err := r.adapter.Exchange(t.Context(), back); err == nil {
				t.Error("ended without a verifier")
			}
			if len(r.tokenCalls()) != 0 {
				t.Error("the code was sent without a verifier")
			}
		})
	}
}

func TestAttackWeChat(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"wechat-open", "wechat-mp"} {
		for ill, want := range map[string]string{
			"unionid_missing": "wechat.unionid_missing", "snapshot_user": "wechat.snapshot_user",
			"unionid_differs": "provider.untrusted", "openid_differs": "provider.untrusted", "id_missing": "provider.untrusted",
		} {
			t.Run(name+"/"+ill, func(t *testing.T) {
				t.Parallel()
				r := newRig(t, name)
				r.misbehave(t, providertest.Faults{Names: []string{ill}})
				if _, err := r.signIn(t, providertest.Choice{}); codeOf(err) != want {
					t.Errorf("got %v, want %s", err, want)
				}
			})
		}
	}
}
