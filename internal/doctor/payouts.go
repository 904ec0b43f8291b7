package doctor

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/hibiken/asynq"
	"github.com/redis/go-redis/v9"

	"github.com/salur-id/salur/internal/danaclient"
	"github.com/salur-id/salur/internal/gate"
	"github.com/salur-id/salur/internal/ledger"
	"github.com/salur-id/salur/internal/redisfault"
	"github.com/salur-id/salur/internal/statemachine"
	"github.com/salur-id/salur/internal/wakeup"
)

// payouts looks at how payouts and queues fare.
func payouts(ctx context.Context, rdb redis.UniversalClient, now func() time.Time, o outlook) []Finding {
	findings := holds(ctx, rdb, o)
	findings = append(findings, pauses(ctx, rdb)...)
	findings = append(findings, books(ctx, rdb)...)
	findings = append(findings, unreadable(ctx, rdb)...)
	return append(append(findings, queues(rdb, o)...), outbox(ctx, rdb, now))
}

// outlook is what the findings about payouts depend on.
type outlook struct {
	fundedByPerson bool // holds for want of money wait for a person
	refused        bool // Redis refuses writes
}

// pauses are those of sends that DANA answered with 429.
func pauses(ctx context.Context, rdb redis.UniversalClient) (findings []Finding) {
	all, err := gate.ReadPauses(ctx, rdb, sendAPIs...)
	if err != nil {
		return []Finding{unread("throttled", err)}
	}
	for _, p := range all {
		findings = append(findings, Finding{Check: "throttled", Level: Warning, Found: p.String(),
			Means: "payouts are late and lose no attempt", Do: "run no more workers; ask DANA for a higher rate, or set SALUR_RATE_LIMIT to what it allows"})
	}
	return findings
}

// sendAPIs are the APIs by which payouts are sent.
var sendAPIs = []string{string(danaclient.APITopUp), string(danaclient.APIBankTransfer)}

// mostLookedAt is how many of the oldest open payouts of each state are read.
const mostLookedAt = 1000

// unreadable looks for open payouts whose records cannot be read.
func unreadable(ctx context.Context, rdb redis.UniversalClient) []Finding {
	refs, whole, err := ledger.NewRedis(rdb).OpenUnreadable(ctx, mostLookedAt)
	if err != nil {
		return []Finding{unread("records", err)}
	}
	of := "the records of all open payouts"
	if !whole {
		of = fmt.Sprintf("the records of the oldest %d open payouts of each state", mostLookedAt)
	}
	if len(refs) == 0 {
		return []Finding{fine("records", of+" can be read")}
	}
	named := strings.Join(refs[:min(5, len(refs))], ", ")
	if len(refs) > 5 {
		named += ", …"
	}
	return []Finding{{Check: "records", Level: Problem, Found: fmt.Sprintf("%d open payouts have a record that cannot be read: %s (of %s)", len(refs), named, of),
		Means: "they are not carried out; all others go on", Do: "see docs/runbooks/SalurUnreadableRecords.md"}}
}

// unread is a check that Redis did not let be made.
func unread(check string, err error) Finding {
	if r := redisfault.Of(err); r != nil && r.Code != "NOPERM" {
		return Finding{Check: check, Level: Warning, Found: "cannot be read: " + r.Error(), Means: "how it stands is not known", Do: "mend the cause, then run worker doctor again"}
	}
	return Finding{Check: check, Level: Warning, Found: "cannot be read: " + redisfault.Explain(err).Error(), Means: "how it stands is not known", Do: "let the user of REDIS_URL read it, or bring the node back"}
}

// store tells whose payouts Redis keeps, and whether it has lost some.
func store(ctx context.Context, p Patient) Finding {
	s, err := ledger.NewRedis(p.Redis).ReadStore(ctx)
	c := p.Config.DANA
	switch {
	case err != nil:
		return unread("store", err)
	case s.Loss != nil:
		return Finding{Check: "store", Level: Warning, Found: "Redis has lost payouts or attempts: " + s.Loss.Reason,
			Means: "every payout that is not over counts as one that may have been paid", Do: "when all of before are over: ledger store --recovered"}
	case s.Identity == ledger.Identity{}:
		return fine("store", "it belongs to nobody yet; the first worker makes it its own")
	case s.Identity != ledger.Identity{Env: c.Env, BaseURL: p.Base, Partner: c.PartnerID}:
		return Finding{Check: "store", Level: Problem, Found: fmt.Sprintf("this Redis keeps the payouts of partner %s in %s, at %s", s.Identity.Partner, s.Identity.Env, s.Identity.BaseURL),
			Means: "a worker with these settings refuses to start on it", Do: "use the Redis of this partner; see docs/redis.md"}
	}
	return fine("store", "it keeps the payouts of this partner, and no loss is known")
}

func holds(ctx context.Context, rdb redis.UniversalClient, o outlook) (findings []Finding) {
	all, err := gate.ReadHolds(ctx, rdb)
	if err != nil {
		f := unread("hold", err)
		f.Level, f.Means = Problem, "workers that cannot read the holds send nothing"
		return []Finding{f}
	}
	for _, h := range all {
		f := Finding{Check: "hold", Level: Problem, Means: "nothing is sent; payouts wait in order and lose no attempt", Do: "mend the cause; it is probed, and sending goes on by itself"}
		since := h.SinceText(func(t time.Time) string { return t.Format(time.RFC3339) })
		f.Found = fmt.Sprintf("sending is held since %s: %s (%s)", since, h.Cause, h.Reason)
		if h.Ref != "" {
			f.Found = fmt.Sprintf("sending is held since %s: %s (%s, payout %s)", since, h.Cause, h.Reason, h.Ref)
		}
		if h.ByPersonAlone(o.fundedByPerson) {
			f.Do = "find the cause, then ledger resume: nothing else lifts it"
		}
		if h.By == gate.ByPerson {
			f.Found = fmt.Sprintf("sending is held by %s since %s: %s", h.Person, since, h.Reason)
			f.Do = "ledger resume, when the reason is gone"
		}
		findings = append(findings, f)
	}
	if len(findings) == 0 {
		return []Finding{fine("hold", "sending is not held")}
	}
	return findings
}

func books(ctx context.Context, rdb redis.UniversalClient) []Finding {
	stats, err := ledger.NewRedis(rdb).Stats(ctx)
	if err != nil {
		f := unread("payouts", err)
		f.Level, f.Means = Problem, "nothing can be accepted or sent"
		return []Finding{f}
	}
	f := fine("review", "no payout waits for a person")
	var open int64
	for _, s := range stats {
		if !s.State.Final() && s.State != statemachine.StateReview {
			open += s.Count
		}
		if s.State == statemachine.StateReview && s.Count > 0 {
			f = Finding{
				Check: "review", Level: Warning, Found: fmt.Sprintf("%d payouts are in review, the oldest of %s", s.Count, s.Oldest.Format(time.RFC3339)),
				Means: "proof has ended: a person must decide", Do: "ledger list --state review, ledger show R, ask DANA, then ledger resolve R",
			}
		}
	}
	return []Finding{fine("payouts", fmt.Sprintf("%d are open", open)), f}
}

// longWait is how long a task may be ready to run before it is worth a look.
const longWait = time.Minute

func queues(rdb redis.UniversalClient, o outlook) []Finding {
	inspector := asynq.NewInspectorFromRedisClient(rdb)
	var findings []Finding
	servers, err := inspector.Servers()
	known, read := err == nil, map[string]bool{}
	for _, s := range servers {
		for q := range s.Queues {
			read[q] = true
		}
	}
	if err != nil {
		findings = append(findings, unread("workers", err))
	} else {
		var workers []string
		for _, s := range servers {
			if name := fmt.Sprintf("%s:%d", s.Host, s.PID); !slices.Contains(workers, name) {
				workers = append(workers, name)
			}
		}
		slices.Sort(workers)
		f := fine("workers", fmt.Sprintf("%d running: %s", len(workers), strings.Join(workers, ", ")))
		switch {
		case len(workers) == 0 && o.refused: // workers are known by what they write
			f = Finding{Check: "workers", Level: Warning, Found: "not known: while Redis refuses writes workers cannot be seen",
				Means: "nothing is accepted and nothing is sent", Do: "mend what redis.writes says, then run worker doctor again"}
		case len(workers) == 0:
			f = Finding{Check: "workers", Level: Warning, Found: "none is running", Means: "payouts are accepted and wait", Do: "start workers"}
		}
		findings = append(findings, f)
	}
	names, err := inspector.Queues()
	if err != nil {
		return append(findings, unread("queues", err))
	}
	slices.Sort(names)
	parked, err := wakeup.New(rdb).CountParked(context.Background()) // asynq's time-outs bound it
	if err != nil {
		findings = append(findings, unread("queues.parked", err))
	}
	for _, q := range names {
		check := "queue." + q
		info, err := inspector.GetQueueInfo(q)
		if err != nil {
			findings = append(findings, unread(check, err))
			continue
		}
		lonely := known && len(servers) > 0 && !read[q] && info.Size > info.Completed
		f := fine(check, fmt.Sprintf("%d waiting, the oldest for %s; %d running", info.Pending, info.Latency.Round(time.Second), info.Active))
		switch {
		case info.Paused:
			f.Level, f.Found = Problem, "it is paused"
			f.Means, f.Do = "its payouts wait for ever; Salur never pauses a queue", "asynq queue unpause, and find out who paused it: a hold is the way to stop sending (ledger hold)"
		case lonely:
			f.Level, f.Found = Problem, fmt.Sprintf("no worker reads this queue; %d tasks are in it", info.Size-info.Completed)
			f.Means, f.Do = "payouts in it are never paid", unreadBy(q)
		case info.Latency > longWait:
			f.Level, f.Means, f.Do = Warning, "its payouts are late", "is sending held or throttled, or DANA away? else run more workers (SALUR_CONCURRENCY)"
		}
		findings = append(findings, f)
		findings = append(findings, astray(check, info, parked[q])...)
		if info.Archived > 0 {
			findings = append(findings, Finding{
				Check: check + ".archived", Level: Warning, Found: fmt.Sprintf("%d tasks were given up by asynq", info.Archived),
				Means: "Salur's own never are; those of payouts on record are run again, and those of nobody are not", Do: "find the service that enqueues with few retries; look at them in the web UI",
			})
		}
	}
	return findings
}

// unreadBy is what to do about a queue that no worker reads.
func unreadBy(queue string) string {
	switch queue {
	case wakeup.QueueTopUp, wakeup.QueueBank, wakeup.QueueInquiry:
		return "look at the workers: each reads it"
	case wakeup.QueueNotify:
		return "set SALUR_WEBHOOK_URL for a worker; payouts themselves are not touched"
	}
	return "have who enqueues use the queues topup and bank, and hand over what is in it again (docs/tasks.md)"
}

// astray are tasks of a queue that workers never get, or cannot carry out.
func astray(check string, info *asynq.QueueInfo, parked int) []Finding {
	var findings []Finding
	if info.Aggregating > 0 {
		findings = append(findings, Finding{
			Check: check + ".groups", Level: Problem, Found: fmt.Sprintf("%d tasks are in asynq groups; no worker reads these", info.Aggregating),
			Means: "payouts in them are never paid", Do: "have who enqueues leave asynq.Group out, and hand them over again (docs/tasks.md)",
		})
	}
	if parked > 0 {
		findings = append(findings, Finding{
			Check: check + ".parked", Level: Problem, Found: fmt.Sprintf("%d tasks cannot be carried out: they cannot be read, or contradict what is on record", parked),
			Means: "payouts in them are never paid", Do: "see their errors in the web UI (retry) or the workers' log; have who enqueued them mend them, and delete these (docs/tasks.md)",
		})
	}
	return findings
}

func outbox(ctx context.Context, rdb redis.UniversalClient, now func() time.Time) Finding {
	b, err := ledger.NewOutbox(rdb).Backlog(ctx)
	if err != nil {
		return unread("webhook", err)
	}
	f := fine("webhook", fmt.Sprintf("outcomes of %d payouts wait", b.Waiting))
	switch {
	case b.Undelivered > 0:
		f.Level, f.Found = Warning, fmt.Sprintf("outcomes of %d payouts were given up", b.Undelivered)
		f.Means, f.Do = "your receiver does not know how they ended; the payouts themselves are not touched", "mend the receiver, then ledger webhooks resend --all"
	case !b.Oldest.IsZero() && now().Sub(b.Oldest) > 10*time.Minute:
		f.Level, f.Found = Warning, fmt.Sprintf("outcomes of %d payouts wait, the oldest for %s", b.Waiting, now().Sub(b.Oldest).Round(time.Second))
		f.Means, f.Do = "your receiver is away or refuses, or no worker has SALUR_WEBHOOK_URL; payouts go on", "look at the receiver and at the workers' log"
	}
	return f
}
