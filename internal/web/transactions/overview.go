package transactions

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"time"

	"github.com/salur-id/salur/internal/danaclient"
	"github.com/salur-id/salur/internal/gate"
	"github.com/salur-id/salur/internal/ledger"
	"github.com/salur-id/salur/internal/money"
	"github.com/salur-id/salur/internal/statemachine"
	"github.com/salur-id/salur/internal/wakeup"
)

// logOnOverview is how many entries of the log of holds the overview shows.
const logOnOverview = 5

type overview struct {
	States   []stateRow
	Count    int64
	Sum      string
	Holds    []holdRow
	Pauses   []gate.Pause
	Loss     *ledger.Loss // the mark of a store that has lost payouts
	Log      []changeRow
	Unknown  bool // this worker does not know what is held, and sends nothing
	Worker   string
	Breakers []breaker
	Queues   []queueRow
	Webhook  ledger.Backlog
	Waited   string // how long the oldest outcome has been waiting
}

type stateRow struct {
	State  statemachine.State
	Means  string
	Count  int64
	Sum    string
	Oldest time.Time // of an open state that has one
	Age    string
	Alarm  bool
}

// means says what a state is, for who does not see it every day.
var means = map[statemachine.State]string{
	statemachine.StateQueued:     "accepted, nothing sent yet",
	statemachine.StateProcessing: "an attempt is out, or the next one is scheduled",
	statemachine.StatePending:    "DANA is asked how it ended",
	statemachine.StateReview:     "a person decides",
	statemachine.StateSucceeded:  "paid",
	statemachine.StateFailed:     "proven not paid",
	statemachine.StateRefunded:   "paid, and taken back by DANA",
}

type breaker struct{ API, State string }

type queueRow struct {
	Name, Carries                 string
	Known                         bool // false: it could not be read
	Pending, Active, Later, Stuck int
	Parked                        int // tasks that no worker can carry out
	Lag                           string
	Paused                        bool
}

// queues are the queues of payouts and what each carries.
var queues = []struct{ name, carries string }{
	{wakeup.QueueTopUp, "sends to DANA balances"},
	{wakeup.QueueBank, "sends to bank accounts"},
	{wakeup.QueueInquiry, "questions to DANA how it ended"},
	{wakeup.QueueNotify, "outcomes for the webhook"},
}

func (s *site) overview(r *http.Request) (page, error) {
	ctx, now := r.Context(), s.Now()
	stats, err := s.ledger.Stats(ctx)
	if err != nil {
		return page{}, err
	}
	holds, log, err := s.readHolds(ctx, logOnOverview)
	if err != nil {
		return page{}, err
	}
	pauses, err := gate.ReadPauses(ctx, s.Redis, string(danaclient.APITopUp), string(danaclient.APIBankTransfer))
	if err != nil {
		return page{}, err
	}
	store, err := s.ledger.ReadStore(ctx)
	if err != nil {
		return page{}, err
	}
	backlog, err := s.outbox.Backlog(ctx)
	if err != nil {
		return page{}, err
	}
	o := overview{Pauses: pauses, Loss: store.Loss, Holds: holds, Log: log, Worker: s.Worker, Webhook: backlog}
	o.States, o.Count, o.Sum = stateRows(stats, now)
	if !backlog.Oldest.IsZero() {
		o.Waited = age(now.Sub(backlog.Oldest))
	}
	status := s.Gate()
	o.Unknown, o.Breakers = !status.Known, breakers(status)
	if o.Queues, err = s.queueRows(); err != nil {
		return page{}, err
	}
	return page{template: "overview", Title: "Overview", Data: o}, nil
}

func stateRows(stats []ledger.Stat, now time.Time) (rows []stateRow, count int64, sum string) {
	var cents int64
	for _, st := range stats {
		row := stateRow{
			State: st.State, Means: means[st.State], Count: st.Count, Sum: money.FromCents(st.Cents).String(),
			Alarm: st.State == statemachine.StateReview && st.Count > 0,
		}
		if !st.State.Final() && !st.Oldest.IsZero() {
			row.Oldest, row.Age = st.Oldest, age(now.Sub(st.Oldest))
		}
		rows = append(rows, row)
		count += st.Count
		cents += st.Cents
	}
	return rows, count, money.FromCents(cents).String()
}

func breakers(status gate.Status) []breaker {
	var all []breaker
	for _, api := range slices.Sorted(maps.Keys(status.Breakers)) {
		all = append(all, breaker{api, status.Breakers[api]})
	}
	return all
}

// queueRows is how the queues fare. One that has never had a task is empty; one that cannot be read is shown
// as unknown, for the rest of the page does not depend on it. asynq takes no context here: its connection's time-outs bound it.
func (s *site) queueRows() ([]queueRow, error) {
	known, err := s.tasks.Queues()
	if err != nil {
		return nil, fmt.Errorf("list the queues: %w", err)
	}
	parked, err := s.queue.CountParked(context.Background()) // asynq's time-outs bound it
	if err != nil {
		return nil, err
	}
	rows := make([]queueRow, len(queues))
	for i, q := range queues {
		rows[i] = queueRow{Name: q.name, Carries: q.carries, Known: true}
		if !slices.Contains(known, q.name) {
			continue
		}
		info, err := s.tasks.GetQueueInfo(q.name)
		if err != nil {
			rows[i].Known = false
			continue
		}
		rows[i].Pending, rows[i].Active, rows[i].Later = info.Pending, info.Active, info.Scheduled+info.Retry
		rows[i].Stuck, rows[i].Paused = info.Archived, info.Paused
		if info.Retry > 0 {
			rows[i].Parked = parked[q.name]
			rows[i].Later -= min(rows[i].Parked, rows[i].Later)
		}
		if info.Pending > 0 {
			rows[i].Lag = age(info.Latency)
		}
	}
	return rows, nil
}
