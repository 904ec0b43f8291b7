package wakeup

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/hibiken/asynq"
)

// Queues are all that workers take tasks from.
var Queues = []string{QueueTopUp, QueueBank, QueueInquiry, QueueNotify}

// ParkedMark begins the error of a task that is parked for a person. asynq keeps an error as a text.
const ParkedMark = "parked: "

// Parked is a task that no worker can carry out: it is of another type than ours, it cannot be read, or it
// contradicts the ledger. A person has to look at it.
type Parked struct {
	Queue, ID, Type string
	State           string // retry or archived
	Why             string // the error, which names the field and the fix and shows nothing personal
}

// KeptIn tells in which of asynq's lists the task of a handler's context is kept once it is parked. One without retries
// left is archived.
func KeptIn(ctx context.Context) string {
	retried, _ := asynq.GetRetryCount(ctx)
	if most, ok := asynq.GetMaxRetry(ctx); ok && retried >= most {
		return "the queue's archive"
	}
	return "the queue's retry list"
}

// Parked lists parked tasks of all queues, at most limit of each queue and state. A queue that there is not has none.
func (q *Queue) Parked(_ context.Context, limit int) ([]Parked, error) {
	var parked []Parked
	for _, queue := range Queues {
		for _, list := range []func(string, ...asynq.ListOption) ([]*asynq.TaskInfo, error){q.Inspector.ListRetryTasks, q.Inspector.ListArchivedTasks} {
			found, err := list(queue, asynq.PageSize(limit))
			if errors.Is(err, asynq.ErrQueueNotFound) {
				continue
			}
			if err != nil {
				return nil, fmt.Errorf("list the parked tasks of queue %s: %w", queue, err)
			}
			for _, t := range found {
				p := Parked{Queue: queue, ID: t.ID, Type: t.Type, State: t.State.String(), Why: t.LastErr}
				if _, _, _, err := Decode(t.Type, t.Payload); err != nil {
					p.Why = err.Error()
				} else if !strings.HasPrefix(t.LastErr, ParkedMark) {
					continue
				}
				parked = append(parked, p)
			}
		}
	}
	return parked, nil
}
