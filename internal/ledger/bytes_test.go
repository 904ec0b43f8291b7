package ledger

import (
	"fmt"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/salur-id/salur/internal/redistest"
	"github.com/salur-id/salur/internal/statemachine"
)

// BenchmarkTombstone tells how many bytes of Redis's memory a forgotten payout takes when there are so many of them.
func BenchmarkTombstone(b *testing.B) {
	for _, many := range []int{10_000, 100_000, 1_000_000} {
		b.Run(fmt.Sprint(many), func(b *testing.B) {
			ctx := b.Context()
			rdb := redistest.Start(b).Client()
			l := NewRedis(rdb)
			used := func() (n int64) {
				_, _ = fmt.Sscan(rdb.InfoMap(ctx, "memory").Item("Memory", "used_memory"), &n)
				return n
			}
			key, err := l.fingerprintKey(ctx)
			if err != nil {
				b.Fatal(err)
			}
			before := used()
			for b.Loop() {
				for i := 0; i < many; i += 1000 {
					_, err := rdb.Pipelined(ctx, func(p redis.Pipeliner) error {
						for n := range 1000 {
							ref := fmt.Sprintf("PAYROLL-2026-11-%07d", i+n)
							p.HSet(ctx, l.keys.gone(ref), ref, "21000"+tombstone(key, statemachine.StateSucceeded, ref))
						}
						return nil
					})
					if err != nil {
						b.Fatal(err)
					}
				}
			}
			b.ReportMetric(float64(used()-before)/float64(many), "bytes/payout")
		})
	}
}
