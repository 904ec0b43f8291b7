package main

import (
	"regexp"
	"testing"

	"github.com/salur-id/salur/internal/cli"
	"github.com/salur-id/salur/internal/redistest"
)

// A Redis that is nearly full takes no payout, and what to do is said in one line.
func TestRedisIsNearlyFull(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t, "--maxmemory-policy", "noeviction")
	rdb := server.Client()
	b := &bundle{rdb: rdb, url: "redis://" + server.Addr()}
	for key, value := range map[string]string{"a": "", "b": ""} {
		if err := rdb.Set(t.Context(), key, value+string(make([]byte, 2<<20)), 0).Err(); err != nil {
			t.Fatal(err)
		}
	}
	if err := rdb.ConfigSet(t.Context(), "maxmemory", "5mb").Err(); err != nil {
		t.Fatal(err)
	}
	before := b.size(t)
	_, stderr, code := b.run(t.Context(), "", topUp()...)
	if code != cli.Unreachable || b.size(t) != before ||
		!regexp.MustCompile(`^enqueue: PAY-1 was not accepted: unavailable: Redis is nearly full: it uses \d+\.\d of 5\.0 MB; let payouts end and be forgotten, or raise its maxmemory\n$`).MatchString(stderr) {
		t.Errorf("exit %d, %q", code, stderr)
	}
	if err := rdb.ConfigSet(t.Context(), "maxmemory", "50mb").Err(); err != nil {
		t.Fatal(err)
	}
	if _, stderr, code := b.run(t.Context(), "", topUp()...); code != cli.Done {
		t.Errorf("with more memory: exit %d, %q", code, stderr)
	}
}
