// Package badnet puts Toxiproxy on the two lines of a worker, to DANA and to Redis, and spoils
// them in every way that Toxiproxy knows: answers that come late, never, in part or by the
// byte, lines that are reset, and a worker that is cut off from Redis alone. Whatever the
// line does, every payout ends succeeded and DANA's books show one credit for each.
//
// Toxiproxy is used as a library, in this process. It has tests only.
package badnet

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/Shopify/toxiproxy/v2"
	"github.com/Shopify/toxiproxy/v2/stream"
	"github.com/hibiken/asynq"
	"github.com/redis/go-redis/v9"
	"github.com/rs/zerolog"
	"go.uber.org/goleak"
	"go.uber.org/zap"

	"github.com/salur-id/salur/internal/config"
	"github.com/salur-id/salur/internal/danaclient"
	"github.com/salur-id/salur/internal/gate"
	"github.com/salur-id/salur/internal/ledger"
	"github.com/salur-id/salur/internal/metrics"
	"github.com/salur-id/salur/internal/money"
	"github.com/salur-id/salur/internal/payout"
	"github.com/salur-id/salur/internal/redistest"
	"github.com/salur-id/salur/internal/sandbox"
	sm "github.com/salur-id/salur/internal/statemachine"
	"github.com/salur-id/salur/internal/tasks"
	"github.com/salur-id/salur/internal/wakeup"
)

func TestMain(m *testing.M) {
	flag.Parse()
	given := false
	flag.Visit(func(f *flag.Flag) { given = given || f.Name == "test.parallel" })
	if !given { // the tests wait far more than they work
		if err := flag.Set("test.parallel", "16"); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	zerolog.SetGlobalLevel(zerolog.Disabled) // some toxics log to the global logger
	const toxi = "github.com/Shopify/toxiproxy/v2"
	goleak.VerifyTestMain(m, // Toxiproxy forgets goroutines of links that a toxic has closed
		goleak.IgnoreAnyFunction(toxi+".(*ToxicLink).read"),
		goleak.IgnoreAnyFunction(toxi+".(*ToxicLink).write"),
		goleak.IgnoreAnyFunction(toxi+"/toxics.(*ToxicStub).Run"),
	)
}

const (
	good    = "62811742234"
	pending = "628999000014" // the send is answered "in progress", two inquiries too, the third "paid"

	topUp  = "topup"
	status = "topup-status"
)

var testKey = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
})

// line is one TCP line with Toxiproxy's links in it. It accepts connections itself instead of
// leaving that to Toxiproxy: taking a toxic off links that live hangs for ever when one of
// them is just ending, so a healed line gives new connections links without toxics, and
// the old ones stay bad until they end, as on a real network.
type line struct {
	addr, upstream string
	server         *toxiproxy.ApiServer

	mu      sync.Mutex
	current *toxiproxy.Proxy // whose toxics new connections get
	conns   []net.Conn
}

func newLine(t *testing.T, upstream string) *line {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := &line{
		addr: listener.Addr().String(), upstream: upstream,
		server: toxiproxy.NewServer(toxiproxy.NewMetricsContainer(nil), zerolog.Nop()),
	}
	l.heal()
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			worker, err := listener.Accept()
			if err != nil {
				return
			}
			far, err := net.Dial("tcp", upstream)
			if err != nil {
				_ = worker.Close()
				continue
			}
			l.link(worker, far)
		}
	}()
	t.Cleanup(func() {
		_ = listener.Close()
		<-done
		for _, c := range l.conns {
			_ = c.Close() // most are closed
		}
	})
	return l
}

func (l *line) link(worker, far net.Conn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.conns = append(l.conns, worker, far)
	name := worker.RemoteAddr().String()
	l.current.Toxics.StartLink(l.server, name+up, worker, far, stream.Upstream)
	l.current.Toxics.StartLink(l.server, name+down, far, worker, stream.Downstream)
}

// heal makes the line good for new connections.
func (l *line) heal() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.current = toxiproxy.NewProxy(l.server, "line", l.addr, l.upstream)
}

const (
	up   = "upstream"   // what the worker says
	down = "downstream" // what it hears
)

// toxic is one way to spoil a line, for connections that stand and for new ones.
type toxic struct {
	kind   string
	attrs  map[string]int
	stream string
}

func (l *line) spoil(t *testing.T, toxics ...toxic) {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, x := range toxics {
		text, err := json.Marshal(map[string]any{"type": x.kind, "stream": x.stream, "attributes": x.attrs})
		if err == nil {
			_, err = l.current.Toxics.AddToxicJson(bytes.NewReader(text))
		}
		if err != nil {
			t.Fatalf("%+v: %v", x, err)
		}
	}
}

// request is one that reached DANA.
type request struct {
	front, api, ref, externalID string
	at                          time.Time
}

// journal is every request that reached DANA, in the order of arrival, over all fronts.
type journal struct {
	mu   sync.Mutex
	list []request
}

func (j *journal) add(r request) {
	j.mu.Lock()
	defer j.mu.Unlock()
	r.at = time.Now()
	j.list = append(j.list, r)
}

func (j *journal) all() []request {
	j.mu.Lock()
	defer j.mu.Unlock()
	return slices.Clone(j.list)
}

// world is a real Redis, DANA, and a producer whose own line is good.
type world struct {
	redis   *redistest.Server
	rdb     *redis.Client
	ledger  *ledger.Redis
	queue   *wakeup.Queue
	dana    *sandbox.Sandbox
	journal journal
	refs    []string // submitted
}

func newWorld(t *testing.T) *world {
	t.Helper()
	server := redistest.Start(t)
	dana, err := sandbox.New(sandbox.Config{
		PartnerID: "merchant", PublicKey: &testKey().PublicKey, Deposit: money.Rupiah(1_000_000_000), Hang: 30 * time.Second, Now: time.Now, Strict: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(dana.Close)
	w := &world{redis: server, rdb: server.Client(), dana: dana}
	if err := gate.Begin(t.Context(), w.rdb); err != nil {
		t.Fatal(err)
	}
	w.ledger, w.queue = ledger.NewRedis(w.rdb), wakeup.New(w.rdb)
	return w
}

// front is an address of DANA. hook sees each request before DANA does and can keep it
// waiting; it may be nil. The result is host:port.
func (w *world) front(t *testing.T, name string, hook func(http.ResponseWriter, request)) string {
	t.Helper()
	web := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return // cut on its way: DANA does not act on half a request
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		seen := request{
			front: name, api: r.URL.Path[strings.LastIndex(r.URL.Path, "/")+1:],
			ref: refOf(body), externalID: r.Header.Get("X-EXTERNAL-ID"),
		}
		w.journal.add(seen)
		if hook != nil {
			hook(rw, seen)
		}
		w.dana.ServeHTTP(rw, r)
	}))
	t.Cleanup(web.Close)
	return web.Listener.Addr().String()
}

// refOf is the reference that a request is about.
func refOf(body []byte) string {
	var says struct {
		Ref   string `json:"partnerReferenceNo"`
		About string `json:"originalPartnerReferenceNo"`
	}
	_ = json.Unmarshal(body, &says) // what is wrong with it DANA will say
	return says.Ref + says.About
}

// worker is one worker with the ends of its two lines.
type worker struct {
	*tasks.Worker
	faults chan fault // each exchange that ended without a whole answer
	broken chan error // each Redis command that got no answer
}

type fault struct{ api, ref string }

func (w *world) worker(t *testing.T, name, danaAddr, redisAddr string, timeout time.Duration) *worker {
	t.Helper()
	rdb, err := config.NewRedis(config.Secret("redis://"+redisAddr), 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = rdb.Close() })
	faults, broken := make(chan fault, 10_000), make(chan error, 100_000)
	rdb.AddHook(hook(broken))
	client, err := danaclient.New(danaclient.Config{
		BaseURL: "http://" + danaAddr, PartnerID: "merchant", Origin: "merchant.example", ChannelID: "95221",
		Key: testKey(), Timeout: timeout, MaxConns: 16, Now: time.Now,
		Audit: func(a danaclient.AuditRecord) {
			if a.Error != "" {
				faults <- fault{string(a.API), refOf([]byte(a.RequestBody))}
			}
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	r := &tasks.Runner{
		Ledger: ledger.NewRedis(rdb), Queue: wakeup.New(rdb), DANA: client, Timeout: timeout, Owner: name,
		Policy: sm.Policy{
			RetryDelays:   []time.Duration{50 * time.Millisecond, 100 * time.Millisecond, 200 * time.Millisecond, 400 * time.Millisecond},
			InquiryDelays: []time.Duration{50 * time.Millisecond, 100 * time.Millisecond},
			InquiryCutoff: time.Minute, ResendWindow: time.Hour, NotFoundConfirmations: 3, ResendLimit: 2, NotFoundAction: sm.Resend,
		},
		Now: time.Now, Log: zap.NewNop(), Metrics: metrics.New(),
	}
	r.Gate = gate.New(gate.Config{Redis: rdb, BreakerFailures: 1000, BreakerOpenFor: time.Second, Now: time.Now, Probe: r.Probe})
	return &worker{&tasks.Worker{
		Redis: rdb, Runner: r, Concurrency: 16, Sweeper: &tasks.Sweeper{Runner: r, Grace: time.Second, Retention: time.Hour},
	}, faults, broken}
}

// hook tells of Redis commands that failed for the line's sake.
type hook chan error

func (h hook) DialHook(next redis.DialHook) redis.DialHook { return next }

func (h hook) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error { return h.tell(next(ctx, cmd)) }
}

func (h hook) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error { return h.tell(next(ctx, cmds)) }
}

func (h hook) tell(err error) error {
	var said redis.Error // by Redis: the line was good
	if err != nil && !errors.As(err, &said) && !errors.Is(err, context.Canceled) {
		h <- err
	}
	return err
}

// start runs the worker; the function that it returns stops it gracefully.
func (wk *worker) start(t *testing.T) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := wk.Run(ctx); err != nil {
			t.Error(err)
		}
	}()
	stop = sync.OnceFunc(func() {
		cancel()
		<-done
	})
	t.Cleanup(stop)
	return stop
}

// send makes the first attempt of payouts by hand, at a worker that does not run yet.
func (wk *worker) send(t *testing.T, refs ...string) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = wk.Runner.Gate.Run(ctx) // ends with its context
	}()
	for _, ref := range refs {
		if err := wk.Runner.Send(ctx, asynq.NewTask(wakeup.TypeTopUpSend, fmt.Appendf(nil, `{"v":1,"ref":%q}`, ref))); err != nil {
			t.Error(err)
		}
	}
	cancel()
	<-done
}

// submit accepts n payouts.
func (w *world) submit(t *testing.T, prefix, customer string, n int) (refs []string) {
	t.Helper()
	for i := range n {
		p, err := payout.Instruction{Ref: fmt.Sprint(prefix, "-", i), Customer: customer, Amount: payout.Number(fmt.Sprint(10_000 + i))}.Parse()
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := wakeup.Submit(t.Context(), w.ledger, w.queue, p, time.Now()); err != nil {
			t.Fatal(err)
		}
		refs = append(refs, p.Ref)
	}
	w.refs = append(w.refs, refs...)
	return refs
}

// patience bounds every wait, so that a test that cannot end says why.
const patience = 3 * time.Minute

// receive takes n values.
func receive[T any](t *testing.T, from <-chan T, n int, what string) (got []T) {
	t.Helper()
	over := time.NewTimer(patience)
	defer over.Stop()
	for len(got) < n {
		select {
		case v := <-from:
			got = append(got, v)
		case <-over.C:
			t.Fatalf("%d of %d %s", len(got), n, what)
		}
	}
	return got
}

// hurt waits until each payout has had an exchange without a whole answer.
func (wk *worker) hurt(t *testing.T, api string, refs []string) {
	t.Helper()
	for left := slices.Clone(refs); len(left) > 0; {
		f := receive(t, wk.faults, 1, "exchanges without a whole answer")[0]
		left = slices.DeleteFunc(left, func(ref string) bool { return f == fault{api, ref} })
	}
}

// settled reads the event stream until every payout is over, or in review.
func (w *world) settled(t *testing.T) {
	t.Helper()
	open := map[string]string{}
	for _, ref := range w.refs {
		open[ref] = ""
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	last := "0"
	for len(open) > 0 {
		events, err := w.ledger.Events(ctx, last, 100, 500*time.Millisecond)
		if err != nil {
			t.Fatalf("%d payouts are not over, they went %v: %v", len(open), open, err)
		}
		for _, e := range events {
			last = e.ID
			if _, waited := open[e.Ref]; waited {
				open[e.Ref] += fmt.Sprint(" ", e.To)
			}
			if e.To.Final() || e.To == sm.StateReview {
				delete(open, e.Ref)
			}
		}
	}
}

// check holds the ledger against DANA's books: every payout succeeded and was credited once,
// no answer was taken for a refusal on the way, and what left the deposit is what succeeded.
func (w *world) check(t *testing.T) map[string][]ledger.Entry {
	t.Helper()
	books := w.dana.State()
	if err := books.Check(); err != nil {
		t.Errorf("DANA's books: %v", err)
	}
	credits := map[string]int{}
	for _, c := range books.Credits {
		credits[c.Ref]++
	}
	histories := map[string][]ledger.Entry{}
	for _, ref := range w.refs {
		rec, err := w.ledger.Get(t.Context(), ref)
		if err != nil {
			t.Fatal(err)
		}
		history, err := w.ledger.History(t.Context(), ref)
		if err != nil {
			t.Fatal(err)
		}
		histories[ref] = history
		if rec.Tx.State != sm.StateSucceeded || credits[ref] != 1 {
			t.Errorf("%s is %s (%s) with %d credits", ref, rec.Tx.State, rec.Tx.Reason, credits[ref])
		}
		for _, e := range history {
			switch e.Event {
			case "send_refused", "send_denied", "send_inconsistent", "send_ask_status", "inquiry_failed", "inquiry_refunded", "inquiry_denied":
				t.Errorf("%s: DANA said no such thing as %s (%s %s)", ref, e.Event, e.ResponseCode, e.Detail)
			}
		}
	}
	stats, err := w.ledger.Stats(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range stats {
		gone := books.Opening.Sub(books.Deposit).Cents()
		if s.State == sm.StateSucceeded && (s.Cents != gone || s.Count != int64(len(w.refs))) || s.State != sm.StateSucceeded && s.Count != 0 {
			t.Errorf("%d of %d payouts are %s, %d cents; %d cents left the deposit", s.Count, len(w.refs), s.State, s.Cents, gone)
		}
	}
	return histories
}

func has(history []ledger.Entry, events ...sm.Trigger) bool {
	return slices.ContainsFunc(history, func(e ledger.Entry) bool { return slices.Contains(events, e.Event) })
}
