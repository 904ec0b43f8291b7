package wakeup

import (
	"fmt"
	"time"

	"github.com/hibiken/asynq"
)

const (
	// parkedFor: steps of ours come again after seconds. A task that nobody can carry out (it cannot be read, its type is
	// unknown, or it contradicts the ledger) comes again after a minute or more.
	parkedFor = 30 * time.Second
	// parkedLook is how many tasks of a retry list are looked at.
	parkedLook = 1000
)

// Parked counts the tasks of a queue that workers could not carry out and will not: a person must look at them. They
// are in asynq's retry list, of which the first 1,000 are looked at.
func Parked(inspector *asynq.Inspector, queue string) (int, error) {
	tasks, err := inspector.ListRetryTasks(queue, asynq.PageSize(parkedLook))
	if err != nil {
		return 0, fmt.Errorf("list the tasks of %s that come again: %w", queue, err)
	}
	n := 0
	for _, t := range tasks {
		if t.NextProcessAt.Sub(t.LastFailedAt) >= parkedFor {
			n++
		}
	}
	return n, nil
}
