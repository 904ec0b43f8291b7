package courier

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
	"go.uber.org/goleak"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"github.com/salur-id/salur/internal/ledger"
	"github.com/salur-id/salur/internal/metrics"
	"github.com/salur-id/salur/internal/payout"
	"github.com/salur-id/salur/internal/redistest"
	sm "github.com/salur-id/salur/internal/statemachine"
	"github.com/salur-id/salur/internal/webhook"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m,
		// go-redis ends its pool's goroutines after Close has returned.
		goleak.IgnoreAnyFunction("github.com/redis/go-redis/v9/internal/pool.(*ConnPool).checkMinIdleConns"),
	)
}

const secret = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz"

// bundle is a real Redis, and a receiver that keeps what it is sent.
type bundle struct {
	t       *testing.T
	server  *redistest.Server
	rdb     *redis.Client
	ledger  *ledger.Redis
	outbox  *ledger.Outbox
	logs    *observer.ObservedLogs
	log     *zap.Logger
	now     func() time.Time
	url     string
	arrived chan post // every post with a good signature, answered by answer

	mu     sync.Mutex
	answer func(p post) int // status; 200 when nil
}

// post is what the receiver was sent.
type post struct {
	id, body string
	message  message
}

func (p post) String() string {
	return fmt.Sprint(p.message.Data.Ref, " ", p.message.Data.State)
}

func setup(t *testing.T) *bundle {
	t.Helper()
	core, logs := observer.New(zapcore.InfoLevel)
	b := &bundle{t: t, server: redistest.Start(t, "--appendonly", "yes", "--appendfsync", "always"), logs: logs, log: zap.New(core),
		now: time.Now, arrived: make(chan post, 10_000)}
	b.rdb = b.server.Client()
	b.ledger, b.outbox = ledger.NewRedis(b.rdb), ledger.NewOutbox(b.rdb)
	wh, err := standardwebhooks.NewWebhook(secret)
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		text, _ := io.ReadAll(r.Body)
		p := post{id: r.Header.Get("webhook-id"), body: string(text)}
		if err := wh.VerifyIgnoringTimestamp(text, r.Header); err != nil {
			t.Errorf("%s: %v", text, err)
		}
		if err := json.Unmarshal(text, &p.message); err != nil {
			t.Errorf("%s: %v", text, err)
		}
		b.mu.Lock()
		answer := b.answer
		b.mu.Unlock()
		status := http.StatusOK
		if answer != nil {
			status = answer(p)
		}
		b.arrived <- p
		w.WriteHeader(status)
	}))
	t.Cleanup(s.Close)
	b.url = s.URL
	return b
}

func (b *bundle) answers(f func(post) int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.answer = f
}

// courier is one worker's, not running; it has begun.
func (b *bundle) courier(name string) *Courier {
	b.t.Helper()
	receiver, err := webhook.New(webhook.Config{URL: b.url, Secrets: []string{secret}, AllowPrivate: true, MaxConns: Concurrency, Now: time.Now})
	if err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(receiver.Close)
	c := New(Config{Redis: b.server.Client(), Receiver: receiver, Owner: name, Grace: time.Second, Retention: time.Hour,
		Now: b.now, Log: b.log, Metrics: metrics.New()})
	if err := c.Begin(b.t.Context()); err != nil {
		b.t.Fatal(err)
	}
	return c
}

// start runs a courier; the function that it returns stops it gracefully.
func (b *bundle) start(c *Courier) (stop func()) {
	b.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := c.Run(ctx); err != nil {
			b.t.Error(err)
		}
	}()
	stop = sync.OnceFunc(func() {
		cancel()
		<-done
	})
	b.t.Cleanup(stop)
	return stop
}

// pay makes payouts: each is pending, and then failed.
func (b *bundle) pay(refs ...string) {
	b.t.Helper()
	for _, ref := range refs {
		p, err := payout.Instruction{Ref: ref, Customer: "62811742234", Amount: "10000.50", Notes: "for Budi"}.Parse()
		if err != nil {
			b.t.Fatal(err)
		}
		at := time.Now()
		if _, _, err := b.ledger.Create(b.t.Context(), p, at); err != nil {
			b.t.Fatal(err)
		}
		for _, event := range []func(ledger.Record) sm.Event{
			func(ledger.Record) sm.Event {
				return sm.Take(sm.Attempt{ExternalID: "ext", Owner: "w", StartedAt: at, Deadline: at.Add(time.Minute)})
			},
			func(r ledger.Record) sm.Event {
				return sm.SendResult(r.Tx.Open, sm.Outcome{Kind: sm.AskStatus, Why: "general_error"}, at)
			},
			func(r ledger.Record) sm.Event {
				return sm.InquiryResult(r.Tx.Inquiries+1, "ext", sm.Outcome{Kind: sm.Failed, Status: "06"}, at)
			},
		} {
			_, _, err := ledger.Update(b.t.Context(), b.ledger, sm.DefaultPolicy(), ref, "", func(r ledger.Record) (sm.Event, bool) { return event(r), true })
			if err != nil {
				b.t.Fatal(err)
			}
		}
	}
}

func refs(prefix string, n int) []string {
	all := make([]string, n)
	for i := range all {
		all[i] = fmt.Sprintf("%s-%d", prefix, i)
	}
	return all
}

// next is the next post.
func (b *bundle) next() post {
	b.t.Helper()
	select {
	case p := <-b.arrived:
		return p
	case <-time.After(40 * time.Second):
		b.t.Fatalf("nothing is posted; the log: %v", b.logs.All())
		return post{}
	}
}

// complete reads posts until every outcome in the ledger's stream has arrived, and holds them to
// their order: of one payout no version comes for the first time before the one that was before it.
func (b *bundle) complete() (posts int) {
	b.t.Helper()
	missing := map[string]bool{}
	events, err := b.ledger.Events(b.t.Context(), "0", 100_000, time.Millisecond)
	if err != nil {
		b.t.Fatal(err)
	}
	before := map[string]string{} // the outcome that comes before another one of its payout
	last := map[string]string{}
	for _, e := range events {
		if e.To != sm.StateQueued && e.To != sm.StateProcessing {
			id := "evt_" + e.ID
			missing[id] = true
			before[id], last[e.Ref] = last[e.Ref], id
		}
	}
	for len(missing) > 0 {
		p := b.next()
		if missing[before[p.id]] {
			b.t.Fatalf("%s comes before what was before it", p)
		}
		delete(missing, p.id)
		posts++
	}
	return posts
}

// await polls: what is awaited happens in Redis, or in another goroutine's map.
func (b *bundle) await(what string, ok func() bool) {
	b.t.Helper()
	for end := time.Now().Add(40 * time.Second); !ok(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			b.t.Fatalf("waited in vain for %s", what)
		}
	}
}

func (b *bundle) empty() bool {
	backlog, err := b.outbox.Backlog(b.t.Context())
	return err == nil && backlog.Waiting == 0
}

// commands is how many commands Redis has carried out.
func (b *bundle) commands() int {
	b.t.Helper()
	n := 0
	for line := range strings.Lines(b.rdb.Info(b.t.Context(), "stats").Val()) {
		_, _ = fmt.Sscanf(line, "total_commands_processed:%d", &n)
	}
	return n
}
