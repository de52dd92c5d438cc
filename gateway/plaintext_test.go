package gateway

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

var plaintextCases = []struct{ name, in, out string }{
	{"plain", "hello", "hello"},
	{"tags go, text stays", "<final><b>Hi</b> there</final>", "Hi there"},
	{"attributes", `<phase id="1" title='a > b'>x</phase>`, "x"},
	{"thinking goes with its text", "<thinking>secret <b>x</b></thinking>\nanswer", "answer"},
	{"nested thinking", "<think>a<think>b</think>c</think>d", "d"},
	{"other case", "<THINK>a</Think>b", "b"},
	{"empty thinking", "<think/>b", "b"},
	{"lone closing tag", "</think>b", "b"},
	{"unclosed thinking", "<think>never ends", ""},
	{"unclosed comment", "a<!-- never ends", "a"},
	{"comment", "a<!-- <b> -- c -->d", "ad"},
	{"cdata", "<![CDATA[a < b && <c>]]> e", "a < b && <c> e"},
	{"declaration", "<?xml version=\"1.0\"?>\n<!DOCTYPE x>\n<a>y</a>", "y"},
	{"entities", "1 &lt; 2 &amp;&amp; &quot;x&quot; &#20013;&#x6587; &hearts;", "1 < 2 && \"x\" 中文 ♥"},
	{"unknown entity", "a &nosuch; b &, c & d", "a &nosuch; b &, c & d"},
	{"comparison", "if a < b && c > d", "if a < b && c > d"},
	{"not a tag", "x <y && z> w", "x <y && z> w"},
	{"less-than heart", "I <3 you", "I <3 you"},
	{"unquoted attribute", "<a b=c>d", "<a b=c>d"},
	{"ends in a tag", "abc <fin", "abc <fin"},
	{"ends in an entity", "abc &am", "abc &am"},
	{"ends in <", "abc <", "abc <"},
	{"escaped tag is text", "&lt;b&gt;", "<b>"},
	{"entities inside thinking", "<think>&lt;/think&gt;</think>x", "x"},
	{"comment opener inside thinking", "<think><!-- </think>x", "x"},
	{"chinese", "<回答>好</回答>", "<回答>好</回答>"},
}

func filtered(mode ResultMode, chunks ...string) (string, ResultMode) {
	f := newFilter(mode)
	var out strings.Builder
	for _, c := range chunks {
		out.WriteString(f.Write(c))
	}
	out.WriteString(f.Close())
	return out.String(), f.Effective()
}

// TestPlaintextOverChunkBorders feeds each case whole, byte by byte, and cut
// in two at every place.
func TestPlaintextOverChunkBorders(t *testing.T) {
	for _, tc := range plaintextCases {
		t.Run(tc.name, func(t *testing.T) {
			inputs := [][]string{{tc.in}, strings.Split(tc.in, "")}
			for i := range tc.in {
				inputs = append(inputs, []string{tc.in[:i], tc.in[i:]})
			}
			for _, chunks := range inputs {
				if got, _ := filtered(XMLPlaintext, chunks...); got != tc.out {
					t.Fatalf("chunks %q: got %q, want %q", chunks, got, tc.out)
				}
			}
		})
	}
}

func TestPlaintextDoesNotDependOnChunks(t *testing.T) {
	piece := rapid.SampledFrom([]string{
		"<think>", "</think>", "<a>", "</a>", "<a b='", "'", "<!--", "-->", "<![CDATA[", "]]>", "&lt;", "&", ";", "<", ">", "/", " ", "x", "中", "]", "-",
	})
	rapid.Check(t, func(t *rapid.T) {
		pieces := rapid.SliceOfN(piece, 0, 40).Draw(t, "pieces")
		whole, _ := filtered(XMLPlaintext, strings.Join(pieces, ""))
		if got, _ := filtered(XMLPlaintext, pieces...); got != whole {
			t.Fatalf("in chunks %q, whole %q", got, whole)
		}
	})
}

func TestPlaintextHoldsALimitedTag(t *testing.T) {
	in := "<a b='" + strings.Repeat("x", 2*maxTag)
	f := newFilter(XMLPlaintext)
	shown := 0
	for _, c := range strings.Split(in, "") {
		shown += len(f.Write(c))
	}
	if held := len(in) - shown; held > maxTag {
		t.Errorf("%d bytes held back", held)
	}
	if got, _ := filtered(XMLPlaintext, in); got != in {
		t.Error("text that only began like a tag should be shown")
	}
}

func TestAutoChoosesByTheFirstCharacters(t *testing.T) {
	tests := []struct {
		chunks []string
		out    string
		mode   ResultMode
	}{
		{[]string{"hello <b>x</b>"}, "hello <b>x</b>", RawPassthrough},
		{[]string{" \n", "<", "final>a</final>"}, "a", XMLPlaintext},
		{[]string{" ", "<", "3 you"}, " <3 you", RawPassthrough},
		{[]string{"<!-- c -->x"}, "x", XMLPlaintext},
		{[]string{" ", "<"}, " <", RawPassthrough},
		{[]string{"  "}, "  ", RawPassthrough},
		{nil, "", RawPassthrough},
	}
	for _, tc := range tests {
		got, mode := filtered(AutoResult, tc.chunks...)
		if got != tc.out || mode != tc.mode {
			t.Errorf("%q: got %q in %s, want %q in %s", tc.chunks, got, mode, tc.out, tc.mode)
		}
	}
}

func TestRawPassesEverythingOn(t *testing.T) {
	if got, mode := filtered(RawPassthrough, " <think>a</think>", "&lt;"); got != " <think>a</think>&lt;" || mode != RawPassthrough {
		t.Errorf("got %q in %s", got, mode)
	}
}
