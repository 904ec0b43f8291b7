package redistest

import (
	"context"
	"net"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"
)

// Cluster is a Redis Cluster of three masters without replicas. What one of them holds is
// away while it is, and the rest goes on (cluster-require-full-coverage no).
type Cluster struct {
	t     testing.TB
	Nodes []*Server
}

// StartCluster runs it until the test ends.
func StartCluster(t testing.TB, options ...string) *Cluster {
	t.Helper()
	c := &Cluster{t: t}
	var buses []string
	for range 3 {
		var bus string
		c.Nodes = append(c.Nodes, start(t, "Ready to accept connections", func(dir, port string) []string {
			bus, _ = freePort() // redis-server says what is wrong with none
			return append([]string{
				"--port", port, "--bind", "127.0.0.1", "--dir", dir, "--save", "", "--cluster-enabled", "yes", "--cluster-port", bus,
				"--cluster-node-timeout", "2000", "--cluster-require-full-coverage", "no",
			}, options...)
		}))
		buses = append(buses, bus)
	}
	ctx := context.Background()
	for i, n := range c.Nodes {
		rdb := n.Client()
		first, last := i*16384/3, (i+1)*16384/3-1
		if err := rdb.ClusterAddSlotsRange(ctx, first, last).Err(); err != nil {
			t.Fatal(err)
		}
		for j, other := range c.Nodes[:i] {
			host, port, _ := net.SplitHostPort(other.Addr())
			if err := rdb.Do(ctx, "CLUSTER", "MEET", host, port, buses[j]).Err(); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, n := range c.Nodes {
		Await(t, "the cluster to form", func() bool {
			info, err := n.Client().ClusterInfo(ctx).Result()
			return err == nil && strings.Contains(info, "cluster_state:ok") && strings.Contains(info, "cluster_slots_assigned:16384") &&
				strings.Contains(info, "cluster_known_nodes:3")
		})
	}
	return c
}

// URL is REDIS_URL for it.
func (c *Cluster) URL() string {
	var hosts []string
	for _, n := range c.Nodes {
		hosts = append(hosts, n.Addr())
	}
	return "redis-cluster://" + strings.Join(hosts, ",")
}

// Node is the server that has a key.
func (c *Cluster) Node(key string) *Server {
	c.t.Helper()
	rdb := redis.NewClusterClient(&redis.ClusterOptions{Addrs: []string{c.Nodes[0].Addr(), c.Nodes[1].Addr(), c.Nodes[2].Addr()}})
	defer func() { _ = rdb.Close() }()
	master, err := rdb.MasterForKey(context.Background(), key)
	if err != nil {
		c.t.Fatal(err)
	}
	for _, n := range c.Nodes {
		if n.Addr() == master.Options().Addr {
			return n
		}
	}
	c.t.Fatalf("no node has %s", key)
	return nil
}
