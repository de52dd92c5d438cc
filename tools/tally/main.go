// Command tally reads `go test -json` on standard input, prints one line per
// package and the output of what failed, and ends with "N passed, N failed, N
// skipped". Leaf tests count; a package that does not build or dies outside a
// test counts as one failure. With -table it prints one line per test instead
// of per package.
package main

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
)

func main() {
	asTable := flag.Bool("table", false, "one line per test: its result, where it stands, the case")
	flag.Parse()
	t := newTally(os.Stdout)
	t.asTable = *asTable
	if err := t.read(os.Stdin); err != nil {
		fmt.Fprintln(os.Stderr, "tally:", err)
		os.Exit(2)
	}
	if !t.report() {
		os.Exit(1)
	}
}

// event is what test2json and the go command write, one to a line.
type event struct {
	Action     string
	Package    string
	ImportPath string // of build output
	Test       string
	Elapsed    float64
	Output     string
}

// tally counts tests as their events come in.
type tally struct {
	out      io.Writer
	results  map[string]map[string]string // package -> test -> pass, fail, skip
	output   map[string][]string          // package and test -> its lines
	builds   map[string][]string          // import path -> compiler output
	packages int
	broken   []string // packages that failed outside any test
	asTable  bool
}

func newTally(out io.Writer) *tally {
	return &tally{
		out: out, results: map[string]map[string]string{},
		output: map[string][]string{}, builds: map[string][]string{},
	}
}

func (t *tally) read(in io.Reader) error {
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		var e event
		if json.Unmarshal(lines.Bytes(), &e) != nil {
			fmt.Fprintln(t.out, lines.Text()) // the go command's own complaint
			continue
		}
		t.take(e)
	}
	return lines.Err()
}

func (t *tally) take(e event) {
	switch e.Action {
	case "output":
		key := e.Package + " " + e.Test
		t.output[key] = append(t.output[key], e.Output)
	case "build-output":
		t.builds[e.ImportPath] = append(t.builds[e.ImportPath], e.Output)
	case "pass", "fail", "skip":
		if e.Test == "" {
			t.finish(e)
			return
		}
		if t.results[e.Package] == nil {
			t.results[e.Package] = map[string]string{}
		}
		t.results[e.Package][e.Test] = e.Action
	}
}

// finish prints a package's line, and what it said if it failed.
func (t *tally) finish(e event) {
	if e.Action == "skip" { // no test files
		return
	}
	passed, failed, skipped := t.count(e.Package)
	if passed+failed+skipped == 0 && e.Action == "pass" { // none that was asked for
		return
	}
	t.packages++
	if t.asTable {
		t.tabulate(e.Package)
	} else {
		fmt.Fprintf(t.out, "%-4s  %-40s %4d tests  %6.1fs\n", e.Action, e.Package, passed+failed+skipped, e.Elapsed)
	}
	if e.Action == "pass" {
		return
	}
	if failed == 0 {
		t.broken = append(t.broken, e.Package)
		t.print(t.output[e.Package+" "])
	}
	for _, test := range slices.Sorted(maps.Keys(t.results[e.Package])) {
		if t.results[e.Package][test] == "fail" {
			t.print(t.output[e.Package+" "+test])
		}
	}
}

func (t *tally) print(lines []string) {
	for _, line := range lines {
		fmt.Fprint(t.out, "      ", line)
	}
}

// tabulate prints a line for each leaf test of a package.
func (t *tally) tabulate(pkg string) {
	leaves := t.leaves(pkg)
	for _, test := range slices.Sorted(maps.Keys(leaves)) {
		name, subtest, _ := strings.Cut(test, "/")
		fmt.Fprintf(t.out, "%-4s  %-28s  %-42s  %s\n", leaves[test], strings.TrimPrefix(pkg, "tessera/"), name, subtest)
	}
}

// count counts a package's leaf tests: a test with subtests is their sum.
func (t *tally) count(pkg string) (passed, failed, skipped int) {
	for _, result := range t.leaves(pkg) {
		switch result {
		case "pass":
			passed++
		case "fail":
			failed++
		default:
			skipped++
		}
	}
	return passed, failed, skipped
}

// leaves are a package's results without those that only sum up their
// subtests'.
func (t *tally) leaves(pkg string) map[string]string {
	results := t.results[pkg]
	leaves := maps.Clone(results)
	for test := range results {
		for i := strings.LastIndexByte(test, '/'); i > 0; i = strings.LastIndexByte(test[:i], '/') {
			// A parent that failed by itself, all its subtests well, is a failure of its own.
			if parent := test[:i]; results[parent] != "fail" || anyFailedBelow(results, parent) {
				delete(leaves, parent)
			}
		}
	}
	return leaves
}

func anyFailedBelow(results map[string]string, parent string) bool {
	for test, result := range results {
		if result == "fail" && strings.HasPrefix(test, parent+"/") {
			return true
		}
	}
	return false
}

// report prints the total and tells whether all is well. A skipped test is
// named: it did not run, so it shows nothing.
func (t *tally) report() bool {
	for _, path := range slices.Sorted(maps.Keys(t.builds)) {
		fmt.Fprintln(t.out, "build", path)
		t.print(t.builds[path])
	}
	passed, failed, skipped := 0, len(t.broken), 0
	for pkg := range t.results {
		p, f, s := t.count(pkg)
		passed, failed, skipped = passed+p, failed+f, skipped+s
		for test, result := range t.results[pkg] {
			if result == "skip" {
				fmt.Fprintln(t.out, "skipped:", pkg, test)
				t.print(t.output[pkg+" "+test])
			}
		}
	}
	fmt.Fprintf(t.out, "%d passed, %d failed, %d skipped\n", passed, failed, skipped)
	return failed == 0 && len(t.builds) == 0 && t.packages > 0
}
