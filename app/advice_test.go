package app

import (
	"strings"
	"testing"
)

func TestAdvice(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name, addr string
		settings   []string
		want       []string // a part of each line, in order
	}{
		{"all set", "0.0.0.0:80", []string{
			"TESSERA_SITE_EXTERNAL_URL=https://id.example.com", "TESSERA_MAIL_HOST=mail.example.com", "TESSERA_MAIL_FROM=a@example.com",
			"TESSERA_GATEWAY_UPSTREAM_BASE_URL=https://models.example.com/v1",
		}, nil},
		{"nothing set", "127.0.0.1:80", nil, []string{"mail.host", "base_url"}},
		{"reachable without a name", "0.0.0.0:80", nil, []string{"site.external_url is not set", "mail.host", "base_url"}},
		{"plain http", "127.0.0.1:80", []string{"TESSERA_SITE_EXTERNAL_URL=http://id.example.com", "TESSERA_AUTH_AUTOCONFIRM=true"}, []string{"plain http", "base_url"}},
		{"plain http at home", "127.0.0.1:80", []string{"TESSERA_SITE_EXTERNAL_URL=http://localhost:80", "TESSERA_AUTH_AUTOCONFIRM=true"}, []string{"base_url"}},
		{"replicas", "127.0.0.1:80", []string{"TESSERA_DATABASE_URL=postgres://h/d", "TESSERA_AUTH_AUTOCONFIRM=true"}, []string{"coordination.url", "base_url"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			c, err := LoadConfig("", tc.settings)
			if err != nil {
				t.Fatal(err)
			}
			got := advice(c, configuredAddr(tc.addr))
			if len(got) != len(tc.want) {
				t.Fatalf("got %q, want %q", got, tc.want)
			}
			for i, part := range tc.want {
				if !strings.Contains(got[i], part) {
					t.Errorf("line %d: %q, want %q", i, got[i], part)
				}
			}
		})
	}
}
