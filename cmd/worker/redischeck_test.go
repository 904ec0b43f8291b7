package main

import (
	"context"
	"strings"
	"testing"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/salur-id/salur/internal/redistest"
)

func TestRedisFindings(t *testing.T) {
	t.Parallel()
	const safe = "redis_version:7.0.15\r\naof_enabled:1\r\nmaxmemory_policy:noeviction\r\n"
	for name, tt := range map[string]struct{ info, want string }{
		"Safe":      {safe, ""},
		"NoAOF":     {strings.Replace(safe, "aof_enabled:1", "aof_enabled:0", 1), "appendonly is no"},
		"Evicts":    {strings.Replace(safe, "noeviction", "allkeys-lru", 1), "maxmemory-policy is allkeys-lru"},
		"Old":       {strings.Replace(safe, "7.0.15", "6.0.20", 1), "version 6.0.20 is older"},
		"OldEnough": {strings.Replace(safe, "7.0.15", "6.2.0", 1), ""},
		"Unknown":   {"", ""},
	} {
		findings := redisFindings(tt.info)
		if tt.want == "" && len(findings) != 0 || tt.want != "" && (len(findings) != 1 || !strings.HasPrefix(findings[0], tt.want)) {
			t.Errorf("%s: %q, want %q", name, findings, tt.want)
		}
	}
}

// What a real server says is understood.
func TestCheckRedis(t *testing.T) {
	t.Parallel()
	for want, options := range map[int][]string{
		0: {"--appendonly", "yes", "--maxmemory-policy", "noeviction"},
		2: {"--appendonly", "no", "--maxmemory-policy", "allkeys-lru"},
	} {
		core, logs := observer.New(zap.WarnLevel)
		checkRedis(context.Background(), redistest.Start(t, options...).Client(), zap.New(core))
		if logs.Len() != want {
			t.Errorf("%v: %d warnings, want %d: %v", options, logs.Len(), want, logs.All())
		}
	}
}
