package redistest

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Sentinels is a master with one replica, and three sentinels that watch them under the name
// "salur". A master that is silent for 1.5 s counts as down.
type Sentinels struct {
	Master, Replica *Server // as they were begun
	Watchers        []*Server
}

// StartSentinels runs them until the test ends. Options are those of master and replica.
func StartSentinels(t testing.TB, options ...string) *Sentinels {
	t.Helper()
	s := &Sentinels{Master: Start(t, append([]string{"--repl-diskless-sync-delay", "0"}, options...)...)}
	s.Replica = StartReplica(t, s.Master, options...)
	host, port, _ := net.SplitHostPort(s.Master.Addr())
	for range 3 {
		s.Watchers = append(s.Watchers, start(t, "+monitor master", func(dir, own string) []string {
			file := filepath.Join(dir, "sentinel.conf")
			conf := fmt.Sprintf(`port %s
bind 127.0.0.1
dir %s
sentinel monitor salur %s %s 2
sentinel down-after-milliseconds salur 1500
sentinel failover-timeout salur 6000
`, own, dir, host, port)
			if err := os.WriteFile(file, []byte(conf), 0o600); err != nil {
				t.Fatal(err)
			}
			return []string{file, "--sentinel"}
		}))
	}
	for _, w := range s.Watchers {
		Await(t, "the sentinels to know each other and the replica", func() bool {
			return strings.Contains(w.info("sentinel"), "slaves=1,sentinels=3")
		})
	}
	return s
}

// StartReplica is Start for a replica, which is in step when it returns.
func StartReplica(t testing.TB, master *Server, options ...string) *Server {
	t.Helper()
	host, port, _ := net.SplitHostPort(master.Addr())
	s := Start(t, append([]string{"--replicaof", host, port, "--repl-diskless-sync-delay", "0"}, options...)...)
	Await(t, "the replica to be in step", func() bool {
		return strings.Contains(s.info("replication"), "master_link_status:up")
	})
	Await(t, "the replica to have its files", func() bool { // before that a kill loses what it was sent
		info := s.info("persistence")
		return strings.Contains(info, "aof_rewrite_in_progress:0") && strings.Contains(info, "aof_rewrite_scheduled:0")
	})
	return s
}

// URL is REDIS_URL for them.
func (s *Sentinels) URL() string {
	var hosts []string
	for _, w := range s.Watchers {
		hosts = append(hosts, w.Addr())
	}
	return "redis-sentinel://" + strings.Join(hosts, ",") + "/0?master=salur"
}
