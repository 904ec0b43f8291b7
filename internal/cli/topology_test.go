package cli

import (
	"strings"
	"testing"

	"github.com/salur-id/salur/internal/config"
	"github.com/salur-id/salur/internal/redistest"
)

// A Redis that is not what the URL says is refused at the start, as a mistake in the URL and with the
// one that is right: recorded on one node of a cluster, a payout would stay there for ever.
func TestRedisIsWhatTheURLSays(t *testing.T) {
	t.Parallel()
	plain, cluster, sentinels := redistest.Start(t), redistest.StartCluster(t), redistest.StartSentinels(t)
	secure, ca := redistest.StartTLS(t)
	mutual, mutualCA, cert, key := redistest.StartMutualTLS(t)
	forbids := redistest.Start(t)
	if err := forbids.Client().Do(t.Context(), "ACL", "SETUSER", "few", "on", "nopass", "allkeys", "+exists").Err(); err != nil {
		t.Fatal(err)
	}
	replica := redistest.StartReplica(t, plain)
	node, watcher := cluster.Nodes[0].Addr(), sentinels.Watchers[0].Addr()
	for name, test := range map[string]struct {
		url, says string
		code      Code
	}{
		"a server":                     {"redis://" + plain.Addr(), "", Done},
		"a replica, to look at":        {"redis://" + replica.Addr(), "", Done},
		"a cluster":                    {cluster.URL(), "", Done},
		"sentinels":                    {sentinels.URL(), "", Done},
		"TLS":                          {"rediss://" + secure.Addr() + "?ca_file=" + ca, "", Done},
		"TLS with a certificate":       {"rediss://" + mutual.Addr() + "?ca_file=" + mutualCA + "&cert_file=" + cert + "&key_file=" + key, "", Done},
		"INFO is forbidden":            {"redis://few:x@" + forbids.Addr(), "", Done},
		"a node of a cluster":          {"redis://" + node, "this server is part of a cluster, use redis-cluster://", Invalid},
		"a node as a sentinel":         {"redis-sentinel://" + node + "?master=salur", "this server is part of a cluster, use redis-cluster://", Invalid},
		"a sentinel":                   {"redis://" + watcher, "this server is a sentinel, use redis-sentinel://", Invalid},
		"a sentinel as a cluster":      {"redis-cluster://" + watcher, "this server is a sentinel, use redis-sentinel://", Invalid},
		"a server as a sentinel":       {"redis-sentinel://" + plain.Addr() + "?master=salur", "no sentinel but a Redis by itself, use redis://", Invalid},
		"a server as a cluster":        {"redis-cluster://" + plain.Addr(), "part of no cluster, use redis://", Invalid},
		"plain at a port for TLS":      {"redis://" + secure.Addr(), "speaks TLS; use rediss://", Invalid},
		"plain at a port for mutual":   {"redis://" + mutual.Addr(), "speaks TLS; use rediss://", Invalid},
		"TLS at a plain port":          {"rediss://" + plain.Addr(), "does not speak TLS; use redis://", Invalid},
		"TLS without our certificate":  {"rediss://" + mutual.Addr() + "?ca_file=" + mutualCA, "give cert_file and key_file", Unreachable},
		"TLS with half a certificate":  {"rediss://" + mutual.Addr() + "?ca_file=" + mutualCA + "&cert_file=" + cert, "cert_file and key_file belong together", Invalid},
		"TLS with a key that is none":  {"rediss://" + mutual.Addr() + "?ca_file=" + mutualCA + "&cert_file=" + cert + "&key_file=" + ca, "no pair", Invalid},
		"a certificate that is away":   {"rediss://" + mutual.Addr() + "?cert_file=/nowhere&key_file=" + key, `cert_file "/nowhere" cannot be read`, Invalid},
		"a certificate without TLS":    {"redis://" + plain.Addr() + "?cert_file=" + cert + "&key_file=" + key, "use redis://[", Invalid},
		"the second of a cluster's":    {"redis-cluster://127.0.0.1:1," + node, "", Done},
		"one of no cluster, two named": {"redis-cluster://127.0.0.1:1," + plain.Addr(), "part of no cluster", Invalid},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rdb, err := Connect(t.Context(), config.Secret(test.url), 1)
			if err == nil {
				_ = rdb.Close()
			}
			if CodeOf(err) != test.code || test.says != "" && !strings.Contains(err.Error(), test.says) || err != nil && !strings.HasPrefix(err.Error(), "REDIS_URL") {
				t.Errorf("exit %d, %v", CodeOf(err), err)
			}
		})
	}
}
