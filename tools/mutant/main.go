// Command mutant takes guards out of the code, one at a time, and runs the test
// of the attack that each stands against: the test has to fail.
//
//	mutant              all guards, then "N guards removed, N noticed"
//	mutant -list        the guards
//	mutant -page        docs/attacks.md
//	mutant NAME...      some of them
//
// No file is touched: the compiler is given another text in the file's place
// (go test -overlay). A guard whose text is no longer there is an error.
package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// root is the repository: the nearest folder above with its rooms in it.
var root = findRoot()

func findRoot() string {
	for dir := "."; len(dir) < 64; dir = filepath.Join("..", dir) {
		if _, err := os.Stat(filepath.Join(dir, "pendingauth", "doc.go")); err == nil {
			return dir
		}
	}
	return "."
}

func main() {
	list := flag.Bool("list", false, "print the guards' names")
	page := flag.Bool("page", false, "print the page")
	flag.Parse()
	switch {
	case *list:
		for _, g := range guards {
			fmt.Printf("%-32s %s\n", g.Name, g.File)
		}
	case *page:
		fmt.Print(render())
	default:
		if err := run(flag.Args()); err != nil {
			fmt.Fprintln(os.Stderr, "mutant:", err)
			os.Exit(1)
		}
	}
}

func run(names []string) error {
	chosen := guards
	if len(names) > 0 {
		chosen = slices.DeleteFunc(slices.Clone(guards), func(g guard) bool { return !slices.Contains(names, g.Name) })
	}
	if len(chosen) == 0 {
		return errors.New("no guard has this name; -list prints them")
	}
	work, err := os.MkdirTemp("", "tessera-mutant-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(work) }()
	for _, g := range chosen {
		if _, err := g.removed(); err != nil {
			return err
		}
	}
	if err := runIntact(chosen); err != nil {
		return err
	}
	noticed := 0
	for _, g := range chosen {
		started := time.Now()
		verdict, err := g.try(work)
		if err != nil {
			return fmt.Errorf("%s: %w", g.Name, err)
		}
		if verdict {
			noticed++
		}
		fmt.Printf("%-8s %-32s %-34s %5.1fs\n", map[bool]string{true: "noticed", false: "MISSED"}[verdict], g.Name, g.File, time.Since(started).Seconds())
	}
	fmt.Printf("%d guards removed, %d noticed\n", len(chosen), noticed)
	if noticed < len(chosen) {
		return errors.New("a guard can go without any test failing")
	}
	return nil
}

// runIntact runs every test that is to fail with the guard still there: one
// that fails anyway would show nothing.
func runIntact(chosen []guard) error {
	byPackage := map[string][]string{}
	for _, g := range chosen {
		top, _, _ := strings.Cut(g.Test, "/")
		byPackage[g.Package] = append(byPackage[g.Package], strings.Trim(top, "^$"))
	}
	for pkg, tests := range byPackage {
		slices.Sort(tests)
		out, err := goTest("", pkg, "^("+strings.Join(slices.Compact(tests), "|")+")$")
		if err != nil || bytes.Contains(out, []byte("no tests to run")) {
			return fmt.Errorf("%s: with all guards in place: %v\n%s", pkg, err, out)
		}
	}
	return nil
}

// try runs the guard's test without the guard, and reports whether it failed.
func (g guard) try(work string) (noticed bool, err error) {
	text, err := g.removed()
	if err != nil {
		return false, err
	}
	original, err := filepath.Abs(filepath.Join(root, g.File))
	if err != nil {
		return false, err
	}
	mutated := filepath.Join(work, g.Name+".go")
	if err := os.WriteFile(mutated, []byte(text), 0o600); err != nil {
		return false, err
	}
	overlay, err := json.Marshal(map[string]map[string]string{"Replace": {original: mutated}})
	if err != nil {
		return false, err
	}
	file := filepath.Join(work, g.Name+".json")
	if err := os.WriteFile(file, overlay, 0o600); err != nil {
		return false, err
	}
	out, err := goTest(file, g.Package, g.Test)
	switch {
	case err == nil && bytes.Contains(out, []byte("no tests to run")):
		return false, fmt.Errorf("%s has no test %s", g.Package, g.Test)
	case err == nil:
		return false, nil
	case !bytes.Contains(out, []byte("--- FAIL: Test")):
		return false, fmt.Errorf("the test did not run: %w\n%s", err, out)
	}
	return true, nil
}

func goTest(overlay, pkg, tests string) ([]byte, error) {
	args := []string{"test", "-count=1", "-vet=off", "-timeout=5m", "-run", tests}
	if overlay != "" {
		args = append(args, "-overlay", overlay)
	}
	cmd := exec.Command("go", append(args, "./"+pkg)...)
	cmd.Dir = root
	return cmd.CombinedOutput()
}
