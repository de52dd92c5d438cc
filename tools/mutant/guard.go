package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// guard is one line of defence, and the test of the attack that it is against.
type guard struct {
	Name    string // short, unique
	Against string // the attack, for the page
	File    string // where the guard stands
	Old     string // its text: exactly once in the file
	New     string // the same without the guard
	Package string // of the test
	Test    string // a pattern for go test -run
}

// removed returns the text of the guard's file without the guard.
func (g guard) removed() (string, error) {
	source, err := os.ReadFile(filepath.Join(root, g.File))
	if err != nil {
		return "", fmt.Errorf("%s: %w", g.Name, err)
	}
	if n := strings.Count(string(source), g.Old); n != 1 {
		return "", fmt.Errorf("%s: its text is in %s %d times, not once; name the guard anew in tools/mutant", g.Name, g.File, n)
	}
	return strings.Replace(string(source), g.Old, g.New, 1), nil
}

// hasTest reports whether the test is there by name.
func (g guard) hasTest() (bool, error) {
	top, _, _ := strings.Cut(g.Test, "/")
	files, err := filepath.Glob(filepath.Join(root, g.Package, "*_test.go"))
	if err != nil {
		return false, err
	}
	for _, file := range files {
		source, err := os.ReadFile(file)
		if err != nil {
			return false, err
		}
		if strings.Contains(string(source), "func "+strings.Trim(top, "^$")+"(t *testing.T)") {
			return true, nil
		}
	}
	return false, nil
}
