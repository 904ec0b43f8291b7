package tasks

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/redis/go-redis/v9"
)

// ledgerHook calls f once, right after the ledger has carried out a decision on the event.
func (b *bundle) ledgerHook(t *testing.T, event string, f func()) {
	t.Helper()
	b.rdb.AddHook(&hook{after: func(cmd redis.Cmder) bool {
		return strings.HasPrefix(cmd.Name(), "eval") && slices.ContainsFunc(cmd.Args(), func(a any) bool {
			return strings.Contains(fmt.Sprint(a), fmt.Sprintf(`"event":%q`, event))
		})
	}, do: f})
}

// hook watches commands on their way to Redis.
type hook struct {
	after func(redis.Cmder) bool
	do    func()
	fired atomic.Bool
}

func (h *hook) DialHook(next redis.DialHook) redis.DialHook { return next }
func (h *hook) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		err := next(ctx, cmds)
		for _, cmd := range cmds {
			if cmd.Err() == nil && h.after(cmd) && h.fired.CompareAndSwap(false, true) {
				h.do()
			}
		}
		return err
	}
}
func (h *hook) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		err := next(ctx, cmd)
		if err == nil && h.after(cmd) && h.fired.CompareAndSwap(false, true) {
			h.do()
		}
		return err
	}
}
