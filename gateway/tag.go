package gateway

import "strings"

// tag is what parseTag found at the start of a text.
type tag struct {
	name           string // in lower case, "" for <?...?> and <!...>
	closing, empty bool   // </name>, <name/>
	length         int    // 0 = no tag here
	incomplete     bool   // it may become one with more text
}

func isNameStart(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_' || c == ':'
}

func isNameByte(c byte) bool {
	return isNameStart(c) || c >= '0' && c <= '9' || c == '-' || c == '.'
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\r' || c == '\n' }

// parseTag reads one tag by XML's grammar: a name, attributes with quoted
// values, ">" or "/>". What does not follow it ("a < b", "x <y && z>") is no
// tag, so that code and comparisons in a reply survive.
func parseTag(text string) tag {
	s := &scanner{text: text, pos: 1}
	if s.more() && (s.peek() == '?' || s.peek() == '!') {
		return s.declaration()
	}
	t := tag{closing: s.accept('/')}
	t.name = strings.ToLower(s.name())
	for t.name != "" || !s.more() {
		hadSpace := s.space()
		switch {
		case !s.more():
			return tag{incomplete: true}
		case s.accept('>'):
			t.length = s.pos
			return t
		case !t.closing && s.accept('/'):
			t.empty = true
			if s.more() && s.peek() != '>' {
				return tag{}
			}
		case t.closing || t.empty || !hadSpace || !s.attribute():
			if s.more() {
				return tag{}
			}
			return tag{incomplete: true}
		}
	}
	return tag{}
}

type scanner struct {
	text string
	pos  int
}

func (s *scanner) more() bool { return s.pos < len(s.text) }
func (s *scanner) peek() byte { return s.text[s.pos] }

func (s *scanner) accept(c byte) bool {
	if s.more() && s.peek() == c {
		s.pos++
		return true
	}
	return false
}

func (s *scanner) space() bool {
	start := s.pos
	for s.more() && isSpace(s.peek()) {
		s.pos++
	}
	return s.pos > start
}

func (s *scanner) name() string {
	start := s.pos
	if !s.more() || !isNameStart(s.peek()) {
		return ""
	}
	for s.more() && isNameByte(s.peek()) {
		s.pos++
	}
	return s.text[start:s.pos]
}

// attribute reads name="value"; false = none, or the text ended in it.
func (s *scanner) attribute() bool {
	if s.name() == "" {
		return false
	}
	s.space()
	if !s.accept('=') {
		return false
	}
	s.space()
	if !s.more() || s.peek() != '"' && s.peek() != '\'' {
		return false
	}
	quote := s.peek()
	s.pos++
	end := strings.IndexByte(s.text[s.pos:], quote)
	if end < 0 {
		s.pos = len(s.text)
		return false
	}
	s.pos += end + 1
	return true
}

// declaration reads <?xml ...?> and <!DOCTYPE ...>.
func (s *scanner) declaration() tag {
	s.pos++
	if !s.more() {
		return tag{incomplete: true}
	}
	if !isNameStart(s.peek()) {
		return tag{}
	}
	end := strings.IndexByte(s.text[s.pos:], '>')
	if end < 0 {
		return tag{incomplete: true}
	}
	return tag{length: s.pos + end + 1}
}
