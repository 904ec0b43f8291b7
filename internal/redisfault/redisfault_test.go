package redisfault_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/salur-id/salur/internal/redisfault"
	"github.com/salur-id/salur/internal/redistest"
)

var write = redis.NewScript(`
redis.call('SET', KEYS[1], ARGV[1])
return 'done'`)

// Every way in which a Redis refuses writes is noticed without a write, is named, and is certain; and the probe leaves
// nothing behind.
func TestRefusedWritesAreFoundWithoutAWrite(t *testing.T) {
	t.Parallel()
	for _, code := range redistest.Refusals {
		t.Run(code, func(t *testing.T) {
			t.Parallel()
			s := redistest.Start(t)
			rdb := s.Client()
			ctx := t.Context()
			if err := redisfault.Probe(ctx, rdb, "a:", "b:"); err != nil {
				t.Fatalf("a Redis that takes writes: %v", err)
			}
			if err := rdb.Set(ctx, "a:there", "1", 0).Err(); err != nil {
				t.Fatal(err)
			}
			s.Refuse(code)
			for name, err := range map[string]error{
				"the probe": redisfault.Probe(ctx, rdb, "a:"),
				"a write":   redisfault.Eval(ctx, rdb, write, []string{"a:there"}, "2").Err(),
			} {
				var r *redisfault.Refusal
				if !errors.As(err, &r) || r.Code != code || !redisfault.Certain(err) || strings.Contains(err.Error(), "user_script") {
					t.Errorf("%s: %v", name, err)
				}
			}
			if n, err := rdb.DBSize(ctx).Result(); code != "NOPERM" && (err != nil || n != 1) {
				t.Errorf("%d keys, %v", n, err)
			}
			if v := rdb.Get(ctx, "a:there").Val(); v != "1" {
				t.Errorf("the key holds %q", v)
			}
		})
	}
}

// A Redis without scripts is named as such, though the protocol has no code for it.
func TestNoScripts(t *testing.T) {
	t.Parallel()
	rdb := redistest.Start(t, "--rename-command", "EVALSHA", "", "--rename-command", "EVAL", "").Client()
	err := redisfault.Probe(t.Context(), rdb, "a:")
	if !redisfault.Certain(err) || !strings.Contains(err.Error(), "does not run scripts") {
		t.Errorf("%v", err)
	}
}

// A node of a cluster that is asked without the cluster's client.
func TestMoved(t *testing.T) {
	t.Parallel()
	c := redistest.StartCluster(t)
	for i := range 20 {
		err := redisfault.Eval(t.Context(), c.Nodes[0].Client(), write, []string{fmt.Sprint("key", i)}, "1").Err()
		if err == nil {
			continue // it has this key
		}
		if !redisfault.Certain(err) || !strings.Contains(err.Error(), "redis-cluster://") {
			t.Errorf("%v", err)
		}
		return
	}
	t.Error("one node has all keys")
}

// The client asks again by itself. When the answer to its first request was lost, a refusal of the second says
// nothing about the first, which was carried out here.
func TestARefusalAfterALostAnswerIsNotCertain(t *testing.T) {
	t.Parallel()
	s := redistest.Start(t)
	if err := write.Load(t.Context(), s.Client()).Err(); err != nil {
		t.Fatal(err)
	}
	var dials atomic.Int32
	rdb := redis.NewClient(&redis.Options{
		Addr: s.Addr(), MaxRetries: 1, DialerRetries: 1, DisableIdentity: true, Protocol: 2,
		Dialer: func(ctx context.Context, network, addr string) (net.Conn, error) {
			conn, err := new(net.Dialer).DialContext(ctx, network, addr)
			if dials.Add(1) == 1 {
				return &deaf{Conn: conn, then: func() { s.Refuse("READONLY") }}, err
			}
			return conn, err
		},
	})
	defer rdb.Close()
	err := redisfault.Eval(t.Context(), rdb, write, []string{"k"}, "1").Err()
	r := redisfault.Of(err)
	if r == nil || r.Code != "READONLY" || redisfault.Certain(err) {
		t.Errorf("%v is said to be certain", err)
	}
	if v := s.Client().Get(t.Context(), "k").Val(); v != "1" {
		t.Errorf("the first request was not carried out: %q", v)
	}
}

// deaf loses the answer to a script.
type deaf struct {
	net.Conn
	then func()
	eval bool
}

func (d *deaf) Write(p []byte) (int, error) {
	d.eval = d.eval || strings.Contains(strings.ToLower(string(p)), "evalsha")
	return d.Conn.Write(p)
}

func (d *deaf) Read(p []byte) (int, error) {
	n, err := d.Conn.Read(p)
	if d.eval && err == nil {
		d.then()
		_ = d.Conn.Close()
		return 0, net.ErrClosed
	}
	return n, err
}

// Redis 6 wraps the refusals of commands in scripts.
func TestCode(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"READONLY You can't write against a read only replica.":                                                                                                "READONLY",
		"ERR Error running script (call to f_0a): @user_script:8: @user_script: 8: -READONLY You can't write against a read only replica.":                     "READONLY",
		"ERR Error running script (call to f_0a): @user_script:8: @user_script: 8: Wrong number of args calling Redis command From Lua script":                 "ERR",
		"OOM command not allowed when used memory > 'maxmemory'. script: 0af1, on @user_script:8.":                                                             "OOM",
		"WRONGTYPE Operation against a key holding the wrong kind of value":                                                                                    "WRONGTYPE",
		"-MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to disk. Commands that may modify the data set are disabled": "MISCONF",
	} {
		if got := redisfault.Code(reply(text)); got != want {
			t.Errorf("%s: %q", text, got)
		}
	}
	if redisfault.Code(redis.Nil) != "" || redisfault.Code(errors.New("READONLY x")) != "" || redisfault.Explain(redis.Nil) != redis.Nil {
		t.Error("what is no answer of Redis's has a code")
	}
	if err := redisfault.Explain(reply("ERR increment script: 0af1, on @user_script:8.")); err.Error() != "ERR increment" || redisfault.Certain(err) {
		t.Errorf("%v", err)
	}
}

// reply is an error that Redis answered with.
type reply string

func (r reply) Error() string { return string(r) }
func (reply) RedisError()     {}
