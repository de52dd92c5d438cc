package main

import (
	"strings"
	"testing"
)

func run(t *testing.T, events string) (string, bool) {
	t.Helper()
	var out strings.Builder
	tally := newTally(&out)
	if err := tally.read(strings.NewReader(events)); err != nil {
		t.Fatal(err)
	}
	ok := tally.report()
	return out.String(), ok
}

func TestTally(t *testing.T) {
	for name, c := range map[string]struct {
		events, want string
		ok           bool
	}{
		"leaves count, not their parents": {`{"Action":"pass","Package":"p","Test":"A/x"}
{"Action":"pass","Package":"p","Test":"A/y"}
{"Action":"pass","Package":"p","Test":"A"}
{"Action":"pass","Package":"p","Test":"B"}
{"Action":"pass","Package":"p"}`, "3 passed, 0 failed, 0 skipped\n", true},
		"a failed leaf": {`{"Action":"output","Package":"p","Test":"A/x","Output":"why it failed\n"}
{"Action":"fail","Package":"p","Test":"A/x"}
{"Action":"fail","Package":"p","Test":"A"}
{"Action":"fail","Package":"p"}`, "why it failed\n0 passed, 1 failed, 0 skipped\n", false},
		"a parent that fails by itself": {`{"Action":"pass","Package":"p","Test":"A/x"}
{"Action":"fail","Package":"p","Test":"A"}
{"Action":"fail","Package":"p"}`, "1 passed, 1 failed, 0 skipped\n", false},
		"a package that dies outside its tests": {`{"Action":"output","Package":"p","Output":"panic: boom\n"}
{"Action":"pass","Package":"p","Test":"A"}
{"Action":"fail","Package":"p"}`, "panic: boom\n1 passed, 1 failed, 0 skipped\n", false},
		"a package that does not build": {`{"ImportPath":"p","Action":"build-output","Output":"x.go:1: no\n"}
{"ImportPath":"p","Action":"build-fail"}
{"Action":"fail","Package":"p","FailedBuild":"p"}`, "x.go:1: no\n0 passed, 1 failed, 0 skipped\n", false},
		"a skip is named": {`{"Action":"skip","Package":"p","Test":"A"}
{"Action":"pass","Package":"p"}`, "skipped: p A\n0 passed, 0 failed, 1 skipped\n", true},
		"packages where nothing was asked for are no success": {`{"Action":"pass","Package":"p"}`, "0 passed, 0 failed, 0 skipped\n", false},
		"nothing at all is no success":                        {``, "0 passed, 0 failed, 0 skipped\n", false},
		"packages without tests are no success": {
			`{"Action":"skip","Package":"p"}`,
			"0 passed, 0 failed, 0 skipped\n", false,
		},
		"the go command's own words are kept": {
			"go: cannot find module\n",
			"go: cannot find module\n0 passed, 0 failed, 0 skipped\n", false,
		},
	} {
		t.Run(name, func(t *testing.T) {
			got, ok := run(t, c.events)
			flat := strings.ReplaceAll(got, "      ", "")
			if !strings.HasSuffix(flat, c.want) || ok != c.ok {
				t.Errorf("ok=%v, output:\n%s\nwant ok=%v and at the end:\n%s", ok, got, c.ok, c.want)
			}
		})
	}
}

func TestTable(t *testing.T) {
	var out strings.Builder
	tally := newTally(&out)
	tally.asTable = true
	err := tally.read(strings.NewReader(`{"Action":"pass","Package":"tessera/p","Test":"A/x/y"}
{"Action":"fail","Package":"tessera/p","Test":"A/x/z"}
{"Action":"fail","Package":"tessera/p","Test":"A/x"}
{"Action":"fail","Package":"tessera/p","Test":"A"}
{"Action":"pass","Package":"tessera/p","Test":"B"}
{"Action":"fail","Package":"tessera/p"}`))
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for line := range strings.Lines(out.String()) {
		lines = append(lines, strings.Join(strings.Fields(line), " "))
	}
	if want := "pass p A x/y|fail p A x/z|pass p B"; strings.Join(lines, "|") != want {
		t.Errorf("got %q, want %q", lines, want)
	}
}
