package testuser

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// maxNumber is the highest number of a test user.
const maxNumber = 9999

var (
	prefixPattern = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)
	domainPattern = regexp.MustCompile(`^([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,}$`)
)

func isPrefix(s string) bool { return len(s) <= 40 && prefixPattern.MatchString(s) }

func isDomain(s string) bool { return len(s) <= 253 && domainPattern.MatchString(s) }

// name is what a caller asked for: a prefix, and a number or none.
type name struct {
	prefix string
	number int // 0 = not stated
}

// String is the user name: gymbro-test-01.
func (n name) String() string { return fmt.Sprintf("%s-%02d", n.prefix, n.number) }

// parseName reads "gymbro-test" or "gymbro-test-01" against the allow-list.
func parseName(text string, allowed []string) (name, error) {
	if slices.Contains(allowed, text) {
		return name{prefix: text}, nil
	}
	refused := ErrPrefixNotAllowed.On("username_prefix", "must be one of: "+strings.Join(allowed, ", ")+"; or one of them with a number from 01 to 9999")
	cut := strings.LastIndexByte(text, '-')
	if cut < 0 || !slices.Contains(allowed, text[:cut]) {
		return name{}, refused
	}
	digits := text[cut+1:]
	number, err := strconv.ParseUint(digits, 10, 16)
	if err != nil || len(digits) > 4 || number < 1 || number > maxNumber {
		return name{}, refused
	}
	return name{prefix: text[:cut], number: int(number)}, nil
}

// numbers returns the numbers that users of a prefix have, in order.
func numbers(users []User, prefix string) []int {
	var taken []int
	for _, u := range users {
		if n, err := parseName(u.Username, []string{prefix}); err == nil && n.number > 0 {
			taken = append(taken, n.number)
		}
	}
	slices.Sort(taken)
	return taken
}
