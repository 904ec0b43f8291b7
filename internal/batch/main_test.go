package batch

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/logging"
	"go.uber.org/goleak"

	"github.com/salur-id/salur"
	"github.com/salur-id/salur/internal/redistest"
)

func TestMain(m *testing.M) {
	logging.Disable() // go-redis would tell of each Redis that a test kills
	goleak.VerifyTestMain(m)
}

// testBundle is a client on a Redis of its own.
type testBundle struct {
	*testing.T
	server *redistest.Server
	rdb    *redis.Client
	client *salur.Client
}

func setup(t *testing.T, options ...string) *testBundle {
	t.Helper()
	server := redistest.Start(t, options...)
	rdb := server.Client()
	return &testBundle{t, server, rdb, salur.New(rdb)}
}

// open is a file with this content.
func (b *testBundle) open(name, content string) *File {
	b.Helper()
	path := filepath.Join(b.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		b.Fatal(err)
	}
	return b.reopen(path)
}

func (b *testBundle) reopen(path string) *File {
	b.Helper()
	f, err := Open(b.Context(), strings.NewReader(""), path, "")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = f.Close() })
	return f
}

func (b *testBundle) check(f *File) *Plan {
	b.Helper()
	p, err := Check(b.Context(), b.client, f, nil)
	if err != nil {
		b.Fatal(err)
	}
	return p
}

// show is the rows of a plan as text.
func (b *testBundle) show(p *Plan) string {
	b.Helper()
	var text strings.Builder
	if err := p.Each(b.Context(), func(r Row) error {
		fmt.Fprintln(&text, line(r))
		return nil
	}); err != nil {
		b.Fatal(err)
	}
	return text.String()
}

func line(r Row) string {
	text := fmt.Sprintf("%d %s %s %s", r.Line, r.Ref, word(r.Verdict, false), r.State)
	if r.Err != nil {
		text += " " + r.Err.Error()
	}
	return text
}

const header = "ref,customer,amount\n"

// payroll is a file of n payouts of 1.50 each.
func payroll(n int) string {
	var text strings.Builder
	text.WriteString(header)
	for i := range n {
		fmt.Fprintf(&text, "PAY-%06d,62811742234,1.50\n", i)
	}
	return text.String()
}

// holds tells how many payouts the ledger and asynq's queue have, each of which must have as many.
func (b *testBundle) holds() int {
	b.Helper()
	totals, err := b.client.Stats(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	var count, cents int64
	for _, t := range totals {
		count, cents = count+t.Count, cents+t.Sum.Cents()
	}
	waiting, err := b.rdb.LRange(b.Context(), "asynq:{topup}:pending", 0, -1).Result()
	if err != nil {
		b.Fatal(err)
	}
	once := map[string]bool{}
	for _, id := range waiting {
		once[id] = true
	}
	if int64(len(waiting)) != count || len(once) != len(waiting) || cents != count*150 {
		b.Errorf("%d payouts on record with %d cents, %d tasks waiting, %d of them different", count, cents, len(waiting), len(once))
	}
	return int(count)
}
