package config

import (
	"errors"
	"io/fs"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/pflag"
)

const (
	prefix   = "SALUR_" // every variable that starts with it is ours
	fileEnv  = prefix + "CONFIG"
	fileFlag = "config"
)

// variables are the environment's names that have a value.
func variables(environ []string) map[string]string {
	env := make(map[string]string, len(environ))
	for _, pair := range environ {
		name, value, _ := strings.Cut(pair, "=")
		env[name] = value
	}
	maps.DeleteFunc(env, func(_, value string) bool { return value == "" })
	return env
}

// unknownVariables are those that start with SALUR_ and belong to no setting: a typing
// error there would otherwise leave a default in force.
func unknownVariables(env map[string]string) (bad Error) {
	known := map[string]bool{fileEnv: true}
	for _, s := range settings {
		known[s.env] = true
	}
	for _, name := range slices.Sorted(maps.Keys(env)) {
		if rest, ours := strings.CutPrefix(name, prefix); ours && !known[name] {
			bad = append(bad, unknown(name, strings.ToLower(rest), func(s setting) string { return s.env }))
		}
	}
	return bad
}

// sharedEnv is the other name that DANA's SDKs know DANA_ENV by. Many programs set it for themselves, so that it counts only
// where dana_env is set nowhere else, and never selects production.
const sharedEnv = "ENV"

// environment is the layer of the environment.
func environment(env map[string]string) map[string]any {
	layer := map[string]any{}
	for _, s := range settings {
		if value, set := env[s.env]; set {
			layer[s.key] = entry{s.env, value}
		}
	}
	return layer
}

// configFile is the path of the YAML file and what named it; both empty for none.
func configFile(flags *pflag.FlagSet, env map[string]string) (from, path string) {
	if flags != nil {
		if f := flags.Lookup(fileFlag); f != nil && f.Value.String() != "" {
			return "--" + fileFlag, f.Value.String()
		}
	}
	return fileEnv, env[fileEnv]
}

// cause is the error without the path, which the problem names already.
func cause(err error) string {
	if wrapped := (*fs.PathError)(nil); errors.As(err, &wrapped) {
		err = wrapped.Err
	}
	return err.Error()
}
