package mail

import (
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite the golden files in testdata")

func TestRenderedMails(t *testing.T) {
	for _, locale := range []string{"en", "zh-CN"} {
		for _, kind := range Kinds() {
			t.Run(string(kind)+"."+locale, func(t *testing.T) {
				m := sample(kind)
				m.Locale = locale
				got, err := Render(m)
				if err != nil {
					t.Fatal(err)
				}
				golden(t, string(kind)+"."+locale+".txt", "Subject: "+got.Subject+"\n\n"+got.Text)
				golden(t, string(kind)+"."+locale+".html", got.HTML)
			})
		}
	}
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v (run with -update to write it)", err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s differs (-want +got):\n%s", name, diff)
	}
}

// A mail that loads anything tells its sender who reads it, and when.
func TestHTMLLoadsNothing(t *testing.T) {
	loads := regexp.MustCompile(`(?i)<(img|link|script|iframe|object|embed|audio|video|form)\b|url\(|@import|\bsrc=`)
	for _, kind := range Kinds() {
		got, err := Render(sample(kind))
		if err != nil {
			t.Fatal(err)
		}
		if found := loads.FindString(got.HTML); found != "" {
			t.Errorf("%s loads something: %s", kind, found)
		}
	}
}

func TestHTMLEscapesWhatPeopleChose(t *testing.T) {
	m := sample(KindEmailChangeCurrent)
	m.SiteName = `<b onclick="x">{valid}</b>`
	got, err := Render(m)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(got.HTML, "<b onclick") {
		t.Error("the site's name became markup")
	}
	if !strings.Contains(got.Subject, m.SiteName) {
		t.Errorf("the subject changed the site's name: %s", got.Subject)
	}
}

func TestEveryLanguageHasEveryKind(t *testing.T) {
	for name, c := range catalogs {
		for _, kind := range Kinds() {
			if w := c.kinds[kind]; w.Subject == "" || w.Heading == "" || w.Intro == "" || w.Button == "" || w.Ignore == "" {
				t.Errorf("%s lacks words for %s", name, kind)
			}
		}
		if len(c.kinds) != len(Kinds()) {
			t.Errorf("%s has %d kinds, want %d", name, len(c.kinds), len(Kinds()))
		}
	}
	for tag, want := range map[string]string{"zh": "zh-CN", "zh-TW": "zh-CN", "ZH_cn": "zh-CN", "en-GB": "en", "de": "en", "": "en", "zhx": "en"} {
		if got := localeOf(tag); got != want {
			t.Errorf("%q reads %s, want %s", tag, got, want)
		}
	}
}
