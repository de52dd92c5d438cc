package gateway

import (
	"html"
	"strings"
)

// A filter turns the upstream's text into the client's, chunk by chunk.
type filter interface {
	// Write takes a chunk and returns what can be shown of it by now.
	Write(chunk string) string
	// Close returns what was held back.
	Close() string
	// Effective is the mode in force.
	Effective() ResultMode
}

// newFilter returns the filter of a mode:
//
//   - raw_passthrough: the text as it came.
//   - xml_plaintext: for models that answer in XML. Tags, comments, processing
//     instructions and declarations are taken out and their text is kept;
//     elements in which a model thinks (hiddenElements) are taken out with
//     their text; character references are resolved, CDATA sections unwrapped,
//     white space at the start dropped. A "<" that begins no tag is text.
//   - auto: xml_plaintext when the first characters that are not white space
//     begin a tag, else raw_passthrough.
func newFilter(mode ResultMode) filter {
	switch mode {
	case XMLPlaintext:
		return &plaintext{}
	case AutoResult:
		return &automatic{}
	default:
		return verbatim{}
	}
}

type verbatim struct{}

func (verbatim) Write(chunk string) string { return chunk }
func (verbatim) Close() string             { return "" }
func (verbatim) Effective() ResultMode     { return RawPassthrough }

// automatic holds the text back until it can choose.
type automatic struct {
	held   string
	chosen filter
}

func (a *automatic) Write(chunk string) string {
	if a.chosen != nil {
		return a.chosen.Write(chunk)
	}
	a.held += chunk
	text := strings.TrimLeft(a.held, " \t\r\n\ufeff")
	switch {
	case text == "" || text == "<":
		return ""
	case text[0] == '<' && (isNameStart(text[1]) || strings.IndexByte("/!?", text[1]) >= 0):
		a.chosen = &plaintext{}
	default:
		a.chosen = verbatim{}
	}
	held := a.held
	a.held = ""
	return a.chosen.Write(held)
}

func (a *automatic) Close() string {
	if a.chosen == nil {
		return a.held
	}
	return a.chosen.Close()
}

func (a *automatic) Effective() ResultMode {
	if a.chosen == nil {
		return RawPassthrough
	}
	return a.chosen.Effective()
}

// hiddenElements are elements whose text is not part of the reply.
var hiddenElements = map[string]bool{
	"think": true, "thinking": true, "thought": true, "thoughts": true,
	"reasoning": true, "reflection": true, "scratchpad": true,
}

const (
	maxTag    = 4096 // a longer "tag" is text
	maxEntity = 12   // "&thetasym;" and numeric references fit
)

// plaintext strips markup. held is the start of something that may become
// markup with the next chunk.
type plaintext struct {
	held    string
	hidden  string // the element or section being skipped, "" = none
	depth   int    // how many of that element are open
	cdata   bool
	started bool // something other than white space was shown
}

func (p *plaintext) Effective() ResultMode { return XMLPlaintext }

func (p *plaintext) Write(chunk string) string {
	text := p.held + chunk
	p.held = ""
	var out strings.Builder
	for text != "" {
		shown, n := p.step(text)
		if n == 0 {
			p.held = text
			break
		}
		out.WriteString(shown)
		text = text[n:]
	}
	return p.trimStart(out.String())
}

// Close shows what turned out to be no markup. Thoughts that never ended stay
// hidden.
func (p *plaintext) Close() string {
	held := p.held
	p.held = ""
	if p.hidden != "" {
		return ""
	}
	return p.trimStart(held)
}

func (p *plaintext) trimStart(s string) string {
	if p.started {
		return s
	}
	s = strings.TrimLeft(s, " \t\r\n\ufeff")
	p.started = s != ""
	return s
}

// step consumes n bytes from the front and says what to show of them; n = 0
// asks for more text.
func (p *plaintext) step(text string) (shown string, n int) {
	if p.cdata {
		return p.section(text, "]]>", true, &p.cdata)
	}
	if p.hidden == "!--" {
		open := true
		_, n = p.section(text, "-->", false, &open)
		if !open {
			p.hidden = ""
		}
		return "", n
	}
	special := "<&"
	if p.hidden != "" {
		special = "<"
	}
	if i := strings.IndexAny(text, special); i != 0 {
		if i < 0 {
			i = len(text)
		}
		return p.visible(text[:i]), i
	}
	if text[0] == '&' {
		return entity(text)
	}
	return p.markup(text)
}

func (p *plaintext) visible(s string) string {
	if p.hidden != "" {
		return ""
	}
	return s
}

// section consumes up to and including end, which it holds back in part.
func (p *plaintext) section(text, end string, show bool, open *bool) (string, int) {
	body, _, found := strings.Cut(text, end)
	n := len(body) + len(end)
	if !found {
		keep := partialSuffix(text, end)
		body = text[:len(text)-keep]
		n = len(body)
	} else {
		*open = false
	}
	if !show {
		body = ""
	}
	return body, n
}

// partialSuffix is how many bytes at the end of s may be the start of end.
func partialSuffix(s, end string) int {
	for n := min(len(end)-1, len(s)); n > 0; n-- {
		if strings.HasSuffix(s, end[:n]) {
			return n
		}
	}
	return 0
}

// entity resolves a character reference; an "&" that begins none is text.
func entity(text string) (string, int) {
	for i := 1; i < len(text) && i < maxEntity; i++ {
		switch c := text[i]; {
		case c == ';':
			return html.UnescapeString(text[:i+1]), i + 1
		case c == '#' && i == 1, isNameStart(c) && c != ':', c >= '0' && c <= '9':
		default:
			return "&", 1
		}
	}
	if len(text) < maxEntity {
		return "", 0
	}
	return "&", 1
}

// markup handles text that begins with "<".
func (p *plaintext) markup(text string) (string, int) {
	for prefix, begin := range map[string]func(){
		"<!--":      func() { p.hidden = "!--" },
		"<![CDATA[": func() { p.cdata = true },
	} {
		switch {
		case strings.HasPrefix(text, prefix) && p.hidden == "":
			begin()
			return "", len(prefix)
		case strings.HasPrefix(prefix, text):
			return "", 0
		}
	}
	t := parseTag(text)
	switch {
	case t.length > 0:
		p.enter(t)
		return "", t.length
	case t.incomplete && len(text) < maxTag:
		return "", 0
	default:
		return p.visible("<"), 1
	}
}

// enter follows an element in which a model thinks.
func (p *plaintext) enter(t tag) {
	switch {
	case p.hidden == "" && hiddenElements[t.name] && !t.closing && !t.empty:
		p.hidden, p.depth = t.name, 1
	case p.hidden == "" || t.name != p.hidden || t.empty:
	case t.closing:
		p.depth--
		if p.depth == 0 {
			p.hidden = ""
		}
	default:
		p.depth++
	}
}
