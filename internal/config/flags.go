package config

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/pflag"
)

// flag is the setting's name on the command line, without dashes before it.
func (s setting) flag() string { return strings.ReplaceAll(s.key, "_", "-") }

// AddFlags gives a program --config and a flag for every setting that it needs, secrets
// excepted: a flag can be read by anyone on the machine.
func AddFlags(flags *pflag.FlagSet, needs Need) {
	flags.String(fileFlag, "", "YAML file with settings ("+fileEnv+")")
	for _, s := range settings {
		if s.wantedBy(needs) && s.secrecy != secret {
			flags.String(s.flag(), s.def, fmt.Sprintf("%s (%s)", s.usage, s.env))
			_ = flags.MarkHidden(s.flag()) // Help has it; it exists, so there is no error
		}
	}
}

// Help lists the environment variables that a program with these needs reads, one per
// line, for the end of its --help.
func Help(needs Need) string {
	var b strings.Builder
	fmt.Fprintf(&b, "  %-30s %s\n", fileEnv, "YAML file with settings")
	for _, s := range settings {
		if !s.wantedBy(needs) {
			continue
		}
		fmt.Fprintf(&b, "  %-30s %s", s.env, s.usage)
		switch {
		case s.required:
			b.WriteString(" (required)")
		case s.def != "":
			fmt.Fprintf(&b, " (default %s)", s.def)
		}
		b.WriteByte('\n')
	}
	b.WriteString("\nEach but the secrets has a flag, named like it without SALUR_, in small letters with dashes: --log-level is SALUR_LOG_LEVEL.\n")
	return b.String()
}

// flagEntry turns a flag into a setting's entry; other flags are not ours, and koanf leaves
// out those that were not given.
func flagEntry(f *pflag.Flag) (key string, value any) {
	i := slices.IndexFunc(settings, func(s setting) bool { return s.flag() == f.Name })
	if i < 0 || f.Value.String() == "" {
		return "", nil
	}
	return settings[i].key, entry{"--" + f.Name, f.Value.String()}
}
