package main

import (
	"os"
	"path/filepath"
	"testing"
)

// Every guard is where it is said to stand, and its test is there.
func TestGuardsStandWhereTheyAreSaidTo(t *testing.T) {
	seen := map[string]bool{}
	for _, g := range guards {
		if seen[g.Name] || g.Against == "" || g.Old == g.New {
			t.Errorf("%s: twice, or nothing said", g.Name)
		}
		seen[g.Name] = true
		if _, err := g.removed(); err != nil {
			t.Error(err)
		}
		if ok, err := g.hasTest(); err != nil || !ok {
			t.Errorf("%s: no test %s in %s: %v", g.Name, g.Test, g.Package, err)
		}
	}
}

func TestThePageIsUpToDate(t *testing.T) {
	page, err := os.ReadFile(filepath.Join(root, "docs", "attacks.md"))
	if err != nil {
		t.Fatal(err)
	}
	if string(page) != render() {
		t.Error("docs/attacks.md is not what the guards make: run make generate")
	}
}
