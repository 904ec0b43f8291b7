package e2e

import (
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/salur-id/salur/internal/ledger"
	"github.com/salur-id/salur/internal/prove"
)

// receiver is the merchant's: it verifies each post and remembers in which order their ids came
// for the first time.
type receiver struct {
	t     *testing.T
	mu    sync.Mutex
	place map[string]int // by webhook-id
	posts int
	do    func(id string) int // before the answer to a message; its status
}

const webhookSecret, rotatedSecret = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz", "whsec_OTg3NjU0MzIxMDk4NzY1NDMyMTA5ODc2NTQzMjEwOTg="

// withWebhook has workers tell a receiver; do is asked for the answer's status.
func (s *system) withWebhook(do func(id string) int) *receiver {
	r := &receiver{t: s.t, place: map[string]int{}, do: do}
	web := httptest.NewServer(r)
	s.t.Cleanup(web.Close)
	s.env["SALUR_WEBHOOK_URL"], s.env["SALUR_WEBHOOK_SECRET"] = web.URL+"/hook?key=hunter2", rotatedSecret+","+webhookSecret
	s.env["SALUR_WEBHOOK_ALLOW_PRIVATE"] = "true"
	return r
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return // its worker was killed
	}
	for _, secret := range []string{webhookSecret, rotatedSecret} {
		wh, err := standardwebhooks.NewWebhook(secret)
		if err == nil {
			err = wh.Verify(body, req.Header)
		}
		if err != nil || !json.Valid(body) || strings.Contains(string(body), "6281") {
			r.t.Errorf("%v: %s", err, body)
		}
	}
	id := req.Header.Get("webhook-id")
	status := r.do(id)
	if status == http.StatusOK {
		r.mu.Lock()
		r.posts++
		if r.place[id] == 0 {
			r.place[id] = len(r.place) + 1
		}
		r.mu.Unlock()
	}
	w.WriteHeader(status)
}

func (r *receiver) received() (ids, posts int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.place), r.posts
}

// complete waits until every outcome in the ledger's stream was received, and holds them to their
// order, payout by payout.
func (r *receiver) complete(l *ledger.Redis) (outcomes int) {
	r.t.Helper()
	events, err := l.Events(r.t.Context(), "0", 1_000_000, time.Millisecond)
	if err != nil {
		r.t.Fatal(err)
	}
	events = outcomesOf(events)
	await(r.t, fmt.Sprintf("all %d outcomes", len(events)), func() bool {
		ids, _ := r.received()
		return ids >= len(events)
	})
	r.mu.Lock()
	defer r.mu.Unlock()
	last := map[string]int{}
	for _, e := range events {
		place := r.place["evt_"+e.ID]
		if place == 0 || place <= last[e.Ref] {
			r.t.Errorf("%s of %s came as number %d, after %d of the same payout", e.To, e.Ref, place, last[e.Ref])
		}
		last[e.Ref] = place
	}
	if len(r.place) != len(events) {
		r.t.Errorf("%d outcomes received, %d on record", len(r.place), len(events))
	}
	return len(events)
}

func outcomesOf(events []ledger.Event) (outcomes []ledger.Event) {
	for _, e := range events {
		if e.To != "queued" && e.To != "processing" {
			outcomes = append(outcomes, e)
		}
	}
	return outcomes
}

// Workers and Redis are killed at random moments under load, and the receiver fails now and then: every
// outcome is received, in the order of its payout, and signed.
func TestWebhookSurvivesKills(t *testing.T) {
	t.Parallel()
	s := setup(t, "--appendfsync", "always")
	dice := rand.New(rand.NewPCG(prove.Seed(), 7))
	var mu sync.Mutex
	refused := map[string]bool{}
	r := s.withWebhook(func(id string) int {
		mu.Lock()
		defer mu.Unlock()
		time.Sleep(time.Duration(dice.IntN(20)) * time.Millisecond) // so that kills meet posts
		if dice.IntN(20) == 0 && !refused[id] {                     // each at most once: after a third time the wait is two minutes
			refused[id] = true
			return http.StatusServiceUnavailable
		}
		return http.StatusOK
	})
	s.env["SALUR_LOG_LEVEL"], s.env["SALUR_CONCURRENCY"] = "info", "16"
	workers := []*process{s.worker(), s.start("worker")}
	moment := rand.New(rand.NewPCG(prove.Seed(), 8))
	kills := 0
	for batch := range 12 {
		var file strings.Builder
		for i := range 25 {
			customer := fmt.Sprintf("6281%07d", moment.IntN(1000))
			if i%4 == 0 {
				customer = "628121111111" // general error: pending, then failed
			}
			fmt.Fprintf(&file, `{"ref":"W-%d-%d","customer":%q,"amount":"10000"}`+"\n", batch, i, customer)
		}
		await(t, "a batch to be accepted", func() bool {
			_, _, code := s.run(file.String(), "enqueue", "batch", "-", "--format", "jsonl")
			return code == 0
		})
		time.Sleep(time.Duration(moment.IntN(400)) * time.Millisecond) // at any moment
		if batch%4 == 3 {
			s.redis.Kill()
			s.redis.Restart()
			continue
		}
		i := moment.IntN(len(workers))
		workers[i].kill()
		workers[i] = s.start("worker")
		kills++
	}
	s.must("enqueue", "topup", "--ref", "LAST", "--customer", "62811742234", "--amount", "1")
	await(t, "everything to be over", func() bool {
		return settled(s)
	})
	rdb := s.redis.Client()
	n := r.complete(ledger.NewRedis(rdb))
	await(t, "the outbox to be empty", func() bool {
		b, err := ledger.NewOutbox(rdb).Backlog(t.Context())
		return err == nil && b == ledger.Backlog{}
	})
	ids, posts := r.received()
	t.Logf("%d outcomes of 301 payouts received in %d posts; %d kills of workers, 3 of Redis", ids, posts, kills)
	if n < 301+12*6 {
		t.Errorf("only %d outcomes", n)
	}
	s.balance()
	for _, w := range workers {
		if code := w.stop(t); code != 0 {
			t.Errorf("exit %d", code)
		}
		if said := strings.Join(w.stderr.lines(), "\n"); strings.Contains(said, "hunter2") || strings.Contains(said, "whsec_") || strings.Contains(said, "MDEyMzQ1") {
			t.Error("the URL's key or a secret is in the log")
		}
	}
	checkArchive(t, rdb)
}

// settled reports whether no payout is on its way any more.
func settled(s *system) bool {
	for line := range strings.Lines(s.must("ledger", "stats", "--json")) {
		var st struct {
			State string
			Count int
		}
		if err := json.Unmarshal([]byte(line), &st); err != nil {
			s.t.Fatal(err)
		}
		if (st.State == "queued" || st.State == "processing" || st.State == "pending") && st.Count > 0 {
			return false
		}
	}
	return true
}

func checkArchive(t *testing.T, rdb *redis.Client) {
	t.Helper()
	if n := rdb.ZCard(t.Context(), "asynq:{notify}:archived").Val(); n != 0 {
		t.Errorf("%d archived tasks", n)
	}
}

// A receiver that takes every post and answers none of them is in no payout's way: 1,000 payouts end while
// nothing at all has been delivered. When it answers again, all of it is.
func TestWebhookReceiverHangs(t *testing.T) {
	t.Parallel()
	s := setup(t)
	hanging := make(chan struct{})
	var once sync.Once
	t.Cleanup(func() { once.Do(func() { close(hanging) }) })
	r := s.withWebhook(func(string) int {
		<-hanging
		return http.StatusOK
	})
	s.env["SALUR_LOG_LEVEL"] = "info"
	w := s.worker()
	var file strings.Builder
	for i := range 1000 {
		fmt.Fprintf(&file, `{"ref":"H-%d","customer":"6281%07d","amount":"10000"}`+"\n", i, i)
	}
	if out, errs, code := s.run(file.String(), "enqueue", "batch", "-", "--format", "jsonl"); code != 0 {
		t.Fatalf("%s%s", out, errs)
	}
	await(t, "all payouts to end", func() bool {
		return strings.Contains(s.must("ledger", "stats", "--json"), `"state":"succeeded","count":1000,`)
	})
	if ids, posts := r.received(); ids != 0 || posts != 0 {
		t.Errorf("%d outcomes were delivered meanwhile", ids)
	}
	addr := w.logged(t, "worker", "http")
	await(t, "the backlog to be seen", func() bool {
		return strings.Contains(get("http://"+addr+"/metrics"), "salur_webhook_waiting 1000\n")
	})
	if ready := get("http://" + addr + "/readyz"); strings.Contains(ready, "false") {
		t.Errorf("a receiver that hangs makes the worker unready: %s", ready)
	}
	once.Do(func() { close(hanging) })
	if n := r.complete(ledger.NewRedis(s.redis.Client())); n != 1000 {
		t.Errorf("%d outcomes", n)
	}
	s.balance()
}

// Without SALUR_WEBHOOK_URL nothing is kept, and half of the settings is refused in one line that shows
// none of it.
func TestWebhookOff(t *testing.T) {
	t.Parallel()
	s := setup(t)
	s.worker()
	s.must("enqueue", "topup", "--ref", "A", "--customer", "62811742234", "--amount", "10000")
	s.awaitState("A", "succeeded")
	if keys := s.redis.Client().Keys(t.Context(), "*outbox*").Val(); len(keys) != 0 {
		t.Errorf("kept: %v", keys)
	}
	if info := s.redis.Client().XInfoGroups(t.Context(), "salur:{topup}:events").Val(); len(info) != 0 {
		t.Errorf("groups: %v", info)
	}
	s.env["SALUR_WEBHOOK_URL"] = "https://example.com/hunter2"
	if _, errs, code := s.run("", "worker"); code != 2 || errs != "worker: SALUR_WEBHOOK_URL: is set without SALUR_WEBHOOK_SECRET; set both or neither\n" {
		t.Errorf("exit %d: %s", code, errs)
	}
}
