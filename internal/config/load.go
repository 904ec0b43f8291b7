package config

import (
	"fmt"
	"slices"
	"strings"

	"github.com/knadh/koanf/providers/confmap"
	"github.com/knadh/koanf/providers/file"
	"github.com/knadh/koanf/providers/posflag"
	"github.com/knadh/koanf/v2"
	"github.com/spf13/pflag"

	"github.com/salur-id/salur/internal/danaclient"
	"github.com/salur-id/salur/internal/nearest"
)

// Options is what Load reads from, and for whom.
type Options struct {
	// Needs are the settings that the program uses. The values of all others are not even
	// looked at; their names are known.
	Needs Need
	// MayLack are those of them that the program can do without as a whole: when nothing of them was
	// given they are left zero. Half of them is refused all the same.
	MayLack Need
	// Flags are the program's, AddFlags among them and parsed; nil for none.
	Flags *pflag.FlagSet
	// Environ is the environment as os.Environ gives it. Of a name that is there twice the
	// last counts.
	Environ []string
}

// entry is a value on its way through the layers, with the name it was given under.
type entry struct {
	From string
	Text string
}

// Load reads the configuration: flag before environment before YAML file before default.
// An empty value is no value, in every layer. Line ends behind a value are not part of it: a file that becomes a
// variable has one. All that is wrong is in one Error.
func Load(o Options) (Config, error) {
	env := variables(o.Environ)
	bad := unknownVariables(env)

	k := koanf.New(".")
	defaults := map[string]any{}
	for _, s := range settings {
		if s.def != "" {
			defaults[s.key] = entry{s.env, s.def}
		}
	}
	// A map of the table's own keys cannot fail to load, here and below.
	_ = k.Load(confmap.Provider(defaults, ""), nil)
	if text, set := env[sharedEnv]; set {
		_ = k.Load(confmap.Provider(map[string]any{"dana_env": entry{sharedEnv, text}}, ""), nil)
	}

	if from, path := configFile(o.Flags, env); path != "" {
		parser := yamlFile{path: path}
		if err := k.Load(file.Provider(path), &parser); err != nil {
			// What the file would have said is not known, so nothing is said about
			// values and missing credentials.
			return Config{}, append(bad, Problem{from, path, "cannot be read: " + cause(err)})
		}
		bad = append(bad, parser.problems...)
	}
	_ = k.Load(confmap.Provider(environment(env), ""), nil)
	if o.Flags != nil {
		_ = k.Load(posflag.ProviderWithFlag(o.Flags, ".", nil, flagEntry), nil)
	}

	if !given(k, o.MayLack) {
		o.Needs &^= o.MayLack
	}
	var c Config
	for _, s := range settings {
		if !s.wantedBy(o.Needs) {
			continue
		}
		e, set := k.Get(s.key).(entry)
		e.Text = strings.TrimRight(e.Text, "\r\n")
		if !set || e.Text == "" {
			if s.required {
				fix := fmt.Sprintf("is required; set it in the environment, or %s in the configuration file", s.key)
				if s.hint != "" {
					fix += "; " + s.hint
				}
				bad = append(bad, Problem{s.env, "", fix})
			}
			continue
		}
		fix := s.parse(&c, e.Text)
		if e.From == sharedEnv && c.DANA.Env != Sandbox {
			fix = "can only say sandbox; set DANA_ENV to sandbox or production, which decides"
		}
		if s.secrecy == hidden && strings.HasPrefix(e.From, "--") && (strings.Contains(e.Text, "@") || strings.Contains(e.Text, "_password=")) {
			fix = "a login in a flag can be read by others on this machine; set " + s.env + " instead"
		}
		if fix != "" {
			bad = append(bad, s.problem(e, fix))
		}
	}
	bad = append(bad, contradictions(c, k, o.Needs)...)
	if len(bad) > 0 {
		return Config{}, bad
	}
	return c, nil
}

// given reports whether any setting of these needs was given; a default is not.
func given(k *koanf.Koanf, needs Need) bool {
	return slices.ContainsFunc(settings, func(s setting) bool {
		e, set := k.Get(s.key).(entry)
		return s.need&needs != 0 && set && e != entry{s.env, s.def}
	})
}

// contradictions are settings that are good one by one but not together.
func contradictions(c Config, k *koanf.Koanf, needs Need) (bad Error) {
	at := func(key string) (entry, bool) {
		e, set := k.Get(key).(entry)
		return e, set
	}
	env, _ := at("dana_env")
	if base, set := at("dana_base_url"); set && env.From != sharedEnv && // that one says sandbox or is refused by itself
		c.DANA.Env == Production && strings.HasPrefix(c.DANA.BaseURL, "http:") {
		bad = append(bad, Problem{base.From, base.Text, "use https when DANA_ENV is production"})
	}
	if needs&NeedCredentials != 0 && c.DANA.AuditWhole {
		whole, _ := at("audit_whole")
		switch host, _ := danaclient.BaseURL(Production); {
		case c.DANA.Env == Production || strings.HasPrefix(strings.ToLower(c.DANA.BaseURL)+"/", host+"/"):
			bad = append(bad, Problem{whole.From, whole.Text, "is for DANA's sandbox alone: the file would hold phone numbers, accounts and names; unset it"})
		case c.DANA.AuditFile == "":
			bad = append(bad, Problem{whole.From, whole.Text, "keeps nothing without SALUR_AUDIT_FILE; set that too"})
		}
	}
	if needs&NeedCredentials != 0 {
		key, keySet := at("private_key")
		path, pathSet := at("private_key_path")
		switch {
		case keySet && pathSet:
			// Which of the two is the right one is not known, and the wrong one would sign
			// for somebody else.
			bad = append(bad, Problem{key.From, "", path.From + " is set as well; set one of the two"})
		case !keySet && !pathSet:
			bad = append(bad, Problem{"PRIVATE_KEY", "", "is required; set it or PRIVATE_KEY_PATH in the environment, " +
				"or private_key_path in the configuration file"})
		}
		if sign, _ := at("signature"); c.DANA.Signature == Symmetric && c.DANA.ClientSecret == "" {
			bad = append(bad, Problem{sign.From, sign.Text, "needs CLIENT_SECRET; set it in the environment, or use asymmetric"})
		}
	}
	publicKey, publicKeySet := at("dana_public_key")
	publicPath, publicPathSet := at("dana_public_key_path")
	if publicKeySet && publicPathSet {
		// Which of the two is DANA's is not known; the other one could let somebody else
		// have DANA asked.
		bad = append(bad, Problem{publicKey.From, "", publicPath.From + " is set as well; set one of the two"})
	}
	if needs&NeedWorker != 0 {
		bad = append(bad, webhookContradictions(c, k)...)
		bad = append(bad, fundsContradictions(c, k)...)
	}
	if needs&NeedHTTP != 0 {
		user, userSet := at("ui_user")
		password, passwordSet := at("ui_password")
		switch {
		case userSet && !passwordSet:
			bad = append(bad, Problem{user.From, "", "is set without SALUR_UI_PASSWORD; set both or neither"})
		case passwordSet && !userSet:
			bad = append(bad, Problem{password.From, "", "is set without SALUR_UI_USER; set both or neither"})
		}
		if _, notify := at("notify_addr"); notify && !publicKeySet && !publicPathSet {
			bad = append(bad, Problem{"DANA_PUBLIC_KEY", "", "is required with SALUR_NOTIFY_ADDR; set it or DANA_PUBLIC_KEY_PATH in the environment, " +
				"or dana_public_key_path in the configuration file"})
		}
	}
	return bad
}

// longest is the most characters of a value that a problem shows.
const longest = 200

// problem says what is wrong with a value, without showing one that may be secret: an @
// may stand behind a password in any URL, and a long text may be a key in the wrong place.
func (s setting) problem(e entry, fix string) Problem {
	value := e.Text
	if s.secrecy != open || strings.Contains(value, "@") || len(value) > longest {
		value = ""
	}
	return Problem{e.From, value, fix}
}

// unknown is the problem of a name that no setting has. key is the name as a YAML key
// would be spelled.
func unknown(from, key string, spell func(setting) string) Problem {
	keys := make([]string, len(settings))
	for i, s := range settings {
		keys[i] = s.key
	}
	if name, ok := nearest.Name(key, keys); ok {
		i := slices.Index(keys, name)
		return Problem{from, "", "does not exist; did you mean " + spell(settings[i]) + "?"}
	}
	return Problem{from, "", "does not exist; remove it (--help lists what there is)"}
}
