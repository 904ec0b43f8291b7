package transactions

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/salur-id/salur"
	"github.com/salur-id/salur/internal/ledger"
	"github.com/salur-id/salur/internal/payout"
)

// reading counts what is asked of Redis, and how much comes back.
type reading struct{ commands, bytes int }

func (c *reading) DialHook(next redis.DialHook) redis.DialHook { return next }
func (c *reading) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		err := next(ctx, cmd)
		c.count(cmd)
		return err
	}
}

func (c *reading) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		err := next(ctx, cmds)
		for _, cmd := range cmds {
			c.count(cmd)
		}
		return err
	}
}

func (c *reading) count(cmd redis.Cmder) {
	c.commands++
	c.bytes += len(cmd.String()) // with its answer
}

func (b bundle) fill(t testing.TB, from, to int) {
	t.Helper()
	ps := make([]payout.Payout, 0, 64)
	for i := from; i < to; i += len(ps) {
		ps = ps[:0]
		for n := i; n < min(to, i+64); n++ {
			p, err := payout.Instruction{Ref: fmt.Sprintf("PAY-%07d", n), Customer: phone, Amount: "10000"}.Parse()
			if err != nil {
				t.Fatal(err)
			}
			ps = append(ps, p)
		}
		for _, made := range b.ledger.CreateMany(t.Context(), ps, "", nine.Add(time.Duration(i)*time.Millisecond)) {
			if made.Err != nil {
				t.Fatal(made.Err)
			}
		}
	}
}

// A page asks as much of Redis, and no more comes back, however many payouts there are.
func TestPagesReadAScreenful(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	count := &reading{}
	b.rdb.AddHook(count)
	read := func(path string) reading {
		*count = reading{}
		if code, _ := b.get(t, path); code != http.StatusOK {
			t.Fatalf("%s: %d", path, code)
		}
		return *count
	}
	paths := []string{Path, Path + "list", Path + "list?state=queued", Path + "holds", Path + "payout?ref=PAY-0000001"}
	b.fill(t, 0, 640)
	for _, path := range paths {
		read(path) // scripts are loaded by now
	}
	few := map[string]reading{}
	for _, path := range paths {
		few[path] = read(path)
	}
	b.fill(t, 640, 6400)
	for _, path := range paths {
		if many, few := read(path), few[path]; many.commands != few.commands || many.bytes > few.bytes+few.bytes/10 || many.commands > 40 {
			t.Errorf("%s: %+v with 640 payouts, %+v with 6400", path, few, many)
		}
	}
	if read(paths[0]).commands == 0 {
		t.Error("nothing is counted")
	}
}

// With 100,000 payouts on record: what the pages take beside one PING and beside the reading that ledger list does.
//
//	go test -run '^$' -bench . ./internal/web/transactions
func BenchmarkPages(b *testing.B) {
	const payouts = 100_000
	site := setup(b, nil)
	site.fill(b, 0, payouts)
	page := New(*site.cfg)
	ctx := b.Context()
	list := salur.New(site.rdb)
	last, err := list.List(ctx, salur.Query{Limit: payouts / 2})
	if err != nil {
		b.Fatal(err)
	}
	for name, do := range map[string]func() error{
		"PING": func() error { return site.rdb.Ping(ctx).Err() },
		"ledger_list_50": func() error {
			_, err := ledger.NewRedis(site.rdb).List(ctx, ledger.Query{Limit: perPage + 1})
			return err
		},
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if err := do(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	for name, path := range map[string]string{
		"overview": Path, "list": Path + "list", "list_state": Path + "list?state=queued", "list_in_the_middle": Path + "list?cursor=" + last.Next,
		"payout": Path + "payout?ref=PAY-0050000", "holds": Path + "holds",
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				w := httptest.NewRecorder()
				if page.ServeHTTP(w, httptest.NewRequest("GET", path, nil)); w.Code != http.StatusOK {
					b.Fatalf("%d %s", w.Code, w.Body)
				}
			}
		})
	}
}
