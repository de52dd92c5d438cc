package provider

import (
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"tessera/fault"
)

// Kind is one type of provider that can be set up: its adapter, and the fields
// of its configuration as a form shows them.
type Kind struct {
	Type        string
	DisplayName string
	// IsSingle says that all providers of the type share one space of subjects:
	// the same number at another server of theirs would be taken for the same
	// person. So there is one of them at a time.
	IsSingle bool
	Fields   []Field
	// Build makes the provider. Fault: a validation fault that names the fields.
	Build func(v Values, rt Runtime) (Provider, error)
}

// Field is one setting of a kind.
type Field struct {
	Name     string
	Doc      string
	Default  string
	IsSecret bool
	IsList   bool // several values
}

// Values are settings by the names of their fields: a string, or a []string
// where the field is a list.
type Values map[string]any

// KindOf describes an adapter by its Config, whose fields are texts or lists
// of texts with the tags name, doc, default and secret.
func KindOf[Config any, Adapter Provider](k Kind, construct func(Config, Runtime) (Adapter, error)) Kind {
	shape := reflect.TypeFor[Config]()
	for i := range shape.NumField() {
		f := shape.Field(i)
		isList := f.Type.Kind() == reflect.Slice
		if !isList && f.Type.Kind() != reflect.String || f.Tag.Get("name") == "" {
			panic("provider: field " + f.Name + " of " + shape.String() + " cannot be shown in a form")
		}
		k.Fields = append(k.Fields, Field{
			Name: f.Tag.Get("name"), Doc: f.Tag.Get("doc"), Default: f.Tag.Get("default"), IsSecret: f.Tag.Get("secret") != "", IsList: isList,
		})
	}
	k.Build = func(v Values, rt Runtime) (Provider, error) {
		var config Config
		v.fill(reflect.ValueOf(&config).Elem())
		return construct(config, rt)
	}
	return k
}

// ValuesOf reads a Config back into values.
func ValuesOf(config any) Values {
	v, shape := Values{}, reflect.ValueOf(config)
	for i := range shape.NumField() {
		name, field := shape.Type().Field(i).Tag.Get("name"), shape.Field(i)
		if field.Kind() == reflect.Slice {
			list, _ := field.Interface().([]string)
			v[name] = list
			continue
		}
		v[name] = field.String()
	}
	return v
}

// fill writes values and defaults into a Config.
func (v Values) fill(config reflect.Value) {
	for i := range config.NumField() {
		tag, field := config.Type().Field(i).Tag, config.Field(i)
		given, found := v[tag.Get("name")]
		if field.Kind() == reflect.String {
			text, ok := given.(string)
			if !ok {
				text = tag.Get("default")
			}
			field.SetString(text)
			continue
		}
		list, ok := textList(given)
		if !ok || !found {
			list, _ = textList(defaultList(tag.Get("default")))
		}
		field.Set(reflect.ValueOf(list))
	}
}

func defaultList(text string) []string {
	if text == "" {
		return nil
	}
	return strings.Split(text, ",")
}

// textList reads a list as it is, or as JSON brings it.
func textList(value any) ([]string, bool) {
	switch items := value.(type) {
	case []string:
		return items, true
	case []any:
		list := make([]string, len(items))
		for i, item := range items {
			text, ok := item.(string)
			if !ok {
				return nil, false
			}
			list[i] = text
		}
		return list, true
	}
	return nil, false
}

// limits of what an administrator types.
const (
	maxValueBytes = 2048
	maxListItems  = 50
)

// ErrSettings is the fault of settings that cannot be used.
var ErrSettings = fault.Declare(fault.Unprocessable, "provider.settings_invalid",
	"The settings of the provider cannot be used.", "Correct the named fields.")

// merge lays changes over values; null takes a value away, so that the default
// holds again. Only fields that are secret, or only those that are not, may be
// among them. Fault: ErrSettings.
func (k Kind) merge(values Values, changes map[string]any, areSecret bool, section string) (Values, error) {
	merged, refused := maps.Clone(values), ErrSettings
	if merged == nil {
		merged = Values{}
	}
	for _, name := range slices.Sorted(maps.Keys(changes)) {
		at := slices.IndexFunc(k.Fields, func(f Field) bool { return f.Name == name && f.IsSecret == areSecret })
		if at < 0 {
			refused = refused.On(section+"."+name, "is no such setting of "+k.Type)
			continue
		}
		if changes[name] == nil {
			delete(merged, name)
			continue
		}
		value, err := k.Fields[at].read(changes[name])
		if err != nil {
			refused = refused.On(section+"."+name, err.Error())
			continue
		}
		merged[name] = value
	}
	if len(refused.Fields) > 0 {
		return nil, refused
	}
	return merged, nil
}

// read takes a value as JSON brings it.
func (f Field) read(value any) (any, error) {
	if !f.IsList {
		text, ok := value.(string)
		if !ok {
			return nil, errors.New("must be a text")
		}
		return text, checkText(text)
	}
	list, ok := textList(value)
	if !ok {
		return nil, errors.New("must be a list of texts")
	}
	if len(list) > maxListItems {
		return nil, fmt.Errorf("must have at most %d items", maxListItems)
	}
	for _, text := range list {
		if err := checkText(text); err != nil || text == "" {
			return nil, errors.New("must be a list of texts without blanks at their ends")
		}
	}
	return list, nil
}

// checkText refuses what a paste brings along unseen.
func checkText(text string) error {
	switch {
	case len(text) > maxValueBytes:
		return fmt.Errorf("must have at most %d bytes", maxValueBytes)
	case strings.TrimSpace(text) != text || strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r == 0x7f }):
		return errors.New("must be one line without blanks at its ends")
	}
	return nil
}

// try builds a provider from settings. Fault: ErrSettings, which names fields
// by their sections.
func (k Kind) try(config, secrets Values, rt Runtime) (Provider, error) {
	all := maps.Clone(config)
	if all == nil {
		all = Values{}
	}
	maps.Copy(all, secrets)
	built, err := k.Build(all, rt)
	var invalid *fault.Fault
	if err == nil || !errors.As(err, &invalid) {
		return built, err
	}
	refused := ErrSettings
	for _, field := range invalid.Fields {
		section := "config."
		if slices.ContainsFunc(k.Fields, func(f Field) bool { return f.Name == field.Name && f.IsSecret }) {
			section = "secrets."
		}
		refused = refused.On(section+field.Name, field.Message)
	}
	return nil, refused
}
