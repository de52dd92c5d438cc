package httpapi

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Rate is Burst requests at once, refilled evenly over Per. Burst 0 = no limit.
type Rate struct {
	Burst int
	Per   time.Duration
}

// UnmarshalText reads "30/5m" or "off".
func (r *Rate) UnmarshalText(text []byte) error {
	s := strings.TrimSpace(string(text))
	if s == "off" {
		*r = Rate{}
		return nil
	}
	burst, per, found := strings.Cut(s, "/")
	n, err := strconv.Atoi(burst)
	d, durationErr := time.ParseDuration(per)
	if !found || err != nil || durationErr != nil || n < 1 || d <= 0 {
		return fmt.Errorf("want COUNT/DURATION, as in 30/5m, or off; got %q", s)
	}
	*r = Rate{Burst: n, Per: d}
	return nil
}

// MarshalText writes what UnmarshalText reads.
func (r Rate) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// String is the rate as configuration spells it.
func (r Rate) String() string {
	if r.Burst == 0 {
		return "off"
	}
	return fmt.Sprintf("%d/%s", r.Burst, shortDuration(r.Per))
}

// shortDuration is Duration.String without the zeros at its end: 5m, not 5m0s.
func shortDuration(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

// Limiter is the part of coordination that rate limits need. It takes one from
// the key's allowance, or says how long to wait.
type Limiter interface {
	Allow(ctx context.Context, key string, rate Rate) (wait time.Duration, err error)
}

// Limit is one line of the policy table: how often one address, and one
// account, may do one thing.
type Limit struct {
	Name    string
	Address Rate
	Account Rate
}

// Limits applies limits.
type Limits struct {
	Limiter Limiter
	Metrics *Metrics
	Log     *slog.Logger
}

// Check takes one from the address's allowance, and from the account's when
// account is not "" (an e-mail address as normalised, or a user's id). It
// returns ErrRateLimited with the time to wait. When coordination itself fails
// the request goes on: a limit must not become an outage.
func (l *Limits) Check(ctx context.Context, limit Limit, account string) error {
	if err := l.CheckAddress(ctx, limit); err != nil || account == "" {
		return err
	}
	return l.CheckAccount(ctx, limit, account)
}

// CheckAddress is the part of Check that concerns the address.
func (l *Limits) CheckAddress(ctx context.Context, limit Limit) error {
	return l.take(ctx, limit, "address", RateKey(ctx), limit.Address)
}

// CheckAccount is the part of Check that concerns the account.
func (l *Limits) CheckAccount(ctx context.Context, limit Limit, account string) error {
	// Hashed: an address that someone typed need not stand in Redis.
	sum := sha256.Sum256([]byte(account))
	return l.take(ctx, limit, "account", hex.EncodeToString(sum[:16]), limit.Account)
}

func (l *Limits) take(ctx context.Context, limit Limit, by, subject string, rate Rate) error {
	if rate.Burst == 0 || subject == "" {
		return nil
	}
	wait, err := l.Limiter.Allow(ctx, limit.Name+":"+by+":"+subject, rate)
	if err != nil {
		l.Log.WarnContext(ctx, "rate limit not decided", "limit", limit.Name, "error", err)
		return nil
	}
	if wait <= 0 {
		return nil
	}
	if l.Metrics != nil {
		l.Metrics.limited.WithLabelValues(limit.Name, by).Inc()
	}
	return ErrRateLimited.After(wait).Saying(
		"Too many requests. You can try again after %d seconds.", int64((wait+time.Second-1)/time.Second))
}

// Middleware applies an address limit to every request that passes.
func (l *Limits) Middleware(limit Limit, writeError ErrorWriter) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if err := l.Check(r.Context(), limit, ""); err != nil {
				Fail(w, r, err, writeError)
				return
			}
			next.ServeHTTP(w, r)
		})
	}
}
