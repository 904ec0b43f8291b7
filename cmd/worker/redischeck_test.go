package main

import (
	"context"
	"testing"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/salur-id/salur/internal/redistest"
)

// A worker says at its start what doctor would, and only what is a problem as a warning.
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
