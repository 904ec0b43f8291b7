package transactions

import (
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/logging"
	"go.uber.org/zap"

	"github.com/salur-id/salur/internal/gate"
	"github.com/salur-id/salur/internal/ledger"
	"github.com/salur-id/salur/internal/money"
	"github.com/salur-id/salur/internal/payout"
	"github.com/salur-id/salur/internal/redistest"
	sm "github.com/salur-id/salur/internal/statemachine"
)

func TestMain(m *testing.M) {
	logging.Disable() // as main does
	m.Run()
}

// What no page may show.
const (
	phone   = "62811742234"
	account = "2460888509"
	holder  = "Budi Santoso"
	notes   = "gaji Budi"
)

// nine is nine o'clock in Jakarta; the site's clock stands at ten.
var (
	nine = time.Date(2026, 3, 1, 2, 0, 0, 0, time.UTC)
	ten  = nine.Add(time.Hour)
)

type bundle struct {
	server *redistest.Server
	rdb    *redis.Client
	ledger *ledger.Redis
	url    string
	client *http.Client // keeps cookies, as a browser does
	cfg    *Config
}

// setup serves the page on a Redis of its own. change may change its configuration.
func setup(t testing.TB, change func(*Config)) bundle {
	t.Helper()
	server := redistest.Start(t)
	rdb := server.Client()
	cfg := Config{
		Redis: rdb, Worker: "worker-1:42", TasksPath: "/monitoring/", Secret: "rahasia", Log: zap.NewNop(), Now: func() time.Time { return ten },
		Gate: func() gate.Status {
			return gate.Status{Known: true, Breakers: map[string]string{"topup": "open", "bank": "closed"}}
		},
	}
	if change != nil {
		change(&cfg)
	}
	site := httptest.NewServer(New(cfg))
	t.Cleanup(site.Close)
	jar, _ := cookiejar.New(nil)
	return bundle{server, rdb, ledger.NewRedis(rdb), site.URL, &http.Client{Jar: jar}, &cfg}
}

// get is a page: its status and what it says.
func (b bundle) get(t testing.TB, path string) (int, string) {
	t.Helper()
	res, err := b.client.Get(b.url + path)
	if err != nil {
		t.Fatal(err)
	}
	return read(t, res)
}

func read(t testing.TB, res *http.Response) (int, string) {
	t.Helper()
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(body)
}

// shows gets a page, which must say all of these, tags left out.
func (b bundle) shows(t *testing.T, path string, want ...string) string {
	t.Helper()
	code, body := b.get(t, path)
	if code != http.StatusOK {
		t.Errorf("%s: %d", path, code)
	}
	says(t, path, body, want...)
	return body
}

func says(t *testing.T, what, body string, want ...string) {
	t.Helper()
	text := text(body)
	for _, w := range want {
		if !strings.Contains(text, closed.Replace(w)) {
			t.Errorf("%s does not say %q:\n%s", what, w, text)
		}
	}
}

var tags = regexp.MustCompile(`<[^>]*>`)

// closed has no space before a sign that follows a tag.
var closed = strings.NewReplacer(" .", ".", " ,", ",", " :", ":", " ;", ";", " )", ")")

// text is what is read of a page: without tags, and with single spaces.
func text(body string) string {
	return closed.Replace(strings.Join(strings.Fields(html.UnescapeString(tags.ReplaceAllString(body, " "))), " "))
}

var formOf = regexp.MustCompile(`(?s)<form class="act" method="post" action="([^"]*)">(.*?)</form>`)

// form is the form for an act on a page: where it is sent to, and what it holds for whoever fills it in.
func (b bundle) form(t *testing.T, path, act string) (to string, hidden url.Values) {
	t.Helper()
	_, body := b.get(t, path)
	for _, f := range formOf.FindAllStringSubmatch(body, -1) {
		hidden := url.Values{}
		for _, in := range regexp.MustCompile(`<input type="hidden" name="([^"]*)" value="([^"]*)">`).FindAllStringSubmatch(f[2], -1) {
			hidden.Set(in[1], html.UnescapeString(in[2]))
		}
		if hidden.Get("act") == act {
			return html.UnescapeString(f[1]), hidden
		}
	}
	t.Fatalf("%s has no form to %s", path, act)
	return "", nil
}

// send fills a form in and sends it, as a person does, and is the page that comes of it.
func (b bundle) send(t *testing.T, path, act string, typed url.Values) (int, string) {
	t.Helper()
	to, values := b.form(t, path, act)
	for name, v := range typed {
		values[name] = v
	}
	return b.post(t, to, values)
}

func (b bundle) post(t *testing.T, to string, values url.Values) (int, string) {
	t.Helper()
	res, err := b.client.PostForm(b.url+to, values)
	if err != nil {
		t.Fatal(err)
	}
	return read(t, res)
}

func signed(more ...string) url.Values {
	v := url.Values{"reason": {"seen in the portal"}, "by": {"Sari"}}
	for i := 0; i < len(more); i += 2 {
		v.Set(more[i], more[i+1])
	}
	return v
}

func (b bundle) create(t testing.TB, in payout.Instruction, at time.Time) {
	t.Helper()
	p, err := in.Parse()
	if err != nil {
		t.Fatal(err)
	}
	if made := b.ledger.CreateMany(t.Context(), []payout.Payout{p}, "payroll", at); made[0].Err != nil || !made[0].New {
		t.Fatalf("create %s: %+v", in.Ref, made)
	}
}

func (b bundle) happen(t testing.TB, ref, answer string, event func(ledger.Record) sm.Event) {
	t.Helper()
	_, _, err := ledger.Update(t.Context(), b.ledger, sm.DefaultPolicy(), ref, answer, func(r ledger.Record) (sm.Event, bool) { return event(r), true })
	if err != nil {
		t.Fatalf("%s: %v", ref, err)
	}
}

func take(ledger.Record) sm.Event {
	return sm.Take(sm.Attempt{ExternalID: "ext-1", Owner: "w1", StartedAt: nine.Add(time.Second), Deadline: nine.Add(12 * time.Second)})
}

func sends(o sm.Outcome) func(ledger.Record) sm.Event {
	return func(r ledger.Record) sm.Event { return sm.SendResult(r.Tx.Open, o, nine.Add(2*time.Second)) }
}

// put makes a payout of 10,000 rupiah under the reference and brings it into the state.
func (b bundle) put(t testing.TB, ref string, s sm.State) {
	t.Helper()
	b.create(t, payout.Instruction{Ref: ref, Customer: phone, Amount: "10000", Notes: notes}, nine)
	paid := sm.Outcome{Kind: sm.Succeeded, Code: "2003800", ReferenceNo: "2026030100001", EchoRef: ref, EchoAmount: money.Rupiah(10000)}
	foreign := paid
	foreign.EchoAmount = money.Rupiah(1)
	unclear := sm.Outcome{Kind: sm.AskStatus, Why: "general_error", Code: "5003800"}
	way := map[sm.State][]func(ledger.Record) sm.Event{
		sm.StateProcessing: {take},
		sm.StatePending:    {take, sends(unclear)},
		sm.StateReview:     {take, sends(foreign)},
		sm.StateSucceeded:  {take, sends(paid)},
		sm.StateFailed:     {take, sends(sm.Outcome{Kind: sm.Refused, Why: "exceeds_limit", Code: "4033802"})},
		sm.StateRefunded: {take, sends(unclear), func(r ledger.Record) sm.Event {
			return sm.InquiryResult(r.Tx.Inquiries+1, "ext-2", sm.Outcome{Kind: sm.Refunded, Code: "2003900", Status: "04"}, nine.Add(3*time.Second))
		}},
	}
	for _, ev := range way[s] {
		b.happen(t, ref, "", ev)
	}
	if rec := b.record(t, ref); rec.Tx.State != s {
		t.Fatalf("the way to %s ends in %s", s, rec.Tx.State)
	}
}

func (b bundle) record(t testing.TB, ref string) ledger.Record {
	t.Helper()
	rec, err := b.ledger.Get(t.Context(), ref)
	if err != nil {
		t.Fatal(err)
	}
	return rec
}
