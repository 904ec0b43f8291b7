package wakeup

import (
	"context"
	"net"
	"regexp"
	"strings"
	"sync/atomic"

	"github.com/redis/go-redis/v9"

	"github.com/salur-id/salur/internal/redisfault"
)

// WithoutMemory lets asynq count the tasks of queues on a Redis that does not allow MEMORY, as many managed ones do.
// asynq asks for the bytes of a queue together with its tasks, by a script of its own, and without an answer it
// tells neither. Where MEMORY is refused the bytes are 0. It is for connections that asynq's inspectors use.
func WithoutMemory(rdb redis.UniversalClient) { rdb.AddHook(&withoutMemory{}) }

type withoutMemory struct{ refused atomic.Bool }

// usage is what asynq's script for the bytes of a queue, and none of its others, calls.
var usage = regexp.MustCompile(`(?i)["']MEMORY["']\s*,\s*["']USAGE["']`)

// unknownInScript is the answer of a Redis that has no such command, to which the protocol gives no code.
var unknownInScript = regexp.MustCompile(`(?i)^ERR .*unknown (redis )?command`)

func (h *withoutMemory) DialHook(next redis.DialHook) redis.DialHook {
	return func(ctx context.Context, network, addr string) (net.Conn, error) { return next(ctx, network, addr) }
}

func (h *withoutMemory) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return next
}

func (h *withoutMemory) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		c, ok := cmd.(*redis.Cmd)
		if !ok || len(cmd.Args()) < 2 {
			return next(ctx, cmd)
		}
		script, _ := cmd.Args()[1].(string)
		switch strings.ToLower(cmd.Name()) {
		case "eval":
			bytes := usage.MatchString(script)
			if bytes && h.refused.Load() { // asked once, or each look at a queue would be in Redis's ACL LOG
				c.SetVal(int64(0))
				return nil
			}
			err := next(ctx, cmd)
			if bytes && notAllowed(err) {
				h.refused.Store(true)
				c.SetErr(nil)
				c.SetVal(int64(0))
				return nil
			}
			return err
		case "evalsha":
			err := next(ctx, cmd)
			if notAllowed(err) {
				// Which script it was shows when it is sent whole.
				c.SetErr(noScript{})
				return noScript{}
			}
			return err
		}
		return next(ctx, cmd)
	}
}

func notAllowed(err error) bool {
	return redisfault.Code(err) == "NOPERM" || err != nil && unknownInScript.MatchString(err.Error())
}

// noScript makes go-redis send the script whole.
type noScript struct{}

func (noScript) Error() string { return "NOSCRIPT No matching script. Please use EVAL." }
func (noScript) RedisError()   {}
