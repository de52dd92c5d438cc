package identity

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/rivo/uniseg"
	"golang.org/x/text/unicode/norm"

	"tessera/fault"
)

// Limits of a nickname: characters as people count them (UAX #29), and bytes,
// since one character may be made of any number of marks.
const (
	maxNickname      = 32
	maxNicknameBytes = 512
)

// ErrNicknameInvalid is of a nickname that cannot be shown as one.
var ErrNicknameInvalid = fault.Declare(fault.Unprocessable, "identity.nickname_invalid",
	"This nickname cannot be used.", "Use 1 to 32 visible characters on one line.")

// NormalizeNickname returns the form in which a typed nickname is kept: NFC,
// trimmed, single spaces; "" takes the nickname away. What is left is data, HTML
// too: whatever shows it escapes it. It refuses what nobody sees and what turns
// the writing direction of its surroundings. Fault: ErrNicknameInvalid.
func NormalizeNickname(typed string) (string, error) {
	refuse := func(why string, args ...any) (string, error) {
		return "", ErrNicknameInvalid.On("nickname", fmt.Sprintf(why, args...))
	}
	if !utf8.ValidString(typed) {
		return refuse("is not UTF-8")
	}
	nickname := strings.TrimFunc(norm.NFC.String(typed), func(r rune) bool { return r == ' ' || r == '\u3000' || r == '\u00a0' })
	if nickname == "" {
		return "", nil
	}
	for _, r := range nickname {
		if isUnseen(r) {
			return refuse("holds the invisible character U+%04X", r)
		}
	}
	nickname = strings.Join(strings.Fields(nickname), " ")
	switch count := uniseg.GraphemeClusterCount(nickname); {
	case count > maxNickname:
		return refuse("has %d characters, over %d", count, maxNickname)
	case len(nickname) > maxNicknameBytes:
		return refuse("has %d bytes, over %d", len(nickname), maxNicknameBytes)
	case !strings.ContainsFunc(nickname, isSeen):
		return refuse("has no visible character")
	}
	return nickname, nil
}

// NicknameFrom returns the nickname that a name stated elsewhere gives here: as
// much of it as can be used, "" when that is nothing.
func NicknameFrom(stated string) string {
	seen := strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case r == utf8.RuneError, isUnseen(r):
			return -1
		}
		return r
	}, norm.NFC.String(stated))
	var kept strings.Builder
	graphemes := uniseg.NewGraphemes(strings.TrimSpace(seen))
	for count := 0; count < maxNickname && graphemes.Next(); count++ {
		if kept.Len()+len(graphemes.Str()) > maxNicknameBytes {
			break
		}
		kept.WriteString(graphemes.Str())
	}
	nickname, err := NormalizeNickname(kept.String())
	if err != nil {
		return ""
	}
	return nickname
}

// isUnseen reports characters that show nothing or act on their neighbours:
// controls, line ends, format characters (among them all that turn the writing
// direction) but the two joiners that emoji and Persian need, private and
// unassigned ones, and letters that look like nothing.
func isUnseen(r rune) bool {
	switch r {
	case '\u200c', '\u200d':
		return false
	case '\u115f', '\u1160', '\u3164', '\uffa0', '\u2800', '\u034f', '\ufffd':
		return true
	}
	return r != ' ' && !unicode.IsGraphic(r)
}

// isSeen reports characters that leave a mark of their own.
func isSeen(r rune) bool {
	return unicode.In(r, unicode.Letter, unicode.Number, unicode.Punct, unicode.Symbol)
}
