package httpapi_test

import (
	"errors"
	"strings"
	"testing"

	"tessera/fault"
	"tessera/httpapi"
)

func TestCheckNames(t *testing.T) {
	deep := func(n int) string { return strings.Repeat("[", n) + strings.Repeat("]", n) }
	cases := []struct {
		body  string
		want  error
		field string
	}{
		{`{"a":1,"b":{"a":2},"c":[{"a":3},{"a":4}]}`, nil, ""},
		{`{"a":1,"a":2}`, httpapi.ErrNameTwice, "a"},
		{`{"a":1,"\u0061":2}`, httpapi.ErrNameTwice, "a"},
		{`{"x":{"y":[{"b":1},{"b":1,"b":2}]}}`, httpapi.ErrNameTwice, "x.y[1].b"},
		{`{"n":1e999999,"m":123456789012345678901234567890}`, nil, ""},
		{deep(128), nil, ""},
		{deep(129), httpapi.ErrTooDeep, ""},
		{strings.Repeat(`{"a":`, 200), httpapi.ErrTooDeep, ""},
		{`{"a":`, nil, ""},
		{`not json`, nil, ""},
		{``, nil, ""},
	}
	for _, c := range cases {
		err := httpapi.CheckNames([]byte(c.body))
		if c.want == nil {
			if err != nil {
				t.Errorf("%.40s: %v", c.body, err)
			}
			continue
		}
		var f *fault.Fault
		if !errors.Is(err, c.want) || !errors.As(err, &f) {
			t.Errorf("%.40s: got %v, want %v", c.body, err, c.want)
			continue
		}
		if c.field != "" && (len(f.Fields) != 1 || f.Fields[0].Name != c.field) {
			t.Errorf("%.40s: named %v, want %s", c.body, f.Fields, c.field)
		}
	}
}
