package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// yamlFile reads a settings file for koanf. Values are kept as they are written, because
// YAML would round an unquoted id of 21 digits and read 0123 as octal.
type yamlFile struct {
	path     string
	problems Error
}

// Unmarshal returns the known settings and keeps problems with single keys aside. An
// error means that the file is no settings file at all; it does not quote from the file,
// which may by mistake be a key.
func (y *yamlFile) Unmarshal(text []byte) (map[string]any, error) {
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	var document, more yaml.Node
	err := decoder.Decode(&document)
	if errors.Is(err, io.EOF) { // only comments
		return nil, nil
	}
	if err == nil && !errors.Is(decoder.Decode(&more), io.EOF) {
		return nil, errors.New("it has a second document; keep one")
	}
	if err != nil || document.Content[0].Kind != yaml.MappingNode {
		return nil, errors.New("it is not YAML with one \"key: value\" per line")
	}

	layer, lines := map[string]any{}, map[string]int{}
	for pair := range slices.Chunk(document.Content[0].Content, 2) {
		key, from := pair[0].Value, fmt.Sprintf("%s: %.60s", y.path, pair[0].Value)
		if line := lines[key]; line > 0 {
			y.wrong(from, fmt.Sprintf("is on line %d and on line %d; keep one", line, pair[0].Line))
			continue
		}
		lines[key] = pair[0].Line
		if !slices.ContainsFunc(settings, func(s setting) bool { return s.key == key }) {
			y.problems = append(y.problems, unknown(from, key, func(s setting) string { return s.key }))
			continue
		}
		value, ok := plain(pair[1])
		if !ok {
			y.wrong(from, "use a single value or a list of single values")
		} else if value != "" {
			layer[key] = entry{from, value}
		}
	}
	return layer, nil
}

func (y *yamlFile) wrong(key, fix string) { y.problems = append(y.problems, Problem{key, "", fix}) }

// Marshal exists for koanf's interface; nothing is ever written.
func (*yamlFile) Marshal(map[string]any) ([]byte, error) { return nil, errors.ErrUnsupported }

// plain is a value as text, a list with commas between its items. It reports whether the
// node is either.
func plain(node *yaml.Node) (string, bool) {
	switch {
	case node.Tag == "!!null":
		return "", true
	case node.Kind == yaml.ScalarNode:
		return node.Value, true
	case node.Kind != yaml.SequenceNode:
		return "", false
	}
	items := make([]string, len(node.Content))
	for i, item := range node.Content {
		if item.Kind != yaml.ScalarNode {
			return "", false
		}
		items[i] = item.Value
	}
	return strings.Join(items, ","), true
}
