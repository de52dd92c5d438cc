package config

import (
	"encoding"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// Field is one leaf of the tree.
type Field struct {
	Name    string // dotted, as in a file: "http.addr"
	Env     string // "TESSERA_HTTP_ADDR"
	Doc     string
	Unit    string // "" = none
	Default string // as text, "" = none
	Secret  bool
	Section string // the part of Name before the last dot

	value reflect.Value
}

// checker is a struct with rules of its own. report names a field of the
// struct by its config name.
type checker interface {
	Check(report func(field, message string))
}

var (
	durationType = reflect.TypeFor[time.Duration]()
	textType     = reflect.TypeFor[encoding.TextUnmarshaler]()
)

// isLeaf reports whether a type is read as one value.
func isLeaf(t reflect.Type) bool {
	return t.Kind() != reflect.Struct || reflect.PointerTo(t).Implements(textType)
}

// isStructList reports whether t is a list whose items are sections.
func isStructList(t reflect.Type) bool { return t.Kind() == reflect.Slice && !isLeaf(t.Elem()) }

// Fields returns the leaves of the struct that of points to, in order.
func Fields(prefix string, of any) []Field {
	fields := walk(prefix, "", reflect.ValueOf(of).Elem())
	seen := map[string]bool{}
	for _, f := range fields {
		if seen[f.Name] {
			panic("config: two fields are named " + f.Name)
		}
		seen[f.Name] = true
	}
	return fields
}

func walk(prefix, section string, v reflect.Value) []Field {
	var out []Field
	for i := range v.NumField() {
		sf := v.Type().Field(i)
		if !sf.IsExported() {
			continue
		}
		name := join(section, fieldName(sf))
		if isInline(sf) {
			out = append(out, walk(prefix, section, v.Field(i))...)
			continue
		}
		if !isLeaf(sf.Type) {
			out = append(out, walk(prefix, name, v.Field(i))...)
			continue
		}
		out = append(out, Field{
			Name: name, Env: prefix + "_" + strings.ToUpper(strings.ReplaceAll(name, ".", "_")),
			Doc: sf.Tag.Get("doc"), Unit: sf.Tag.Get("unit"), Default: sf.Tag.Get("default"),
			Secret: isSecret(sf), Section: section, value: v.Field(i),
		})
	}
	return out
}

// isInline reports whether a struct's fields stand in the section around it.
func isInline(sf reflect.StructField) bool { return sf.Tag.Get("inline") == "true" }

// isSecret reports whether a field is never shown: tagged secret:"true", or
// secret:"url" for an address that may hold a password.
func isSecret(sf reflect.StructField) bool { return sf.Tag.Get("secret") != "" }

func join(section, name string) string {
	if section == "" {
		return name
	}
	return section + "." + name
}

func fieldName(sf reflect.StructField) string {
	if name := sf.Tag.Get("name"); name != "" {
		return name
	}
	return snake(sf.Name)
}

// snake turns ExternalURL into external_url and HTTPAddr into http_addr.
func snake(name string) string {
	runes := []rune(name)
	var b strings.Builder
	for i, r := range runes {
		if unicode.IsUpper(r) && i > 0 {
			afterLower := !unicode.IsUpper(runes[i-1])
			beforeLower := i+1 < len(runes) && unicode.IsLower(runes[i+1])
			if afterLower || beforeLower {
				b.WriteByte('_')
			}
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}

// setText parses text into v. Lists are separated by commas.
func setText(v reflect.Value, text string) error {
	if u, ok := v.Addr().Interface().(encoding.TextUnmarshaler); ok {
		return u.UnmarshalText([]byte(text))
	}
	switch {
	case v.Type() == durationType:
		d, err := time.ParseDuration(text)
		if err != nil {
			return fmt.Errorf("must be a duration, as in 30s, 10m or 1h")
		}
		v.SetInt(int64(d))
		return nil
	case v.Kind() == reflect.Slice:
		return setList(v, strings.Split(text, ","))
	}
	return setScalar(v, text)
}

func setScalar(v reflect.Value, text string) error {
	switch v.Kind() {
	case reflect.String:
		v.SetString(text)
	case reflect.Bool:
		b, err := strconv.ParseBool(text)
		if err != nil {
			return fmt.Errorf("must be true or false")
		}
		v.SetBool(b)
	case reflect.Int, reflect.Int64:
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return fmt.Errorf("must be a whole number")
		}
		v.SetInt(n)
	case reflect.Float64:
		n, err := strconv.ParseFloat(text, 64)
		if err != nil {
			return fmt.Errorf("must be a number")
		}
		v.SetFloat(n)
	default:
		panic("config: a field of type " + v.Type().String() + " cannot be read")
	}
	return nil
}

// setList sets a list of text items, blank ones left out.
func setList(v reflect.Value, items []string) error {
	list := reflect.MakeSlice(v.Type(), 0, len(items))
	for _, item := range items {
		item = strings.TrimSpace(item)
		if item == "" {
			continue
		}
		element := reflect.New(v.Type().Elem()).Elem()
		if err := setText(element, item); err != nil {
			return fmt.Errorf("item %q: %w", item, err)
		}
		list = reflect.Append(list, element)
	}
	v.Set(list)
	return nil
}

// text is the value as setText reads it.
func text(v reflect.Value) string {
	if m, ok := v.Interface().(encoding.TextMarshaler); ok {
		b, err := m.MarshalText()
		if err == nil {
			return string(b)
		}
	}
	if s, ok := v.Interface().(fmt.Stringer); ok {
		return s.String()
	}
	if v.Kind() == reflect.Slice {
		items := make([]string, v.Len())
		for i := range items {
			items[i] = text(v.Index(i))
		}
		return strings.Join(items, ",")
	}
	return fmt.Sprint(v.Interface())
}

// Text is the field's value as Load reads it.
func (f Field) Text() string { return text(f.value) }
