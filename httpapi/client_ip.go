package httpapi

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"strings"
)

// Proxies are the addresses whose X-Forwarded-For and X-Forwarded-Proto are
// believed. The zero value believes nobody.
type Proxies []netip.Prefix

// ParseProxies reads a list of addresses and CIDR blocks; the words "loopback"
// and "private" stand for the blocks of those names (RFC 1918, RFC 4193).
func ParseProxies(list []string) (Proxies, error) {
	var out Proxies
	for _, item := range list {
		item = strings.TrimSpace(item)
		blocks, named := proxyWords[item]
		if !named {
			blocks = []string{item}
		}
		for _, block := range blocks {
			prefix, err := parsePrefix(block)
			if err != nil {
				return nil, fmt.Errorf("%q is not an address, a CIDR block, loopback or private", item)
			}
			out = append(out, prefix)
		}
	}
	return out, nil
}

var proxyWords = map[string][]string{
	"loopback": {"127.0.0.0/8", "::1/128"},
	"private":  {"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"},
}

func parsePrefix(s string) (netip.Prefix, error) {
	if !strings.Contains(s, "/") {
		addr, err := netip.ParseAddr(s)
		if err != nil {
			return netip.Prefix{}, err
		}
		return netip.PrefixFrom(addr.Unmap(), addr.Unmap().BitLen()), nil
	}
	prefix, err := netip.ParsePrefix(s)
	return prefix.Masked(), err
}

// Trusts reports whether addr is one of the proxies.
func (p Proxies) Trusts(addr netip.Addr) bool {
	addr = addr.Unmap().WithZone("")
	for _, prefix := range p {
		if prefix.Contains(addr) {
			return true
		}
	}
	return false
}

type clientIPKey struct{}

// ClientIP returns the address that the request came from, "" outside one.
func ClientIP(ctx context.Context) string {
	if addr, ok := ctx.Value(clientIPKey{}).(netip.Addr); ok && addr.IsValid() {
		return addr.String()
	}
	return ""
}

// WithClientIP finds the client's address: the peer, or, when the peer is a
// trusted proxy, the rightmost address in X-Forwarded-For that is none of them.
// What stands further left is whatever the client wrote.
func WithClientIP(proxies Proxies) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			ctx := context.WithValue(r.Context(), clientIPKey{}, proxies.client(r))
			next.ServeHTTP(w, r.WithContext(ctx))
		})
	}
}

func (p Proxies) client(r *http.Request) netip.Addr {
	addr := peer(r)
	if !p.Trusts(addr) {
		return addr
	}
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(hops) - 1; i >= 0; i-- {
		hop, err := parseHop(strings.TrimSpace(hops[i]))
		if err != nil {
			return addr // what a trusted proxy passed on unparsed, no one vouches for
		}
		addr = hop
		if !p.Trusts(addr) {
			break
		}
	}
	return addr
}

func peer(r *http.Request) netip.Addr {
	addr, err := parseHop(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	return addr
}

// parseHop reads an address with or without a port.
func parseHop(s string) (netip.Addr, error) {
	if host, _, err := net.SplitHostPort(s); err == nil {
		s = host
	}
	addr, err := netip.ParseAddr(strings.Trim(s, "[]"))
	return addr.Unmap().WithZone(""), err
}

// Scheme returns "https" or "http" as the client spoke it: from the connection,
// or from X-Forwarded-Proto of a trusted proxy.
func (p Proxies) Scheme(r *http.Request) string {
	if r.TLS != nil {
		return "https"
	}
	if p.Trusts(peer(r)) && strings.EqualFold(r.Header.Get("X-Forwarded-Proto"), "https") {
		return "https"
	}
	return "http"
}

// RateKey returns the address as rate limits count it: one IPv6 customer has a
// /64 at least, so that is one address.
func RateKey(ctx context.Context) string {
	addr, _ := ctx.Value(clientIPKey{}).(netip.Addr)
	if addr.Is6() {
		if prefix, err := addr.Prefix(64); err == nil {
			return prefix.String()
		}
	}
	return ClientIP(ctx)
}
