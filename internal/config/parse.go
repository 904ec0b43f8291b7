package config

import (
	"fmt"
	"math"
	"net"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"go.uber.org/zap/zapcore"

	"github.com/salur-id/salur/internal/danaclient"
	"github.com/salur-id/salur/internal/money"
	"github.com/salur-id/salur/internal/payout"
)

// parser writes one value into the configuration. It returns how to fix the value, or
// nothing when it was good. A fix never quotes the value: it may be a secret.
type parser func(c *Config, text string) (fix string)

func anyText(at func(*Config) *string) parser {
	return func(c *Config, text string) string {
		*at(c) = text
		return ""
	}
}

// secretLine is a secret of one line. What is in it besides is part of it.
func secretLine(at func(*Config) *Secret) parser {
	return func(c *Config, text string) string {
		if strings.ContainsFunc(text, unicode.IsControl) {
			return "has a line break or another control character in it; copy it again"
		}
		*at(c) = Secret(text)
		return ""
	}
}

// secretWord is a secret that somebody else has made, without spaces: one in it was copied with it, and would be refused much later.
func secretWord(at func(*Config) *Secret) parser {
	return func(c *Config, text string) string {
		if strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r > '~' }) {
			return "has a space, a line break or another character in it that no such secret has; copy it again"
		}
		*at(c) = Secret(text)
		return ""
	}
}

// keyFileName is what the path of a key looks like.
var keyFileName = regexp.MustCompile(`^(~|\.{1,2})?/[^+=\s]*$|^[A-Za-z]:\\|\.(pem|key|der|txt|p8)$`)

// privateKey takes the text as it is; whether it is a key is seen when it is needed.
func privateKey(c *Config, text string) string {
	if !strings.Contains(text, "--") && len(text) < 500 && keyFileName.MatchString(strings.TrimSpace(text)) {
		return "is the path of a file, not a key; set PRIVATE_KEY_PATH to it instead"
	}
	c.DANA.PrivateKey = Secret(text)
	return ""
}

// word is a name that travels in an HTTP header or a login: a space or a line break, as
// left behind by copying, would be refused there much later.
func word(at func(*Config) *string) parser {
	return func(c *Config, text string) string {
		for i := range len(text) {
			if text[i] <= ' ' || text[i] > '~' {
				return "use printable ASCII characters without spaces"
			}
		}
		*at(c) = text
		return ""
	}
}

// oneOf is a choice; upper and lower case are the same.
func oneOf(at func(*Config) *string, choices ...string) parser {
	return func(c *Config, text string) string {
		i := slices.IndexFunc(choices, func(choice string) bool { return strings.EqualFold(choice, text) })
		if i < 0 {
			last := len(choices) - 1
			return "use " + strings.Join(choices[:last], ", ") + " or " + choices[last]
		}
		*at(c) = choices[i]
		return ""
	}
}

func whole(at func(*Config) *int, least, most int) parser {
	return func(c *Config, text string) string {
		n, err := strconv.Atoi(text)
		if err != nil || n < least || n > most {
			if most == math.MaxInt32 {
				return fmt.Sprintf("use a whole number, %d or more", least)
			}
			return fmt.Sprintf("use a whole number from %d to %d", least, most)
		}
		*at(c) = n
		return ""
	}
}

func yes(at func(*Config) *bool) parser {
	return func(c *Config, text string) string {
		*at(c) = text == "true"
		if text != "true" && text != "false" {
			return "use true or false"
		}
		return ""
	}
}

func duration(at func(*Config) *time.Duration, least, most time.Duration) parser {
	return func(c *Config, text string) string {
		d, err := time.ParseDuration(text)
		switch {
		case err == nil && d >= least && d <= most:
			*at(c) = d
			return ""
		case most < math.MaxInt64:
			return fmt.Sprintf("use a duration from %s to %s, such as 10s", least, most)
		case least > 1:
			return fmt.Sprintf("use a duration of %s or more, such as 24h", least)
		}
		return "use a duration of more than 0, such as 30s"
	}
}

// interval is a duration of a second or more, or 0 for never.
func interval(at func(*Config) *time.Duration) parser {
	return func(c *Config, text string) string {
		d, err := time.ParseDuration(text)
		if err != nil || d < 0 || d > 0 && d < time.Second {
			return "use a duration of 1s or more, such as 1m, or 0 for never"
		}
		*at(c) = d
		return ""
	}
}

// mostCents is as many as a double holds exactly: sums are compared in Redis's Lua.
const mostCents = 1<<53 - 1

// amount is rupiah. Zero is the zero Amount: nothing of the kind.
func amount(at func(*Config) *money.Amount) parser {
	return func(c *Config, text string) string {
		a, err := money.Parse(text)
		switch {
		case err != nil:
			return "use an amount in IDR, digits with at most two decimals, such as 5000000 or 5000000.00, or 0 for none"
		case a.Cents() > mostCents:
			return "use at most " + money.FromCents(mostCents).Value()
		case a.Positive():
			*at(c) = a
		}
		return ""
	}
}

// maxAmount is more than nothing: a bound that lets no payout through, or every one, is a mistake.
func maxAmount(c *Config, text string) string {
	a, err := money.Parse(text)
	if err != nil || !a.Positive() || a.Cents() > payout.Most.Cents() {
		return "use an amount in IDR of more than 0 and at most " + payout.Most.Value() + ", digits with at most two decimals, such as 1000000000.00"
	}
	c.Bounds.MaxTotal = a
	return ""
}

// durations is a comma-separated list.
func durations(at func(*Config) *[]time.Duration) parser {
	return func(c *Config, text string) string {
		var list []time.Duration
		for part := range strings.SplitSeq(text, ",") {
			d, err := time.ParseDuration(strings.TrimSpace(part))
			if err != nil || d <= 0 || d > 24*time.Hour {
				return "use durations of more than 0 and at most 24h with commas between them, such as 5s,10s"
			}
			list = append(list, d)
		}
		*at(c) = list
		return ""
	}
}

func hostPort(at func(*Config) *string) parser {
	return func(c *Config, text string) string {
		if !validHostPort(text) {
			return "use host:port, such as 127.0.0.1:8080"
		}
		*at(c) = text
		return ""
	}
}

// validHostPort accepts an empty host (every address) and port 0 (any free port).
func validHostPort(text string) bool {
	host, port, err := net.SplitHostPort(text)
	if err != nil || strings.ContainsAny(host, " \t\r\n/@?#,") {
		return false
	}
	_, err = strconv.ParseUint(port, 10, 16)
	return err == nil
}

func baseURL(c *Config, text string) string {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Hostname() == "" ||
		u.User != nil || strings.ContainsAny(text, "?#") {
		return "use an absolute http or https URL without user, query and fragment, such as https://api.example.com"
	}
	c.DANA.BaseURL = strings.TrimRight(u.String(), "/")
	return ""
}

func redisURL(c *Config, text string) string {
	if _, err := parseRedis(Secret(text)); err != nil {
		return err.Error()
	}
	c.RedisURL = Secret(text)
	return ""
}

func keyFile(c *Config, path string) string {
	text, err := os.ReadFile(path)
	if err != nil {
		return "cannot be read: " + cause(err)
	}
	if strings.TrimSpace(string(text)) == "" {
		return "is empty; put the private key into it"
	}
	c.DANA.PrivateKey, c.DANA.PrivateKeyPath = Secret(text), path
	return ""
}

// notifyAddr switches notifies on at both ends: here, and in what DANA is asked for.
func notifyAddr(c *Config, text string) string {
	if fix := hostPort(func(c *Config) *string { return &c.Notify.Addr })(c, text); fix != "" {
		return fix
	}
	c.DANA.NeedNotify = true
	return ""
}

// notifyPath takes no character that could be written in two ways: DANA signs the path,
// and another spelling of the same one would be no valid signature.
func notifyPath(c *Config, text string) string {
	if text[0] != '/' || strings.ContainsFunc(text, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune("/-._~", r)
	}) {
		return "use the path that DANA calls, such as " + danaclient.NotifyPath + ": a slash, then letters, digits and /-._~"
	}
	c.Notify.Path = text
	return ""
}

const badPublicKey = "is not an RSA public key of 2048 bits or more; use DANA's, in PEM (BEGIN PUBLIC KEY) or bare base64"

func publicKey(c *Config, text string) string {
	key, err := danaclient.ParsePublicKey(text)
	if err != nil {
		return badPublicKey
	}
	c.DANA.PublicKey, c.Notify.Key = key, key
	return ""
}

func publicKeyFile(c *Config, path string) string {
	text, err := os.ReadFile(path)
	if err != nil {
		return "cannot be read: " + cause(err)
	}
	return publicKey(c, string(text))
}

func logLevel(c *Config, text string) string {
	switch level, err := zapcore.ParseLevel(text); {
	case err != nil || level > zapcore.ErrorLevel:
		return "use debug, info, warn or error"
	default:
		c.Log.Level = level
		return ""
	}
}
