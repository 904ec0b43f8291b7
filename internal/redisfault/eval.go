package redisfault

import (
	"context"
	"errors"
	"slices"

	"github.com/redis/go-redis/v9"
)

// Call is one run of a script, in a batch of them.
type Call struct {
	Keys []string
	Args []any

	answer *attempts
}

// attempts is a command that remembers whether an answer to it was lost. go-redis asks again by itself, and
// what it returns is the last answer: a refusal, though the request before it may have been carried out.
type attempts struct {
	*redis.Cmd
	lost bool
}

// SetErr is called by go-redis after each attempt.
func (a *attempts) SetErr(err error) {
	var reply redis.Error
	if err != nil && !errors.As(err, &reply) {
		a.lost = true
	}
	a.Cmd.SetErr(err)
}

// Cmd is the answer. An error that is a refusal is a *Refusal.
func (c *Call) Cmd() *redis.Cmd { return c.answer.Cmd }

func (c *Call) explain() {
	a := c.answer
	err := Explain(a.Err())
	var r *Refusal
	if a.lost && errors.As(err, &r) {
		again := *r
		again.Uncertain = true
		err = &again
	}
	a.Cmd.SetErr(err)
}

// Pipeline makes one exchange with Redis; what a command was answered is in the command.
type Pipeline func(ctx context.Context, fill func(redis.Pipeliner))

// EvalAll runs a script once for each call, in one exchange with Redis. A Redis that does not know the script
// gets it, and those calls are made again: it has done nothing for them.
func EvalAll(ctx context.Context, rdb redis.Scripter, pipeline Pipeline, script *redis.Script, calls []*Call) {
	todo := calls
	for range 2 {
		for _, c := range todo {
			args := append([]any{"evalsha", script.Hash(), len(c.Keys)}, asAny(c.Keys)...)
			cmd := redis.NewCmd(ctx, append(args, c.Args...)...)
			if len(c.Keys) > 0 {
				cmd.SetFirstKeyPos(3)
			}
			c.answer = &attempts{Cmd: cmd}
		}
		pipeline(ctx, func(p redis.Pipeliner) {
			for _, c := range todo {
				_ = p.Process(ctx, c.answer) // the answer has its own error
			}
		})
		todo = slices.DeleteFunc(slices.Clone(todo), func(c *Call) bool { return !redis.HasErrorPrefix(c.answer.Err(), "NOSCRIPT") })
		if len(todo) == 0 {
			break
		}
		if err := script.Load(ctx, rdb).Err(); err != nil {
			for _, c := range todo {
				c.answer.Cmd.SetErr(err)
			}
			break
		}
	}
	for _, c := range calls {
		c.explain()
	}
}

// Eval runs a script once. An error that is a refusal is a *Refusal.
func Eval(ctx context.Context, rdb redis.UniversalClient, script *redis.Script, keys []string, args ...any) *redis.Cmd {
	c := &Call{Keys: keys, Args: args}
	EvalAll(ctx, rdb, func(ctx context.Context, fill func(redis.Pipeliner)) {
		_, _ = rdb.Pipelined(ctx, func(p redis.Pipeliner) error { fill(p); return nil })
	}, script, []*Call{c})
	return c.Cmd()
}

func asAny(texts []string) []any {
	values := make([]any, len(texts))
	for i, t := range texts {
		values[i] = t
	}
	return values
}
