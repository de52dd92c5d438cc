package picture

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"code.dny.dev/ssrf"
	"golang.org/x/net/dns/dnsmessage"
)

// target is a server on this machine that nobody must reach.
type target struct {
	*httptest.Server
	hits atomic.Int32
	at   netip.AddrPort
}

func newTarget(t *testing.T, network, address string, answer http.HandlerFunc) *target {
	t.Helper()
	s := &target{}
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), network, address)
	if err != nil {
		t.Skipf("no %s here: %v", address, err)
	}
	s.Server = &httptest.Server{Listener: listener, Config: &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.hits.Add(1)
		answer(w, r)
	})}}
	s.Start()
	t.Cleanup(s.Close)
	s.at = netip.MustParseAddrPort(listener.Addr().String())
	return s
}

func picturesOf(t *testing.T) http.HandlerFunc {
	raw := pngOf(t, quarters(32, 32))
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "image/png")
		_, _ = w.Write(raw)
	}
}

// fakeDNS answers every name with addresses in turn.
func fakeDNS(t *testing.T, answers ...string) *net.Resolver {
	t.Helper()
	conn, err := (&net.ListenConfig{}).ListenPacket(t.Context(), "udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	var mu sync.Mutex
	asked := 0
	go func() {
		buf := make([]byte, 1500)
		for {
			n, from, err := conn.ReadFrom(buf)
			if err != nil {
				return
			}
			var m dnsmessage.Message
			if m.Unpack(buf[:n]) != nil || len(m.Questions) != 1 {
				continue
			}
			q := m.Questions[0]
			m.Response, m.Authoritative, m.Additionals = true, true, nil
			if q.Type == dnsmessage.TypeA {
				mu.Lock()
				ip := netip.MustParseAddr(answers[min(asked, len(answers)-1)])
				asked++
				mu.Unlock()
				m.Answers = []dnsmessage.Resource{{
					Header: dnsmessage.ResourceHeader{Name: q.Name, Type: q.Type, Class: q.Class},
					Body:   &dnsmessage.AResource{A: ip.As4()},
				}}
			}
			if packed, err := m.Pack(); err == nil {
				_, _ = conn.WriteTo(packed, from)
			}
		}
	}()
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "udp", conn.LocalAddr().String())
	}}
}

// fetcherFor has a guard that minds addresses alone, so that a test's ports do
// not hide what it is about.
func fetcherFor(resolver *net.Resolver, allowed ...netip.AddrPort) *Fetcher {
	config := Config{FetchTimeout: 2 * time.Second}
	for _, at := range allowed {
		config.AllowedAddresses = append(config.AllowedAddresses, at.String())
	}
	return newFetcher(config, NewEncoder(), ssrf.New(ssrf.WithAnyPort()), resolver)
}

func TestAvatarAttackLoopbackAndPrivateSpellings(t *testing.T) {
	t.Parallel()
	v4 := newTarget(t, "tcp4", "127.0.0.1:0", picturesOf(t))
	port := strconv.Itoa(int(v4.at.Port()))
	v6 := newTarget(t, "tcp6", "[::1]:"+port, picturesOf(t))
	evil := fakeDNS(t, "127.0.0.1") // whatever is taken for a name is this machine
	f := fetcherFor(evil)
	for _, host := range []string{
		"127.0.0.1", "localhost", "LOCALHOST", "localhost.", "127.1", "127.0.1", "2130706433", "0x7f000001", "0x7f.0.0.1", "017700000001",
		"0177.0.0.1", "127.000.000.001", "0", "0.0.0.0", "127.127.127.127", "[::1]", "[::]", "[0:0:0:0:0:0:0:1]", "[::ffff:127.0.0.1]",
		"[::ffff:7f00:1]", "[0:0:0:0:0:ffff:127.0.0.1]", "[::127.0.0.1]", "[64:ff9b::127.0.0.1]", "[64:ff9b::7f00:1]", "[64:ff9b:1::7f00:1]",
		"[2002:7f00:1::]", "[2001:0:7f00:1::]", "127.0.0.1.nip.example", "①②⑦.⓪.⓪.①", "１２７.０.０.１", "evil.example", "metadata", "metadata.google.internal",
		"10.0.0.1", "10.255.255.255", "172.16.0.1", "172.31.255.254", "192.168.0.1", "100.64.0.1", "169.254.169.254", "0xa9fea9fe",
		"[::ffff:169.254.169.254]", "[fd00:ec2::254]", "[fe80::1]", "[fc00::1]", "[fec0::1]", "[ff02::1]", "224.0.0.1", "240.0.0.1",
		"255.255.255.255", "192.0.0.170", "198.18.0.1", "192.0.2.1", "203.0.113.9", "[2001:db8::1]", "[3fff::1]", "[100::1]",
	} {
		t.Run(host, func(t *testing.T) {
			_, err := f.Fetch(t.Context(), "http://"+host+":"+port+"/a.png")
			if !errors.Is(err, ErrAddress) && !errors.Is(err, ErrUnreachable) {
				t.Errorf("want a refusal, got %v", err)
			}
			if ip, parseErr := netip.ParseAddr(strings.Trim(host, "[]")); parseErr == nil && !errors.Is(err, ErrAddress) {
				t.Errorf("%s is an address and must be refused as one: %v", ip, err)
			}
		})
	}
	if v4.hits.Load()+v6.hits.Load() != 0 {
		t.Errorf("this machine was reached %d times", v4.hits.Load()+v6.hits.Load())
	}
	if _, err := fetcherFor(nil, v4.at).Fetch(t.Context(), "http://"+v4.at.String()+"/a.png"); err != nil || v4.hits.Load() != 1 {
		t.Errorf("what the operator allows is reached: %v", err)
	}
}

func TestAvatarAttackURLsThatAreNotWebAddresses(t *testing.T) {
	t.Parallel()
	f := NewFetcher(Config{FetchTimeout: time.Second}, NewEncoder())
	for _, raw := range []string{
		"", "/etc/passwd", "//evil.example/a.png", "file:///etc/passwd", "FILE:///etc/passwd", "ftp://example.com/a.png", "gopher://127.0.0.1:6379/_INFO",
		"dict://127.0.0.1:11211/stat", "javascript:alert(1)", "data:image/png;base64,AAAA", "unix:///var/run/docker.sock", "http:127.0.0.1", "http://", "https:///a.png",
		"http://user:secret@93.184.216.34/", "http://user@93.184.216.34/", "http://93.184.216.34:22/", "http://93.184.216.34:6379/", "https://93.184.216.34:8443/",
		"http://93.184.216.34:0/", "http://93.184.216.34:99999/", "http://[::1/", "http://a b/", "http://\r\nHost: evil/", "http://" + strings.Repeat("a", maxURL),
	} {
		if _, err := f.Fetch(t.Context(), raw); !errors.Is(err, ErrAddress) && !errors.Is(err, ErrUnreachable) {
			t.Errorf("%q: %v", raw, err)
		} else if !strings.Contains(raw, "99999") && !errors.Is(err, ErrAddress) {
			t.Errorf("%q should be refused before anything is asked: %v", raw, err)
		}
	}
}

func TestAvatarAttackRedirects(t *testing.T) {
	t.Parallel()
	inner := newTarget(t, "tcp4", "127.0.0.1:0", picturesOf(t))
	var to atomic.Pointer[string]
	var mu sync.Mutex
	var headers []http.Header
	outer := newTarget(t, "tcp4", "127.0.0.1:0", func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		headers = append(headers, r.Header)
		mu.Unlock()
		if n, err := strconv.Atoi(r.URL.Query().Get("left")); err == nil && n > 0 {
			http.SetCookie(w, &http.Cookie{Name: "a", Value: "b"})
			http.Redirect(w, r, "/?left="+strconv.Itoa(n-1)+"&to="+r.URL.Query().Get("to"), http.StatusFound)
			return
		}
		if r.URL.Query().Get("to") != "" {
			http.Redirect(w, r, *to.Load(), http.StatusTemporaryRedirect)
			return
		}
		picturesOf(t)(w, r)
	})
	f := fetcherFor(nil, outer.at)
	start := "http://" + outer.at.String() + "/"
	for _, target := range []string{
		inner.URL, "http://localhost:" + strconv.Itoa(int(inner.at.Port())), "http://169.254.169.254/latest/meta-data/", "file:///etc/passwd",
		"gopher://127.0.0.1/", "http://u:p@" + inner.at.String() + "/", "//" + inner.at.String() + "/", "http://[::ffff:127.0.0.1]:" + strconv.Itoa(int(inner.at.Port())),
	} {
		to.Store(&target)
		if _, err := f.Fetch(t.Context(), start+"?left=1&to=x"); !errors.Is(err, ErrAddress) {
			t.Errorf("to %s: %v", target, err)
		}
	}
	if inner.hits.Load() != 0 {
		t.Errorf("a redirect reached this machine %d times", inner.hits.Load())
	}
	if _, err := f.Fetch(t.Context(), start+"?left=3"); err != nil {
		t.Errorf("three redirects: %v", err)
	}
	outer.hits.Store(0)
	if _, err := f.Fetch(t.Context(), start+"?left=100"); !errors.Is(err, ErrUnreachable) || outer.hits.Load() != 4 {
		t.Errorf("a hundred redirects: %v after %d requests", err, outer.hits.Load())
	}
	mu.Lock()
	defer mu.Unlock()
	for _, h := range headers {
		for _, name := range []string{"Cookie", "Referer", "Authorization"} {
			if h.Get(name) != "" {
				t.Errorf("%s was sent", name)
			}
		}
	}
}

func TestAvatarAttackDNSRebinding(t *testing.T) {
	t.Parallel()
	inner := newTarget(t, "tcp4", "127.0.0.1:0", picturesOf(t))
	innerPort := strconv.Itoa(int(inner.at.Port()))
	for name, answers := range map[string][]string{
		"a public address first":       {"198.51.100.1", "127.0.0.1"},
		"this machine at once":         {"127.0.0.1"},
		"a cloud's metadata":           {"169.254.169.254", "127.0.0.1"},
		"the turn after a first check": {"93.184.216.34", "127.0.0.1", "127.0.0.1"},
	} {
		t.Run(name, func(t *testing.T) {
			f := fetcherFor(fakeDNS(t, answers...))
			f.timeout = 500 * time.Millisecond
			for range 3 {
				if _, err := f.Fetch(t.Context(), "http://rebind.example:"+innerPort+"/"); !errors.Is(err, ErrAddress) && !errors.Is(err, ErrUnreachable) {
					t.Errorf("%v", err)
				}
			}
		})
	}
	// The name is an allowed server's when it is asked first, and another's when
	// that redirects to it.
	outer := newTarget(t, "tcp4", "127.0.0.2:0", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "http://rebind.example:"+innerPort+"/", http.StatusFound)
	})
	f := fetcherFor(fakeDNS(t, "127.0.0.2", "127.0.0.1"), outer.at)
	_, err := f.Fetch(t.Context(), fmt.Sprintf("http://rebind.example:%d/", outer.at.Port()))
	if !errors.Is(err, ErrAddress) || outer.hits.Load() != 1 {
		t.Errorf("rebound on the way: %v, %d hits", err, outer.hits.Load())
	}
	if inner.hits.Load() != 0 {
		t.Errorf("this machine was reached %d times", inner.hits.Load())
	}
}

func TestAvatarAttackAnswersThatHurt(t *testing.T) {
	t.Parallel()
	answers := map[string]struct {
		want  error
		write http.HandlerFunc
	}{
		"a body that never ends": {ErrTooLarge, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "image/png")
			block := make([]byte, 64<<10)
			for r.Context().Err() == nil {
				if _, err := w.Write(block); err != nil {
					return
				}
			}
		}},
		"a body that trickles": {ErrUnreachable, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "image/png")
			for r.Context().Err() == nil {
				_, _ = w.Write([]byte("x"))
				_ = http.NewResponseController(w).Flush()
				time.Sleep(50 * time.Millisecond)
			}
		}},
		"no answer at all": {ErrUnreachable, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }},
		"a length of 100 GB": {ErrTooLarge, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "100000000000")
			w.WriteHeader(200)
		}},
		"headers without end": {ErrUnreachable, func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("X-Long", strings.Repeat("a", 64<<10)) }},
		"a web page":          {ErrFormat, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<html>")) }},
		"an SVG": {ErrFormat, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "image/svg+xml")
			_, _ = w.Write([]byte("<svg onload='alert(1)'/>"))
		}},
		"an error": {ErrUnreachable, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) }},
		"a page as a picture": {ErrFormat, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "image/png")
			_, _ = w.Write([]byte("<html>"))
		}},
	}
	for name, c := range answers {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newTarget(t, "tcp4", "127.0.0.1:0", c.write)
			f := fetcherFor(nil, s.at)
			f.timeout = 700 * time.Millisecond
			started := time.Now()
			_, err := f.Fetch(t.Context(), s.URL+"/secret-token?key=hidden")
			if !errors.Is(err, c.want) {
				t.Errorf("want %v, got %v", c.want, err)
			}
			if took := time.Since(started); took > 5*time.Second {
				t.Errorf("it took %v", took)
			}
			if err != nil && strings.Contains(err.Error(), "hidden") {
				t.Errorf("the address is in the error: %v", err)
			}
		})
	}
}

func TestRecentAsksOnceForWhatManyWant(t *testing.T) {
	t.Parallel()
	s := newTarget(t, "tcp4", "127.0.0.1:0", picturesOf(t))
	recent := NewRecent(fetcherFor(nil, s.at))
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() {
			if _, err := recent.Fetch(t.Context(), s.URL); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if s.hits.Load() != 1 {
		t.Errorf("%d requests", s.hits.Load())
	}
	gone := (&url.URL{Scheme: "http", Host: "127.0.0.1:9"}).String()
	for range 2 {
		if _, err := recent.Fetch(t.Context(), gone); !errors.Is(err, ErrAddress) {
			t.Errorf("failures are kept too: %v", err)
		}
	}
}

func TestSettingsOfFetching(t *testing.T) {
	t.Parallel()
	for raw, good := range map[string]bool{"10.0.0.7:443": true, "[fd00::7]:443": true, "example.com:443": false, "10.0.0.7": false, "10.0.0.0/8": false} {
		bad := 0
		(&Config{AllowedAddresses: []string{raw}, FetchTimeout: time.Second}).Check(func(string, string) { bad++ })
		if (bad == 0) != good {
			t.Errorf("%s: %d complaints", raw, bad)
		}
	}
}
