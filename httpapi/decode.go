package httpapi

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"reflect"
	"strconv"
	"strings"
	"unicode/utf8"

	"tessera/fault"
)

// DecodeJSON reads one JSON object of at most limit bytes into the struct that
// into points to, and refuses a field that it does not know. The faults name
// the field: ErrBodyEmpty, ErrBodyInvalid, ErrBodyTooLarge, ErrUnknownField,
// ErrFieldType, ErrText, ErrNameTwice, ErrTooDeep.
func DecodeJSON(r *http.Request, limit int64, into any) error {
	return decode(r, limit, into, true)
}

// DecodeLooseJSON is DecodeJSON for foreign contracts, whose clients may send
// fields that we do not know.
func DecodeLooseJSON(r *http.Request, limit int64, into any) error {
	return decode(r, limit, into, false)
}

func decode(r *http.Request, limit int64, into any, strict bool) error {
	body, err := ReadBody(r, limit)
	if err != nil {
		return err
	}
	if err := CheckText(body); err != nil {
		return err
	}
	if err := CheckNames(body); err != nil {
		return err
	}
	if string(bytes.TrimSpace(body)) == "null" { // encoding/json would leave the struct as it is
		return ErrBodyInvalid.Saying("The request body must be a JSON object, not null.")
	}
	dec := json.NewDecoder(bytes.NewReader(body))
	if strict {
		dec.DisallowUnknownFields()
	}
	if err := dec.Decode(into); err != nil {
		return explain(err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return ErrBodyInvalid.Saying("The request body goes on after its JSON value, at byte %d.", dec.InputOffset())
	}
	return nil
}

// ReadBody reads the whole body, at most limit bytes. Faults: ErrBodyEmpty,
// ErrBodyTooLarge, ErrBodyUnreadable, ErrTimeout.
func ReadBody(r *http.Request, limit int64) ([]byte, error) {
	body, err := io.ReadAll(io.LimitReader(r.Body, limit+1))
	var over *http.MaxBytesError
	switch {
	case errors.As(err, &over):
		return nil, tooLarge(over.Limit)
	case errors.Is(err, os.ErrDeadlineExceeded):
		return nil, ErrTimeout.Because(err)
	case err != nil:
		return nil, ErrBodyUnreadable.Because(err)
	case int64(len(body)) > limit:
		return nil, tooLarge(limit)
	case len(bytes.TrimSpace(body)) == 0:
		return nil, ErrBodyEmpty
	}
	return body, nil
}

func tooLarge(limit int64) error {
	return ErrBodyTooLarge.Saying("The request body is larger than %d bytes.", limit)
}

// explain turns an error of encoding/json into a fault that says where.
func explain(err error) error {
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	switch {
	case errors.As(err, &kind) && kind.Field == "":
		return ErrBodyInvalid.Saying("The request body must be a JSON object, not %s.", article(kind.Value))
	case errors.As(err, &kind):
		return ErrFieldType.On(kind.Field, fmt.Sprintf("must be %s, not %s", wanted(kind.Type), article(kind.Value)))
	case errors.As(err, &syntax):
		return ErrBodyInvalid.Saying("The request body is not valid JSON at byte %d.", syntax.Offset).Because(err)
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return ErrBodyInvalid.Saying("The request body ends in the middle of its JSON.").Because(err)
	}
	if quoted, found := strings.CutPrefix(err.Error(), "json: unknown field "); found {
		if name, unquoteErr := strconv.Unquote(quoted); unquoteErr == nil {
			return ErrUnknownField.On(name, "is not a field of this request")
		}
	}
	var own *fault.Fault // an UnmarshalJSON of ours may say it better
	if errors.As(err, &own) {
		return own
	}
	return ErrBodyInvalid.Because(err)
}

// wanted names a Go type as JSON knows it.
func wanted(t reflect.Type) string {
	switch t.Kind() {
	case reflect.String:
		return "a string"
	case reflect.Bool:
		return "true or false"
	case reflect.Slice, reflect.Array:
		return "an array"
	case reflect.Map, reflect.Struct:
		return "an object"
	case reflect.Pointer:
		return wanted(t.Elem())
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return "a whole number"
	case reflect.Float32, reflect.Float64:
		return "a number"
	default:
		return "another type"
	}
}

// article makes of encoding/json's word for a value ("array", "number 1.5") one
// that does not repeat the value: it may be a password.
func article(value string) string {
	word, _, _ := strings.Cut(value, " ")
	switch word {
	case "array", "object":
		return "an " + word
	case "bool":
		return "true or false"
	default:
		return "a " + word
	}
}

// CheckText refuses in a JSON body what JSON allows and PostgreSQL cannot
// store: NUL, which only an escape can spell, and bytes that are not UTF-8.
// Fault: ErrText, naming the field.
func CheckText(body []byte) error {
	if !utf8.Valid(body) {
		return ErrText.Saying("The request body is not valid UTF-8.")
	}
	if !bytes.Contains(body, []byte(`\u0000`)) {
		return nil
	}
	var value any
	if json.Unmarshal(body, &value) != nil {
		return nil //nolint:nilerr // the decoder says it better
	}
	if path := findNUL("", value); path != "" {
		return ErrText.On(path, "must not contain a NUL character")
	}
	return nil
}

// findNUL returns the path of the first string or key with a NUL, "" for none.
func findNUL(path string, value any) string {
	switch v := value.(type) {
	case string:
		if strings.ContainsRune(v, 0) {
			return cmp.Or(path, "body")
		}
	case []any:
		for i, item := range v {
			if found := findNUL(fmt.Sprintf("%s[%d]", path, i), item); found != "" {
				return found
			}
		}
	case map[string]any:
		for key, item := range v {
			if strings.ContainsRune(key, 0) {
				return cmp.Or(path, "body")
			}
			if found := findNUL(strings.TrimPrefix(path+"."+key, "."), item); found != "" {
				return found
			}
		}
	}
	return ""
}
