package cli

import (
	"net"
	"strings"
	"testing"

	"github.com/alicebob/miniredis/v2"
	"github.com/alicebob/miniredis/v2/server"

	"github.com/salur-id/salur/internal/config"
)

// What go-redis really returns when Redis is away or not able to serve.
func TestRedisFaultsAreUnreachable(t *testing.T) {
	t.Parallel()
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nobody := closed.Addr().String()
	if err := closed.Close(); err != nil {
		t.Fatal(err)
	}
	locked := miniredis.RunT(t)
	locked.RequireAuth("hunter2")
	faulty := func(reply string) string {
		m := miniredis.RunT(t)
		m.Server().SetPreHook(func(c *server.Peer, cmd string, _ ...string) bool {
			if strings.EqualFold(cmd, "GET") {
				c.WriteError(reply)
				return true
			}
			return false
		})
		return m.Addr()
	}
	for name, url := range map[string]string{
		"refused":          "redis://" + nobody,
		"refused cluster":  "redis-cluster://" + nobody,
		"refused sentinel": "redis-sentinel://" + nobody + "?master=m",
		"no such host":     "redis://no-such-host.invalid",
		"no password":      "redis://" + locked.Addr(),
		"wrong password":   "redis://:wrong@" + locked.Addr(),
		"loading":          "redis://" + faulty("LOADING Redis is loading the dataset in memory"),
		"master down":      "redis://" + faulty("MASTERDOWN Link with MASTER is down"),
		"cluster down":     "redis://" + faulty("CLUSTERDOWN The cluster is down"),
		"read only":        "redis://" + faulty("READONLY You can't write against a read only replica."),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client, err := config.NewRedis(config.Secret(url), 1)
			if err != nil {
				t.Fatal(err)
			}
			defer client.Close()
			err = client.Get(t.Context(), "key").Err()
			if CodeOf(err) != Unreachable {
				t.Errorf("%T %v has code %d", err, err, CodeOf(err))
			}
			if err != nil && strings.Contains(err.Error(), "wrong@") {
				t.Error("the password is in the error")
			}
		})
	}
	// A reply that Redis itself gives to a wrong command is our own mistake.
	m := miniredis.RunT(t)
	client, err := config.NewRedis(config.Secret("redis://"+m.Addr()), 1)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	if err := client.Do(t.Context(), "NONSENSE").Err(); CodeOf(err) != Internal {
		t.Errorf("%v has code %d", err, CodeOf(err))
	}
}
