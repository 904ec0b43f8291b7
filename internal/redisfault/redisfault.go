// Package redisfault says what the errors of Redis mean: which of them are a certain refusal, why
// Redis refuses, and what mends it. It decides by the code that begins an error of Redis's protocol.
package redisfault

import (
	"errors"
	"regexp"
	"strings"

	"github.com/redis/go-redis/v9"
)

// Refusal is an error by which Redis says that it has not done what it was asked for.
type Refusal struct {
	// Code is the code of Redis's protocol, such as READONLY; empty when Redis gave none.
	Code string
	// Why is the reason and what mends it, for people.
	Why string
	// Uncertain: the client had asked before and that answer was lost, so that the refusal may be of
	// the second request while the first was carried out.
	Uncertain bool

	err error
}

// Error is Why and the code.
func (r *Refusal) Error() string {
	if r.Code == "" {
		return r.Why
	}
	return r.Why + " (" + r.Code + ")"
}

// Unwrap is go-redis's error.
func (r *Refusal) Unwrap() error { return r.err }

// The codes that say that nothing was done. https://redis.io/docs/latest/develop/reference/protocol-spec/
var whys = map[string]string{
	"READONLY":    "this Redis is a replica; name its master in REDIS_URL",
	"NOREPLICAS":  "this Redis has too few replicas that are near enough (min-replicas-to-write)",
	"MOVED":       "this Redis is part of a cluster; use redis-cluster:// in REDIS_URL",
	"ASK":         "this Redis is part of a cluster; use redis-cluster:// in REDIS_URL",
	"NOPERM":      "the user of REDIS_URL lacks a right; docs/redis.md has the rights of each program",
	"OOM":         "this Redis is full; raise its maxmemory",
	"MISCONF":     "this Redis cannot write to its disk and so takes no writes; look at its disk and its log",
	"NOAUTH":      "this Redis asks for a login; put user and password into REDIS_URL",
	"WRONGPASS":   "this Redis does not take the user and password of REDIS_URL",
	"LOADING":     "this Redis is still loading its data; wait",
	"MASTERDOWN":  "this Redis is a replica that has lost its master; name the master in REDIS_URL",
	"CLUSTERDOWN": "the Redis Cluster does not serve this key; look at CLUSTER NODES",
	"TRYAGAIN":    "the Redis Cluster is moving this key; wait",
	"BUSY":        "this Redis is busy with a script; wait",
	"NOPROTO":     "this Redis does not speak the protocol of the client; run 6.2 or newer",
}

const noScripts = "this Redis does not run scripts (EVAL, EVALSHA), without which nothing can be recorded; take one that does"

var (
	codeForm = regexp.MustCompile(`^-?([A-Z]+)( |$)`)
	// Redis 6 wraps what a command in a script was refused with, its code behind a dash.
	wrapped = regexp.MustCompile(`^ERR Error running script .*: -([A-Z]+) `)
	// To these two refusals the protocol gives no code of their own: a Redis without EVAL and EVALSHA, and a user
	// who may run scripts but not the commands or keys in them.
	unknownScript = regexp.MustCompile(`(?i)^ERR unknown command ['"` + "`" + `]?EVAL(SHA)?\b`)
	scriptsUser   = regexp.MustCompile(`^ERR The user executing the script can't `)
	// place is where in a script a command was refused.
	place = regexp.MustCompile(` script: [0-9a-z_]+, on @user_script:\d+\.?$`)
)

// Code is the code of an error that Redis answered with, empty for every other error.
func Code(err error) string {
	var reply redis.Error
	if !errors.As(err, &reply) || errors.Is(err, redis.Nil) {
		return ""
	}
	text := reply.Error()
	if m := wrapped.FindStringSubmatch(text); m != nil {
		return m[1]
	}
	if scriptsUser.MatchString(text) {
		return "NOPERM"
	}
	if m := codeForm.FindStringSubmatch(text); m != nil {
		return m[1]
	}
	return ""
}

// Of is the refusal that err is, or nil.
func Of(err error) *Refusal {
	var known *Refusal
	if errors.As(err, &known) {
		return known
	}
	code := Code(err)
	if why, ok := whys[code]; ok {
		return &Refusal{Code: code, Why: why, err: err}
	}
	var reply redis.Error
	if errors.As(err, &reply) && unknownScript.MatchString(reply.Error()) {
		return &Refusal{Why: noScripts, err: err}
	}
	return nil
}

// Certain reports whether err says for sure that the request was not carried out.
func Certain(err error) bool {
	r := Of(err)
	return r != nil && !r.Uncertain
}

// Explain is err in words for people: a refusal as such, and any other answer of Redis without the place in
// one of our scripts. Errors that are not Redis's stay as they are.
func Explain(err error) error {
	var reply redis.Error
	if err == nil || errors.Is(err, redis.Nil) || !errors.As(err, &reply) {
		return err
	}
	if r := Of(err); r != nil {
		return r
	}
	return &Refusal{Why: strings.TrimSpace(place.ReplaceAllString(reply.Error(), "")), Uncertain: true, err: err}
}
