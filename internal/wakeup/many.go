package wakeup

import (
	"context"

	"github.com/hibiken/asynq"
	"github.com/redis/go-redis/v9"

	"github.com/salur-id/salur/internal/ledger"
)

// WakeMany is Wake for payouts of one kind or several, in their order and in one exchange with
// Redis. It reports no errors: what has no wake-up afterwards gets one from the sweeper.
//
// asynq has no such call. Its client is given a connection that notes down what it would run,
// so that the tasks are asynq's own to the byte, and the notes are carried out together.
func (q *Queue) WakeMany(ctx context.Context, recs []ledger.Record) {
	if len(recs) < 2 {
		for _, rec := range recs {
			_ = q.Wake(ctx, rec)
		}
		return
	}
	runs := q.note(ctx, recs)
	_, _ = q.notes.Pipelined(ctx, func(p redis.Pipeliner) error {
		for i, r := range runs {
			runs[i].answer = p.EvalSha(ctx, r.sha, r.keys, r.args...)
		}
		return nil
	})
	for _, r := range runs {
		// A Redis that does not know asynq's script is taught it by asynq's own way to enqueue.
		// After that the script's text is no longer needed.
		if redis.HasErrorPrefix(r.answer.Err(), "NOSCRIPT") {
			q.wakeEach(ctx, recs)
			return
		}
	}
}

// note is what asynq would run to wake these payouts up.
func (q *Queue) note(ctx context.Context, recs []ledger.Record) []run {
	q.noting.Lock()
	defer q.noting.Unlock()
	q.notes.runs = make([]run, 0, len(recs))
	noted := &Queue{Client: q.noter}
	for _, rec := range recs {
		_ = noted.Wake(ctx, rec)
	}
	return q.notes.runs
}

func (q *Queue) wakeEach(ctx context.Context, recs []ledger.Record) {
	for _, rec := range recs {
		_ = q.Wake(ctx, rec) // one that is there already is no error
	}
}

// notebook is a connection to Redis on which asynq's scripts are not run but noted down. All
// else goes through.
type notebook struct {
	redis.UniversalClient
	runs []run
}

type run struct {
	sha    string
	keys   []string
	args   []any
	answer *redis.Cmd
}

// EvalSha notes the script down and says 1, asynq's word for "enqueued". Whether it will be is
// not known at this point, and nobody is told that it is.
func (n *notebook) EvalSha(ctx context.Context, sha string, keys []string, args ...any) *redis.Cmd {
	n.runs = append(n.runs, run{sha: sha, keys: keys, args: args})
	said := redis.NewCmd(ctx)
	said.SetVal(int64(1))
	return said
}

func newNotebook(rdb redis.UniversalClient) (*notebook, *asynq.Client) {
	n := &notebook{UniversalClient: rdb}
	return n, asynq.NewClientFromRedisClient(n)
}
