package web

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/hibiken/asynq"
	"github.com/redis/go-redis/v9"
)

// What no page may show.
const (
	phone   = "62811742234"
	account = "2460888509"
	holder  = "Budi Santoso"
)

// states are the tabs of the Asynq web UI.
var states = []string{"active", "pending", "scheduled", "retry", "archived", "completed"}

// hidden fails if a text shows anything personal.
func hidden(t *testing.T, text string) {
	t.Helper()
	for _, personal := range []string{phone, account, holder, "Santoso", "0811-742-234", "0811742234", "811 742 234"} {
		if i := strings.Index(text, personal); i >= 0 {
			t.Errorf("%q is shown: …%s…", personal, text[max(0, i-80):min(len(text), i+80)])
		}
	}
}

// enqueue makes a task that carries a whole payout, as an upstream service may, named for the state it is to be in.
func enqueue(t *testing.T, rdb *redis.Client, state string, opts ...asynq.Option) {
	t.Helper()
	payload := fmt.Sprintf(`{"v":1,"ref":"PAY-%s","kind":"bank","customer":%q,"amount":"10000","bankCode":"014","account":%q,"accountName":%q,"notes":"for %s"}`,
		state, phone, account, holder, holder)
	opts = append(opts, asynq.TaskID("PAY-"+state+":1"))
	task := asynq.NewTaskWithHeaders("bank:send", []byte(payload), map[string]string{"customer": phone})
	if _, err := asynq.NewClientFromRedisClient(rdb).Enqueue(task, opts...); err != nil {
		t.Fatal(err)
	}
}

// tasksInEachState brings a task of a payout into each state, the way tasks get there: by a server that executes them.
func tasksInEachState(t *testing.T, rdb *redis.Client) {
	t.Helper()
	release := make(chan struct{})
	server := asynq.NewServerFromRedisClient(rdb, asynq.Config{
		Concurrency: 4, Queues: map[string]int{"bank": 1}, LogLevel: asynq.FatalLevel, TaskCheckInterval: 50 * time.Millisecond,
		RetryDelayFunc: func(int, error, *asynq.Task) time.Duration { return time.Hour },
	})
	err := server.Start(asynq.HandlerFunc(func(_ context.Context, task *asynq.Task) error {
		switch id := task.ResultWriter().TaskID(); id {
		case "PAY-active:1":
			<-release
		case "PAY-completed:1":
			_, err := task.ResultWriter().Write([]byte("paid to " + phone))
			return err
		default:
			return errors.New(`DANA refused 0811-742-234 (+62 811 742 234): {"customerName":"` + holder + `","account":"` + account + `"}`)
		}
		return nil
	}))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		close(release)
		server.Shutdown()
	})
	queue, inspector := asynq.Queue("bank"), asynq.NewInspectorFromRedisClient(rdb)
	enqueue(t, rdb, "active", queue)
	enqueue(t, rdb, "scheduled", queue, asynq.ProcessIn(time.Hour))
	enqueue(t, rdb, "retry", queue)
	enqueue(t, rdb, "archived", queue, asynq.MaxRetry(0))
	enqueue(t, rdb, "completed", queue, asynq.Retention(time.Hour))
	for _, state := range states {
		if state == "pending" {
			continue
		}
		eventually(t, state, func() bool {
			info, err := inspector.GetTaskInfo("bank", "PAY-"+state+":1")
			return err == nil && info.State.String() == state
		})
	}
	if err := inspector.PauseQueue("bank"); err != nil {
		t.Fatal(err)
	}
	enqueue(t, rdb, "pending", queue)
}

func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	end := time.After(time.Minute)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !is() {
		select {
		case <-end:
			t.Fatalf("%s: not within a minute", what)
		case <-tick.C:
		}
	}
}
