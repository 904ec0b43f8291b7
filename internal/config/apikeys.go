package config

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// keyName is what may stand in a history and in a log as it is.
var keyName = regexp.MustCompile(`^[A-Za-z0-9._-]{1,64}$`)

const howToMakeAKey = "make a key with: openssl rand -hex 32, and its hash with: printf %s KEY | sha256sum"

// apiKeys reads name:sha256hex, comma-separated. A fix counts the entries and quotes none: a text in the wrong
// place may be somebody's key.
func apiKeys(c *Config, text string) string {
	var keys []APIKey
	for part := range strings.SplitSeq(text, ",") {
		n := len(keys) + 1
		name, digits, both := strings.Cut(strings.TrimSpace(part), ":")
		hash, err := hex.DecodeString(digits)
		switch {
		case !both || !keyName.MatchString(name):
			return fmt.Sprintf("entry %d has no good name; use name:sha256hex, the name 1 to 64 letters, digits and ._-", n)
		case err != nil || len(hash) != sha256.Size:
			return fmt.Sprintf("entry %d has no hash; write the key's SHA-256 behind the name, 64 hexadecimal digits (%s)", n, howToMakeAKey)
		}
		key := APIKey{name, [sha256.Size]byte(hash)}
		switch {
		case key.Hash == sha256.Sum256(nil):
			return fmt.Sprintf("entry %d has the hash of nothing: the key was empty when it was hashed; %s", n, howToMakeAKey)
		case slices.ContainsFunc(keys, func(k APIKey) bool { return k.Name == name }):
			return fmt.Sprintf("entry %d has the name of an earlier one; give each key a name of its own", n)
		case slices.ContainsFunc(keys, func(k APIKey) bool { return k.Hash == key.Hash }):
			return fmt.Sprintf("entry %d has the hash of an earlier one; give each name a key of its own", n)
		}
		keys = append(keys, key)
	}
	c.API.Keys = keys
	return ""
}
