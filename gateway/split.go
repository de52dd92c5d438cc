package gateway

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/rivo/uniseg"
)

// A delta of more than splitOver characters (code points) is sent in pieces of
// pieceMin to pieceMax, as near to pieceAim as a good place to cut allows. Only
// a single grapheme can make a piece longer.
const (
	splitOver = 256
	pieceMin  = 64
	pieceAim  = 128
	pieceMax  = 192
)

// breakClass ranks places to cut; higher is better.
type breakClass int

const (
	breakGrapheme breakClass = iota
	breakSpace
	breakSentence
	breakLine
)

// split cuts a delta into pieces whose concatenation it is.
func split(delta string) []string {
	n := utf8.RuneCountInString(delta)
	if n <= splitOver {
		return []string{delta}
	}
	var pieces []string
	for n > pieceMax {
		cut, runes := bestCut(delta, min(pieceMax, n-pieceMin))
		pieces = append(pieces, delta[:cut])
		delta, n = delta[cut:], n-runes
	}
	if delta != "" {
		pieces = append(pieces, delta)
	}
	return pieces
}

// bestCut returns the byte and character length of the next piece: at most
// limit characters, unless its first grapheme alone is longer.
func bestCut(s string, limit int) (cut, runes int) {
	best := breakClass(-1)
	state, afterSentence := -1, false
	for rest, pos, n := s, 0, 0; rest != ""; {
		var cluster string
		cluster, rest, _, state = uniseg.FirstGraphemeClusterInString(rest, state)
		pos += len(cluster)
		n += utf8.RuneCountInString(cluster)
		if n > limit && best >= 0 {
			break
		}
		var class breakClass
		class, afterSentence = classify(cluster, rest, afterSentence)
		switch {
		case n > limit: // no place up to the limit: this grapheme decides
			return pos, n
		case n < pieceMin:
		case class > best, class == best && distance(n) <= distance(runes):
			best, cut, runes = class, pos, n
		}
	}
	return cut, runes
}

func distance(n int) int { return max(n-pieceAim, pieceAim-n) }

const (
	fullWidthEnds = "。！？；…｡"
	closers       = "\"'”’」』）】》)]}"
)

// classify ranks the place behind a grapheme. afterSentence says whether the
// grapheme (a closing quote, say) still belongs to a sentence's end.
func classify(cluster, rest string, afterSentence bool) (breakClass, bool) {
	next, _ := utf8.DecodeRuneInString(rest)
	first, _ := utf8.DecodeRuneInString(cluster)
	ends := strings.ContainsRune(fullWidthEnds, first) ||
		strings.ContainsRune(".!?;", first) && (rest == "" || unicode.IsSpace(next) || strings.ContainsRune(closers, next)) ||
		afterSentence && strings.ContainsRune(closers, first)
	switch {
	case strings.HasSuffix(cluster, "\n"):
		return breakLine, false
	case ends && rest != "" && strings.ContainsRune(closers, next):
		return breakGrapheme, true // the quote goes with the sentence
	case ends:
		return breakSentence, true
	case unicode.IsSpace(first):
		return breakSpace, false
	default:
		return breakGrapheme, false
	}
}
