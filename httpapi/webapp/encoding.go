package webapp

import (
	"strconv"
	"strings"
)

// choose returns the smallest variant that the client takes (RFC 9110
// 12.5.3). An encoding with q=0 is refused, and so is identity when the client
// says so.
func choose(variants []variant, acceptEncoding string) (variant, bool) {
	accepted := parseAccept(acceptEncoding)
	for _, v := range variants {
		if accepted.takes(v.encoding) {
			return v, true
		}
	}
	return variant{}, false
}

// acceptance is a parsed Accept-Encoding: weights by name.
type acceptance map[string]float64

func parseAccept(header string) acceptance {
	accepted := acceptance{}
	for item := range strings.SplitSeq(header, ",") {
		name, parameters, _ := strings.Cut(item, ";")
		name = strings.ToLower(strings.TrimSpace(name))
		if name == "" {
			continue
		}
		weight := 1.0
		key, value, _ := strings.Cut(strings.TrimSpace(parameters), "=")
		if strings.EqualFold(strings.TrimSpace(key), "q") {
			if q, err := strconv.ParseFloat(strings.TrimSpace(value), 64); err == nil {
				weight = q
			}
		}
		accepted[name] = weight
	}
	return accepted
}

func (a acceptance) takes(encoding string) bool {
	isIdentity := encoding == ""
	if isIdentity {
		encoding = "identity"
	}
	if q, named := a[encoding]; named {
		return q > 0
	}
	if q, named := a["*"]; named {
		return q > 0
	}
	return isIdentity
}
