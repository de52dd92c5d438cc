package config

import (
	"fmt"
	"io"
	"net/url"
	"reflect"
	"strings"

	"gopkg.in/yaml.v3"
)

// redacted stands for a secret that is set.
const redacted = "[secret]"

// WriteYAML writes the values as a file that Load reads, secrets left out of
// sight.
func WriteYAML(w io.Writer, of any) error {
	root, err := mapping(reflect.ValueOf(of).Elem())
	if err != nil {
		return err
	}
	enc := yaml.NewEncoder(w)
	enc.SetIndent(2)
	if err := enc.Encode(root); err != nil {
		return err
	}
	return enc.Close()
}

func mapping(v reflect.Value) (*yaml.Node, error) {
	node := &yaml.Node{Kind: yaml.MappingNode}
	for i := range v.NumField() {
		sf := v.Type().Field(i)
		if !sf.IsExported() {
			continue
		}
		if isInline(sf) {
			inner, err := mapping(v.Field(i))
			if err != nil {
				return nil, err
			}
			node.Content = append(node.Content, inner.Content...)
			continue
		}
		value, err := valueNode(sf, v.Field(i))
		if err != nil {
			return nil, err
		}
		node.Content = append(node.Content, &yaml.Node{Kind: yaml.ScalarNode, Value: fieldName(sf)}, value)
	}
	return node, nil
}

func valueNode(sf reflect.StructField, v reflect.Value) (*yaml.Node, error) {
	if !isLeaf(v.Type()) {
		return mapping(v)
	}
	if isSecret(sf) && !v.IsZero() {
		return &yaml.Node{Kind: yaml.ScalarNode, Value: hide(sf, v), Style: yaml.SingleQuotedStyle}, nil
	}
	var node yaml.Node
	switch {
	case isStructList(v.Type()):
		node = yaml.Node{Kind: yaml.SequenceNode}
		for i := range v.Len() {
			item, err := mapping(v.Index(i))
			if err != nil {
				return nil, err
			}
			node.Content = append(node.Content, item)
		}
		return &node, nil
	case v.Kind() == reflect.Slice:
		items := make([]string, v.Len())
		for i := range items {
			items[i] = text(v.Index(i))
		}
		err := node.Encode(items)
		return &node, err
	case v.Kind() == reflect.Bool, v.Kind() == reflect.Int, v.Kind() == reflect.Int64 && v.Type() != durationType:
		err := node.Encode(v.Interface())
		return &node, err
	}
	err := node.Encode(text(v))
	return &node, err
}

// hide shows of an address all but its password, and nothing of other secrets.
func hide(sf reflect.StructField, v reflect.Value) string {
	if sf.Tag.Get("secret") != "url" {
		return redacted
	}
	u, err := url.Parse(v.String())
	if err != nil {
		return redacted
	}
	if q := u.Query(); q.Has("password") || q.Has("sslpassword") {
		return redacted
	}
	return u.Redacted()
}

// WriteMarkdown writes the reference of all settings, a table to a section.
func WriteMarkdown(w io.Writer, prefix string, of any) error {
	var b strings.Builder
	section := "\x00"
	for _, f := range Fields(prefix, of) {
		if f.Section != section {
			section = f.Section
			title := section
			if title == "" {
				title = "General"
			}
			fmt.Fprintf(&b, "\n## %s\n\n| setting | environment | default | meaning |\n|---|---|---|---|\n", title)
		}
		fmt.Fprintf(&b, "| `%s` | `%s` | %s | %s |\n", f.Name, f.Env, code(f.Default), cell(f))
		if isStructList(f.value.Type()) {
			item := reflect.New(f.value.Type().Elem())
			for _, sub := range walk(prefix, f.Name+"[]", item.Elem()) {
				fmt.Fprintf(&b, "| `%s` | | %s | %s |\n", sub.Name, code(sub.Default), cell(sub))
			}
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func code(s string) string {
	if s == "" {
		return ""
	}
	return "`" + s + "`"
}

func cell(f Field) string {
	s := f.Doc
	if f.Unit != "" {
		s += " Unit: " + f.Unit + "."
	}
	if f.Secret {
		s += " Secret: `" + f.Env + "_FILE` may name a file that holds it."
	}
	return strings.ReplaceAll(s, "|", "\\|")
}
