package e2e

import (
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/salur-id/salur"
	"github.com/salur-id/salur/internal/config"
	"github.com/salur-id/salur/internal/prove"
	"github.com/salur-id/salur/internal/redistest"
)

// The master is killed with -9 under load. The sentinels make the replica the master: payouts go on,
// what anybody was told is accepted is there and comes to its end, and nobody is paid twice.
func TestSentinelFailover(t *testing.T) {
	t.Parallel()
	sen := redistest.StartSentinels(t, "--appendonly", "yes")
	s := setupOn(t, sen.URL(), "20s")
	s.env["SALUR_CONCURRENCY"] = "16"
	s.control("plan", fmt.Sprintf(`{"random":{"seed":%d,"share":0.3}}`, prove.Seed()))
	workers := []*process{s.worker(), s.worker()}

	p := &producers{t: t, killed: make(chan struct{})}
	p.cond.L = &p.mu
	for n := range 4 {
		p.Go(func() { p.produce(n, sen.URL()) })
	}
	p.await(200)
	sen.Master.Kill()
	down := time.Now()
	close(p.killed)
	before := p.count()
	p.Wait()
	away := p.failed.Sub(down)
	if p.failed.IsZero() {
		t.Error("nobody noticed that the master was away")
	}

	rdb := p.client(sen.URL())
	found, err := salur.New(rdb).GetMany(t.Context(), p.accepted)
	if err != nil {
		t.Fatal(err)
	}
	lost := 0
	for _, ref := range p.accepted {
		if _, ok := found[ref]; !ok {
			lost++
			t.Errorf("%s was accepted and is not on record", ref)
		}
	}
	// The old master comes back, as a replica, and what only it had is gone.
	sen.Master.Restart()
	old := sen.Master.Client()
	redistest.Await(t, "the old master to be a replica", func() bool {
		text, err := old.Info(t.Context(), "replication").Result()
		return err == nil && strings.Contains(text, "role:slave") && strings.Contains(text, "master_link_status:up")
	})

	s.settled(len(p.accepted))
	s.balance()
	for _, w := range workers {
		if code := w.stop(t); code != 0 {
			t.Errorf("a worker exits with %d", code)
		}
	}
	sends, repeated := 0, 0
	for _, tx := range s.books().Transactions {
		sends, repeated = sends+tx.Sends, repeated+tx.Sends-1
	}
	prove.Say(t, "failover: %d payouts accepted before the kill of the master and %d after it, %d answers that told nothing; %d lost; away for %s; %d sends, %d of them repeated",
		before, len(p.accepted)-before, p.unsure, lost, away.Round(100*time.Millisecond), sends, repeated)
}

// settled waits until so many payouts are on record and none is open.
func (s *system) settled(payouts int) {
	s.t.Helper()
	var said string
	await(s.t, "all payouts to come to their end", func() bool {
		said = s.must("ledger", "stats", "--json")
		total, open := 0, 0
		for line := range strings.Lines(said) {
			var stat struct {
				State string
				Count int
			}
			if err := json.Unmarshal([]byte(line), &stat); err != nil {
				s.t.Fatal(err)
			}
			total += stat.Count
			switch stat.State {
			case "queued", "processing", "pending":
				open += stat.Count
			}
		}
		return total == payouts && open == 0
	})
}

// producers hand payouts over until enough are accepted, and note what they were told.
type producers struct {
	sync.WaitGroup
	t      *testing.T
	killed chan struct{} // closed when the master is

	mu       sync.Mutex
	cond     sync.Cond
	accepted []string
	unsure   int       // answers that told nothing
	failed   time.Time // when Redis was away last
}

const (
	mostBefore = 400 // payouts before the kill
	enough     = 600
)

func (p *producers) client(url string) redis.UniversalClient {
	rdb, err := config.NewRedis(config.Secret(url), 0)
	if err != nil {
		p.t.Error(err)
		return nil
	}
	p.t.Cleanup(func() { _ = rdb.Close() })
	return rdb
}

func (p *producers) produce(who int, url string) {
	client := salur.New(p.client(url))
	for n := 0; p.count() < enough; n++ {
		if p.count() >= mostBefore {
			<-p.killed
		}
		var some []salur.Payout
		for i := range 5 {
			some = append(some, payoutOf(fmt.Sprintf("P%d-%d-%d", who, n, i)))
		}
		for left := some; len(left) > 0; {
			left = p.submit(client, left)
		}
	}
}

// submit hands payouts over and returns those that must be handed over once more: it is not known
// whether they are on record.
func (p *producers) submit(client *salur.Client, some []salur.Payout) (left []salur.Payout) {
	results, err := client.EnqueueAll(p.t.Context(), some)
	if err != nil { // nothing was done
		p.mu.Lock()
		p.failed = time.Now()
		p.mu.Unlock()
		time.Sleep(100 * time.Millisecond)
		return some
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for i, r := range results {
		if r.Err == nil {
			p.accepted = append(p.accepted, r.Ref)
		} else {
			left = append(left, some[i])
		}
	}
	p.cond.Broadcast()
	if len(left) > 0 {
		p.unsure += len(left)
		p.failed = time.Now()
		time.Sleep(50 * time.Millisecond)
	}
	return left
}

func (p *producers) count() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.accepted)
}

// await waits until so many are accepted.
func (p *producers) await(n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for len(p.accepted) < n {
		p.cond.Wait()
	}
}

func payoutOf(ref string) salur.Payout {
	return salur.Payout{Ref: ref, Customer: "62811742" + fmt.Sprintf("%04d", len(ref)), Amount: salur.Rupiah(10000)}
}
