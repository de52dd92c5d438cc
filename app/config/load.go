package config

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"reflect"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// Source is where a configuration comes from.
type Source struct {
	Prefix  string   // of environment variables, without the underscore
	File    string   // "" = none
	Environ []string // "NAME=value", as os.Environ returns it
	// Reserved are variables under the prefix that mean something else.
	Reserved []string
}

// Problem is one thing that is wrong.
type Problem struct {
	Where   string // the variable, or file:line and name, as whoever wrote it knows it
	Message string
}

// Problems are all things that are wrong.
type Problems []Problem

// Error lists the problems, one to a line.
func (p Problems) Error() string {
	lines := make([]string, len(p))
	for i, problem := range p {
		lines[i] = problem.Where + ": " + problem.Message
	}
	return strings.Join(lines, "\n")
}

// loader gathers problems, and remembers where each value came from so that a
// later rule can say which line or variable breaks it.
type loader struct {
	source   Source
	problems Problems
	origin   map[string]string
}

// Load fills the struct that into points to. Its error is of type Problems.
func Load(into any, source Source) error {
	l := &loader{source: source, origin: map[string]string{}}
	fields := Fields(source.Prefix, into)
	l.defaults(fields)
	if source.File != "" {
		l.file(reflect.ValueOf(into).Elem())
	}
	l.environment(fields)
	l.check("", reflect.ValueOf(into))
	if len(l.problems) > 0 {
		return l.problems
	}
	return nil
}

// Default returns a T of defaults only. A default that cannot be read is a
// mistake in the program.
func Default[T any]() T {
	var value T
	l := &loader{}
	l.defaults(Fields("", &value))
	return value
}

func (l *loader) defaults(fields []Field) {
	for _, f := range fields {
		if f.Default == "" {
			continue
		}
		if err := setText(f.value, f.Default); err != nil {
			panic(fmt.Sprintf("config: default of %s: %v", f.Name, err))
		}
	}
}

func (l *loader) report(where, format string, args ...any) {
	l.problems = append(l.problems, Problem{Where: where, Message: fmt.Sprintf(format, args...)})
}

// environment reads the variables, and refuses those that no field answers to:
// a misspelled setting must not be ignored in silence.
func (l *loader) environment(fields []Field) {
	byEnv := map[string]Field{}
	for _, f := range fields {
		byEnv[f.Env] = f
	}
	set := map[string]string{}
	for _, pair := range l.source.Environ {
		name, value, _ := strings.Cut(pair, "=")
		if strings.HasPrefix(name, l.source.Prefix+"_") && !slices.Contains(l.source.Reserved, name) {
			set[name] = value
		}
	}
	for _, name := range sortedKeys(set) {
		f, known := byEnv[name]
		if known {
			l.variable(f, name, set[name])
			continue
		}
		f, known = byEnv[strings.TrimSuffix(name, "_FILE")]
		if known && !f.Secret {
			l.report(name, "only a secret is read from a file of its own: set %s itself", f.Env)
			continue
		}
		if !known || !strings.HasSuffix(name, "_FILE") {
			l.report(name, "no setting has this name%s", suggest(name, byEnv))
			continue
		}
		if _, both := set[f.Env]; both {
			l.report(name, "%s is set as well: set one of them", f.Env)
			continue
		}
		content, err := os.ReadFile(set[name])
		if err != nil {
			l.report(name, "cannot be read: %v", unwrapPath(err))
			continue
		}
		l.variable(f, name, strings.TrimRight(string(content), "\r\n"))
	}
}

func unwrapPath(err error) error {
	var path *os.PathError
	if errors.As(err, &path) {
		return fmt.Errorf("%s: %w", path.Path, path.Err)
	}
	return err
}

func (l *loader) variable(f Field, name, value string) {
	l.origin[f.Name] = name
	if isStructList(f.value.Type()) {
		var doc yaml.Node
		if err := yaml.Unmarshal([]byte(value), &doc); err != nil || len(doc.Content) == 0 {
			l.report(name, "must be a JSON list of objects")
			return
		}
		l.list(f.value, doc.Content[0], name)
		return
	}
	if err := setText(f.value, value); err != nil {
		l.report(name, "%s", refusal(f, err))
	}
}

// refusal says what is wrong, without the value of a secret.
func refusal(f Field, err error) string {
	if f.Secret {
		return "is not a valid value"
	}
	return err.Error()
}

func (l *loader) file(root reflect.Value) {
	file, err := os.Open(l.source.File)
	if err != nil {
		l.report(l.source.File, "cannot be read: %v", err)
		return
	}
	defer func() { _ = file.Close() }()
	var doc yaml.Node
	switch err := yaml.NewDecoder(file).Decode(&doc); {
	case errors.Is(err, io.EOF): // an empty file says nothing
	case err != nil:
		l.report(l.source.File, "is not valid YAML: %v", err)
	default:
		l.section("", root, doc.Content[0], l.source.File)
	}
}

func (l *loader) section(name string, v reflect.Value, node *yaml.Node, origin string) {
	if node.Kind != yaml.MappingNode {
		if node.Tag != "!!null" {
			l.report(at(origin, node, name), "must be a section of settings")
		}
		return
	}
	known := members(v)
	seen := map[string]bool{}
	for i := 0; i+1 < len(node.Content); i += 2 {
		key, value := node.Content[i], node.Content[i+1]
		full := join(name, key.Value)
		field, ok := known[key.Value]
		switch {
		case !ok:
			l.report(at(origin, key, full), "no setting has this name")
		case seen[key.Value]:
			l.report(at(origin, key, full), "is set twice")
		default:
			l.value(full, field, value, origin)
		}
		seen[key.Value] = true
	}
}

// member is a field of a section with its value.
type member struct {
	sf    reflect.StructField
	value reflect.Value
}

// members returns a section's fields by name, those of inline structs among them.
func members(v reflect.Value) map[string]member {
	out := map[string]member{}
	for i := range v.NumField() {
		sf := v.Type().Field(i)
		switch {
		case !sf.IsExported():
		case isInline(sf):
			maps.Copy(out, members(v.Field(i)))
		default:
			out[fieldName(sf)] = member{sf, v.Field(i)}
		}
	}
	return out
}

func (l *loader) value(name string, field member, node *yaml.Node, origin string) {
	sf, v := field.sf, field.value
	if node.Kind == yaml.AliasNode {
		node = node.Alias
	}
	where := at(origin, node, name)
	l.origin[name] = where
	switch {
	case !isLeaf(v.Type()):
		l.section(name, v, node, origin)
	case node.Tag == "!!null": // "key:" with nothing after it keeps the default
	case isStructList(v.Type()):
		l.list(v, node, where)
	case node.Kind == yaml.SequenceNode && v.Kind() == reflect.Slice:
		items := make([]string, len(node.Content))
		for i, item := range node.Content {
			items[i] = item.Value
		}
		l.set(sf, where, setList(v, items))
	case node.Kind != yaml.ScalarNode:
		l.report(where, "must be a single value")
	default:
		l.set(sf, where, setText(v, node.Value))
	}
}

func (l *loader) set(sf reflect.StructField, where string, err error) {
	if err != nil {
		l.report(where, "%s", refusal(Field{Secret: isSecret(sf)}, err))
	}
}

func (l *loader) list(v reflect.Value, node *yaml.Node, where string) {
	if node.Kind != yaml.SequenceNode {
		l.report(where, "must be a list")
		return
	}
	out := reflect.MakeSlice(v.Type(), len(node.Content), len(node.Content))
	for i, item := range node.Content {
		element := out.Index(i)
		l.defaults(walk("", "", element))
		l.section("", element, item, fmt.Sprintf("%s[%d]", where, i))
		l.check(fmt.Sprintf("%s[%d]", where, i), element.Addr())
	}
	v.Set(out)
}

// at names a place in a file.
func at(origin string, node *yaml.Node, name string) string {
	return strings.TrimSuffix(fmt.Sprintf("%s:%d: %s", origin, node.Line, name), ": ")
}

// check runs the rules of every section, the innermost first.
func (l *loader) check(name string, pointer reflect.Value) {
	v := pointer.Elem()
	for i := range v.NumField() {
		if sf := v.Type().Field(i); sf.IsExported() && !isLeaf(sf.Type) {
			section := join(name, fieldName(sf))
			if isInline(sf) {
				section = name
			}
			l.check(section, v.Field(i).Addr())
		}
	}
	if c, ok := pointer.Interface().(checker); ok {
		c.Check(func(field, message string) {
			full := join(name, field)
			if origin := l.origin[full]; origin != "" {
				full = origin
			}
			l.report(full, "%s", message)
		})
	}
}
