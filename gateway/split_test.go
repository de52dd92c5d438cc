package gateway

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/rivo/uniseg"
	"pgregory.net/rapid"
)

func TestSplitLeavesShortDeltasWhole(t *testing.T) {
	for _, s := range []string{"", "a", strings.Repeat("字", 256)} {
		if got := split(s); len(got) != 1 || got[0] != s {
			t.Errorf("split of %d characters gave %d pieces", utf8.RuneCountInString(s), len(got))
		}
	}
}

func TestSplitPrefersGoodPlaces(t *testing.T) {
	word := strings.Repeat("x", 9) + " "
	tests := map[string]struct{ text, firstEndsWith string }{
		"newline before sentence": {strings.Repeat(word, 8) + "line\n" + strings.Repeat(word, 5) + "End. " + strings.Repeat(word, 20), "line\n"},
		"sentence before space":   {strings.Repeat(word, 9) + "End. " + strings.Repeat(word, 20), "End."},
		"full width":              {strings.Repeat("字", 100) + "。" + strings.Repeat("字", 200), "。"},
		"quote stays":             {strings.Repeat("字", 100) + "。」" + strings.Repeat("字", 200), "。」"},
		"a decimal is no end":     {strings.Repeat("x", 70) + " 3.14" + strings.Repeat("y", 250), " "},
		"space":                   {strings.Repeat("x", 110) + " " + strings.Repeat("y", 250), " "},
		"nothing":                 {strings.Repeat("x", 300), strings.Repeat("x", 128)},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			if got := split(tc.text)[0]; !strings.HasSuffix(got, tc.firstEndsWith) {
				t.Errorf("first piece ends with %q, want %q", got[max(0, len(got)-20):], tc.firstEndsWith)
			}
		})
	}
	if n := utf8.RuneCountInString(split(strings.Repeat("x", 300))[0]); n != pieceAim {
		t.Errorf("a text without any good place: first piece %d, want %d", n, pieceAim)
	}
}

func TestSplitKeepsAHugeGraphemeWhole(t *testing.T) {
	zalgo := "e" + strings.Repeat("\u0301", 400)
	got := split(strings.Repeat("a", 100) + zalgo + strings.Repeat("b", 100))
	for _, piece := range got {
		if strings.Contains(piece, "\u0301") && !strings.Contains(piece, zalgo) {
			t.Fatalf("the grapheme was cut: %q", got)
		}
	}
}

// TestSplitProperties: whatever the text, the pieces are the text, no piece
// ends inside a grapheme, and their sizes keep to the bounds.
func TestSplitProperties(t *testing.T) {
	fragment := rapid.SampledFrom([]string{
		"a", "word ", "字", "。", "！」", ". ", "\n", "\r\n", "  ", "👩‍👩‍👧‍👦", "🇨🇳", "e\u0301", "한", "नि", "\u200d", "3.14", "\u0000",
	})
	rapid.Check(t, func(t *rapid.T) {
		text := strings.Join(rapid.SliceOfN(fragment, 0, 900).Draw(t, "fragments"), "")
		if rapid.Bool().Draw(t, "arbitrary") {
			text += rapid.StringN(0, 800, -1).Draw(t, "text")
		}
		pieces := split(text)
		if strings.Join(pieces, "") != text {
			t.Fatal("the pieces are not the text")
		}
		borders := map[int]bool{0: true, len(text): true}
		longest := 0
		for g, pos := uniseg.NewGraphemes(text), 0; g.Next(); {
			pos += len(g.Bytes())
			borders[pos] = true
			longest = max(longest, len(g.Runes()))
		}
		pos := 0
		for _, piece := range pieces {
			pos += len(piece)
			n := utf8.RuneCountInString(piece)
			if !borders[pos] {
				t.Fatalf("cut inside a grapheme at byte %d", pos)
			}
			if len(pieces) > 1 && n > max(pieceMax, pieceMin+longest) {
				t.Fatalf("piece of %d characters", n)
			}
			if piece == "" && text != "" {
				t.Fatal("empty piece")
			}
		}
	})
}
