package app_test

import (
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// rooms says who may import whom, our own packages only. A name with a slash
// at its end stands for the packages below it; the longest match holds. Every
// package must be covered: a new room gets a line here, so that its place is
// a decision.
var rooms = map[string][]string{
	"fault":     {},
	"secret":    {"fault"},
	"identity":  {"fault", "identity/"},
	"ledger":    {"fault"},
	"scheduler": {"fault"},
	"provider":  {"fault"},
	"job":       {"fault"},
	"mail":      {"fault"},
	"testuser":  {"fault"},
	"session":   {"fault", "secret", "identity", "session/"},
	// Pictures are made without knowing whose they are.
	"identity/": {"fault"},

	"pendingauth": {"fault", "identity", "identity/", "session", "provider"},
	"payment":     {"fault", "ledger"},
	"gateway":     {"fault", "ledger", "scheduler"},

	// Adapters know their own root, never each other, the store or HTTP's rooms.
	"mail/":     {"fault", "mail"},
	"provider/": {"fault", "provider"},
	// Google is OpenID Connect at one issuer.
	"provider/google": {"fault", "provider", "provider/oidc"},
	"payment/":        {"fault", "payment"},
	"gateway/":        {"fault", "gateway"},
	"session/":        {"fault", "session"},
	"testuser/":       {"fault", "testuser", "session/token/tokentest"},
	// Tokens are signed and verified without knowing what a session is.
	"session/token":  {"fault", "secret"},
	"session/token/": {},

	// The store implements the ports that the domain rooms declare.
	"store":    append([]string{"store/ent/", "store/migrations"}, domain...),
	"store/kv": {"fault"},
	// Generated code and its schemas, the migrations and their generators.
	"store/ent/":        {"store/ent/"},
	"store/migrations":  {},
	"store/migrations/": {"store/ent/", "store/migrations", "store/migrations/"},
	"store/storetest":   {"store"},
	// A measurement, with users made by SQL.
	"store/directorybench": {"store", "identity"},

	// HTTP turns domain words into wire formats. Its surfaces share httpapi,
	// never one another.
	"httpapi":  domain,
	"httpapi/": append([]string{"httpapi"}, domain...),

	"web":   {},
	"docs":  {},
	"bench": {},
	// The composition root sees everything, and only the command sees it.
	"app":  {"*"},
	"app/": {"*"},
	"cmd/": {"app"},
	"cmd":  {"app"},
}

// domain are the rooms that hold rules.
var domain = []string{
	"fault", "secret", "identity", "identity/", "session", "session/", "pendingauth", "ledger", "payment", "scheduler", "gateway", "provider",
	"job", "mail", "testuser",
}

// libraries belong to the rooms that are named; elsewhere they are out of place.
var libraries = map[string][]string{
	"github.com/go-chi/":            {"httpapi", "httpapi/", "app", "app/"},
	"github.com/danielgtaylor/huma": {"httpapi/", "app", "app/"},
	"github.com/go-webauthn/":       {"identity"},
	"entgo.io/":                     {"store", "store/ent/", "store/migrations/"},
	"ariga.io/":                     {"store/migrations/", "store/ent/"},
	"database/sql":                  {"store", "store/ent/", "store/migrations/", "store/storetest", "store/directorybench"},
	"github.com/jackc/":             {"store", "store/migrations/", "store/storetest"},
	"modernc.org/":                  {"store", "store/migrations/"},
	"github.com/redis/":             {"store/kv"},
	"github.com/prometheus/":        {"httpapi", "httpapi/", "app", "app/"},
	"go.opentelemetry.io/":          {"httpapi", "httpapi/", "app", "app/"},
	"github.com/alecthomas/kong":    {"cmd", "cmd/", "app"},
}

// listed is a package and what its files import, those of other platforms and
// build tags included, tests not.
type listed struct {
	ImportPath string
	Imports    []string
}

// packages reads the module's source. It does so itself, not through the go
// command, so that a cached result of this test is dropped when a file changes.
func packages(t *testing.T) []listed {
	t.Helper()
	byDir := map[string]map[string]bool{}
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			return skipDir(path, d.Name())
		}
		if !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		dir, _ := filepath.Rel("..", filepath.Dir(path))
		if byDir[dir] == nil {
			byDir[dir] = map[string]bool{}
		}
		for _, spec := range file.Imports {
			imported, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return err
			}
			byDir[dir][imported] = true
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	var all []listed
	for dir, imports := range byDir {
		all = append(all, listed{"tessera/" + filepath.ToSlash(dir), slices.Sorted(maps.Keys(imports))})
	}
	slices.SortFunc(all, func(a, b listed) int { return strings.Compare(a.ImportPath, b.ImportPath) })
	return all
}

// skipDir leaves out what is not this module's source.
func skipDir(path, name string) error {
	if path == ".." {
		return nil
	}
	_, err := os.Stat(filepath.Join(path, "go.mod"))
	nested := err == nil
	if nested || name == "node_modules" || name == "testdata" || strings.HasPrefix(name, ".") {
		return filepath.SkipDir
	}
	return nil
}

// lookup returns the entry that covers a package: its own, or that of the
// nearest folder above it.
func lookup(table map[string][]string, pkg string) (allowed []string, covered bool) {
	if allowed, ok := table[pkg]; ok {
		return allowed, true
	}
	for i := strings.LastIndexByte(pkg, '/'); i > 0; i = strings.LastIndexByte(pkg[:i], '/') {
		if allowed, ok := table[pkg[:i+1]]; ok {
			return allowed, true
		}
	}
	return nil, false
}

// allows reports whether a list of names covers a package.
func allows(names []string, pkg string) bool {
	return slices.ContainsFunc(names, func(name string) bool {
		return name == "*" || name == pkg || strings.HasSuffix(name, "/") && strings.HasPrefix(pkg, name)
	})
}

// offences returns what a package imports and may not.
func offences(p listed) []string {
	pkg := strings.TrimPrefix(p.ImportPath, "tessera/")
	allowed, covered := lookup(rooms, pkg)
	if !covered {
		return []string{pkg + " is in no room: add it to the table in app/imports_test.go"}
	}
	var found []string
	for _, imported := range p.Imports {
		if ours, isOurs := strings.CutPrefix(imported, "tessera/"); isOurs {
			if !allows(allowed, ours) {
				found = append(found, pkg+" must not import "+imported)
			}
			continue
		}
		for library, owners := range libraries {
			if strings.HasPrefix(imported, library) && !allows(owners, pkg) {
				found = append(found, pkg+" must not import "+imported+": that belongs to "+strings.Join(owners, ", "))
			}
		}
	}
	return found
}

func TestRoomsImportOnlyWhatTheyMay(t *testing.T) {
	t.Parallel()
	all := packages(t)
	if len(all) < 10 {
		t.Fatalf("found %d packages only: %v", len(all), all)
	}
	for _, p := range all {
		for _, offence := range offences(p) {
			t.Error(offence)
		}
	}
}

// The test must be able to fail.
func TestImportTableNamesOffenders(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		pkg, imported string
		offends       bool
	}{
		{"tessera/identity", "tessera/fault", false},
		{"tessera/identity", "tessera/store", true},
		{"tessera/identity", "github.com/go-chi/chi/v5", true},
		{"tessera/fault", "tessera/identity", true},
		{"tessera/session", "tessera/identity", false},
		{"tessera/identity", "tessera/session", true},
		{"tessera/gateway/upstream", "tessera/gateway", false},
		{"tessera/gateway/upstream", "tessera/store", true},
		{"tessera/provider/oidc", "tessera/provider/wechat", true},
		{"tessera/httpapi/gotrue", "tessera/identity", false},
		{"tessera/httpapi/gotrue", "tessera/store", true},
		{"tessera/httpapi/gotrue", "tessera/httpapi/console", true},
		{"tessera/httpapi/gotrue", "tessera/store/kv", true},
		{"tessera/store/kv", "tessera/identity", true},
		{"tessera/store", "tessera/httpapi", true},
		{"tessera/store", "entgo.io/ent/dialect", false},
		{"tessera/session", "database/sql", true},
		{"tessera/cmd/tessera", "tessera/app", false},
		{"tessera/cmd/tessera", "tessera/store", true},
		{"tessera/app", "tessera/store/kv", false},
		{"tessera/unheardof", "fmt", true},
	} {
		if got := offences(listed{c.pkg, []string{c.imported}}); (len(got) > 0) != c.offends {
			t.Errorf("%s importing %s: %v, want an offence: %v", c.pkg, c.imported, got, c.offends)
		}
	}
}
