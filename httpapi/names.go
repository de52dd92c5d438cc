package httpapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// maxDepth is how deeply arrays and objects of a body may be nested. Whoever
// reads such a body later may recurse.
const maxDepth = 128

// CheckNames refuses a JSON body in which an object has one name twice: which
// of the two counts differs from parser to parser (RFC 8259 4), and so may
// what was checked and what is done. It refuses nesting beyond 128 levels too.
// A body that is no JSON passes: the decoder says it better. Faults:
// ErrNameTwice, naming the field, and ErrTooDeep.
func CheckNames(body []byte) error {
	w := nameWalk{dec: json.NewDecoder(bytes.NewReader(body))}
	w.dec.UseNumber() // a number of any size is none of our business here
	err := w.value("", 0)
	if errors.Is(err, ErrNameTwice) || errors.Is(err, ErrTooDeep) {
		return err
	}
	return nil
}

type nameWalk struct{ dec *json.Decoder }

func (w nameWalk) value(path string, depth int) error {
	token, err := w.dec.Token()
	if err != nil {
		return err
	}
	switch token {
	case json.Delim('{'):
		return w.object(path, depth+1)
	case json.Delim('['):
		return w.array(path, depth+1)
	}
	return nil
}

func (w nameWalk) object(path string, depth int) error {
	if depth > maxDepth {
		return ErrTooDeep
	}
	seen := map[string]bool{}
	for w.dec.More() {
		token, err := w.dec.Token()
		if err != nil {
			return err
		}
		name, _ := token.(string) // a name is a string, or Token has failed
		inner := strings.TrimPrefix(path+"."+name, ".")
		if seen[name] {
			return ErrNameTwice.On(inner, "is there twice")
		}
		seen[name] = true
		if err := w.value(inner, depth); err != nil {
			return err
		}
	}
	_, err := w.dec.Token()
	return err
}

func (w nameWalk) array(path string, depth int) error {
	if depth > maxDepth {
		return ErrTooDeep
	}
	for i := 0; w.dec.More(); i++ {
		if err := w.value(fmt.Sprintf("%s[%d]", path, i), depth); err != nil {
			return err
		}
	}
	_, err := w.dec.Token()
	return err
}
