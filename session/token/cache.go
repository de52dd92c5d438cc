package token

import (
	"crypto/sha256"
	"time"

	"github.com/maypok86/otter/v2"
)

const (
	// cacheTTL bounds how long a verification is believed.
	cacheTTL = 5 * time.Minute
	// cacheSize bounds the cache's entries; one takes one or two KiB.
	cacheSize = 10_000
)

// cache remembers tokens that were verified, by their hash: the token itself
// is not kept. An entry holds until the token expires, five minutes at most,
// and no longer than the keys of its issuer stay as they are.
type cache struct {
	now     func() time.Time
	entries *otter.Cache[[sha256.Size]byte, cached]
}

type cached struct {
	claims Claims
	until  time.Time
	issuer *issuer
	epoch  uint64 // of the issuer's keys when the token was verified
}

func newCache(size int, now func() time.Time) (*cache, error) {
	entries, err := otter.New(&otter.Options[[sha256.Size]byte, cached]{MaximumSize: size})
	if err != nil {
		return nil, err
	}
	return &cache{now: now, entries: entries}, nil
}

func (c *cache) get(sum [sha256.Size]byte) (Claims, bool) {
	entry, found := c.entries.GetIfPresent(sum)
	if !found {
		return Claims{}, false
	}
	if entry.epoch != entry.issuer.epoch() || !c.now().Before(entry.until) {
		c.entries.Invalidate(sum)
		return Claims{}, false
	}
	return entry.claims, true
}

func (c *cache) put(sum [sha256.Size]byte, claims Claims, from *issuer, epoch uint64) {
	until := c.now().Add(cacheTTL)
	if claims.ExpiresAt.Before(until) {
		until = claims.ExpiresAt
	}
	if c.now().Before(until) { // not for a token that lives on the clock skew
		c.entries.Set(sum, cached{claims: claims, until: until, issuer: from, epoch: epoch})
	}
}
