package ledger

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/salur-id/salur/internal/money"
	"github.com/salur-id/salur/internal/payout"
	"github.com/salur-id/salur/internal/prove"
	"github.com/salur-id/salur/internal/redistest"
)

// What a killed redis-server still knows of the payouts that it has acknowledged, by how it
// keeps them. Only one setting promises all; for the others this measures. A kill is not a
// power cut: what the process has written, the machine keeps.
func TestWhatRedisKeeps(t *testing.T) {
	t.Parallel()
	rounds := 1
	if prove.For(t, "REDIS") > 0 {
		rounds = 10
	}
	for _, s := range []struct {
		name    string
		options []string
		all     bool // nothing acknowledged may be lost
	}{
		{"appendonly no, snapshots as by default", []string{"--save", "3600 1 300 100 60 10000"}, false},
		{"appendonly yes, appendfsync no", []string{"--appendonly", "yes", "--appendfsync", "no"}, false},
		{"appendonly yes, appendfsync everysec", []string{"--appendonly", "yes", "--appendfsync", "everysec"}, false},
		{"appendonly yes, appendfsync always", []string{"--appendonly", "yes", "--appendfsync", "always"}, true},
	} {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			accepted, lost, with := 0, 0, 0
			for round := range rounds {
				server := redistest.Start(t, s.options...)
				refs := acceptUntilKilled(t, server, round)
				server.Restart()
				kept, err := NewRedis(server.Client()).GetMany(t.Context(), refs)
				if err != nil {
					t.Fatal(err)
				}
				accepted += len(refs)
				if n := len(refs) - len(kept); n > 0 {
					lost, with = lost+n, with+1
				}
				server.Kill()
			}
			if s.all && lost > 0 {
				t.Errorf("%d of %d are lost", lost, accepted)
			}
			prove.Say(t, "redis: %s: %d of %d accepted payouts lost, in %d of %d kills under load", s.name, lost, accepted, with, rounds)
		})
	}
}

// acceptUntilKilled records payouts from several producers, kills the server meanwhile,
// and returns what was acknowledged.
func acceptUntilKilled(t *testing.T, server *redistest.Server, round int) []string {
	t.Helper()
	l := NewRedis(server.Client())
	var mu sync.Mutex
	var accepted []string
	var producers sync.WaitGroup
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	enough := make(chan struct{})
	for p := range 8 {
		producers.Go(func() {
			for i := 0; ctx.Err() == nil; i++ {
				in := payout.Payout{Kind: payout.TopUp, Ref: fmt.Sprintf("PAY-%d-%d-%d", round, p, i), Customer: "62811742234", Amount: money.Rupiah(10000), Fee: money.Rupiah(0)}
				if _, _, err := l.Create(ctx, in, time.Now()); err != nil {
					return // not acknowledged: nobody was told that it is accepted
				}
				mu.Lock()
				if accepted = append(accepted, in.Ref); len(accepted) == 2000 {
					close(enough)
				}
				mu.Unlock()
			}
		})
	}
	select {
	case <-enough:
	case <-time.After(time.Minute):
		t.Error("too few payouts for a load")
	}
	server.Kill()
	cancel()
	producers.Wait()
	return slices.Clone(accepted)
}
