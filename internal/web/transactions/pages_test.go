package transactions

import (
	"fmt"
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/hibiken/asynq"

	"github.com/salur-id/salur/internal/gate"
	"github.com/salur-id/salur/internal/ledger"
	"github.com/salur-id/salur/internal/payout"
	sm "github.com/salur-id/salur/internal/statemachine"
	"github.com/salur-id/salur/internal/wakeup"
)

func TestOverview(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	for _, s := range sm.States {
		b.put(t, string(s), s)
	}
	b.put(t, "review-2", sm.StateReview)
	body := b.shows(t, Path,
		"queued accepted, nothing sent yet 1 IDR 10000.00 1h 0m ago 2026-03-01 09:00:00 WIB",
		"review a person decides 2 IDR 20000.00 1h 0m ago", "succeeded paid 1 IDR 10000.00 –", "Total 8 IDR 80000.00",
		"Nothing is held.", "Nothing was ever held.", "topup sends to DANA balances – 0 0 0 0", "Nothing waits to be told.",
		"closed bank open topup", "worker-1:42", "As of 2026-03-01 10:00:00 WIB.")
	for _, link := range []string{`href="/transactions/list?state=review"`, `href="/monitoring/queues/topup"`} {
		if !strings.Contains(body, link) {
			t.Errorf("no link %s", link)
		}
	}

	ctx := t.Context()
	if err := gate.HoldByPerson(ctx, b.rdb, "audit", "Dewi", nine); err != nil {
		t.Fatal(err)
	}
	if _, err := gate.Resume(ctx, b.rdb, "audit is over", "Sari", nine.Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	g := gate.New(gate.Config{Redis: b.rdb, BreakerFailures: 1, BreakerOpenFor: time.Second, Now: func() time.Time { return nine.Add(30 * time.Minute) }})
	if _, err := g.Hold(ctx, gate.Hold{Cause: "a_cause_of_tomorrow", Reason: "DANA says 4033814", Ref: "review"}); err != nil {
		t.Fatal(err)
	}
	tasks := asynq.NewClientFromRedisClient(b.rdb)
	for i, in := range []time.Duration{0, 0, time.Hour} {
		if _, err := tasks.Enqueue(asynq.NewTask("topup:send", nil), asynq.Queue("topup"), asynq.ProcessIn(in), asynq.TaskID(fmt.Sprint(i))); err != nil {
			t.Fatal(err)
		}
	}
	inspector := asynq.NewInspectorFromRedisClient(b.rdb)
	if err := inspector.ArchiveTask("topup", "0"); err != nil {
		t.Fatal(err)
	}
	if err := inspector.PauseQueue("topup"); err != nil {
		t.Fatal(err)
	}
	outbox := ledger.NewOutbox(b.rdb)
	after, _, err := outbox.Read(ctx, "reader", time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	b.put(t, "told", sm.StateFailed)
	events, err := b.ledger.Events(ctx, after, 100, -1)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := outbox.Put(ctx, after, events, ten); err != nil {
		t.Fatal(err)
	}
	b.shows(t, Path,
		"Sending is held by the system since 2026-03-01 09:30:00 WIB (30m 0s) , a cause of tomorrow : DANA says 4033814 (payout review ) . Probed 0 times, again at",
		"2026-03-01 09:01:00 WIB lifted by Sari : audit is over the hold by Dewi: audit", "2026-03-01 09:00:00 WIB held by Dewi : audit",
		"topup paused sends to DANA balances 0s 1 0 1 0 1", "Outcomes of 1 payout wait to be told, the oldest for")
	b.shows(t, Path+"holds", "Sending is held by the system", "lifted by Sari : audit is over", "Resume Lifts every hold")
}

// A worker that does not know what is held says so: it sends nothing.
func TestUnknownHolds(t *testing.T) {
	t.Parallel()
	b := setup(t, func(c *Config) { c.Gate = func() gate.Status { return gate.Status{} } })
	b.shows(t, Path, "This worker sends nothing:", "No API of DANA has been called yet.")
}

var (
	rows  = regexp.MustCompile(`<th scope="row"><a href="/transactions/payout\?ref=([^"]*)">`)
	older = regexp.MustCompile(`<a href="([^"]*)" rel="next">Older</a>`)
)

// The list shows each payout once, the newest first, over its pages.
func TestListPages(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	const payouts = 2*perPage + 7
	for i := range payouts {
		b.create(t, payout.Instruction{Ref: fmt.Sprintf("PAY-%03d", i), Customer: phone, Amount: "1"}, nine.Add(time.Duration(i/3)*time.Second))
	}
	var seen []string
	pages, path := 0, Path+"list?state=queued"
	for path != "" && pages < 10 {
		body := b.shows(t, path, "queued IDR 1.00", "****234", "WIB")
		for _, row := range rows.FindAllStringSubmatch(body, -1) {
			seen = append(seen, row[1])
		}
		if (pages > 0) != strings.Contains(body, ">Newest</a>") {
			t.Errorf("page %d: the link to the newest", pages)
		}
		pages++
		path = ""
		if next := older.FindStringSubmatch(body); next != nil {
			path = html.UnescapeString(next[1])
		}
	}
	if pages != 3 || len(seen) != payouts {
		t.Fatalf("%d payouts on %d pages", len(seen), pages)
	}
	for i, ref := range seen {
		if want := fmt.Sprintf("PAY-%03d", payouts-1-i); ref != want {
			t.Fatalf("place %d: %s, want %s", i, ref, want)
		}
	}
}

func TestListFilter(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	b.put(t, "FAILED", sm.StateFailed)
	b.create(t, payout.Instruction{Ref: "BANK", Kind: "bank", Customer: phone, Amount: "2", BankCode: "014", Account: account, AccountName: holder}, nine.Add(24*time.Hour))
	for query, want := range map[string]string{
		"":                 "BANK FAILED",
		"state=failed":     "FAILED",
		"state=review":     "",
		"since=2026-03-02": "BANK",
		"until=2026-03-02": "FAILED",
		"since=2026-03-01+09:00&until=2026-03-02":  "FAILED",
		"since=2026-03-01+09:01&until=2026-03-02":  "",
		"since=2026-03-01T09:00:01%2B07:00":        "BANK",
		"since=2026-03-01T02:00:00Z&state=&until=": "BANK FAILED",
	} {
		body := b.shows(t, Path+"list?"+query)
		var refs []string
		for _, row := range rows.FindAllStringSubmatch(body, -1) {
			refs = append(refs, row[1])
		}
		if got := strings.Join(refs, " "); got != want {
			t.Errorf("%s: %q, want %q", query, got, want)
		}
		if (want == "") != strings.Contains(body, "No payouts match.") {
			t.Errorf("%s: an empty list says so", query)
		}
	}
	b.shows(t, Path+"list", "bank 014 BCA ****509", "failed exceeds_limit")
	for query, want := range map[string]string{
		"state=paid":                        "state “paid” : choose one of the states.",
		"since=yesterday":                   "since “yesterday” : use a day, such as 2026-12-31",
		"until=2026-13-01":                  "until “2026-13-01” : use a day",
		"since=2026-03-02&until=2026-03-02": "until “2026-03-02” : it must be later than since.",
		"cursor=x":                          "cursor “x” : use the one that the page before gave",
	} {
		code, body := b.get(t, Path+"list?"+query)
		if code != http.StatusBadRequest {
			t.Errorf("%s: %d", query, code)
		}
		says(t, query, body, want)
		if name, value, _ := strings.Cut(query, "="); name == "since" && value == "yesterday" && !strings.Contains(body, `value="yesterday"`) {
			t.Errorf("what was typed is gone: %s", body)
		}
	}
}

// A payout shows everything on record about it, but for what is personal.
func TestPayout(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	b.create(t, payout.Instruction{Ref: "PAY/1?&%", Customer: phone, Amount: "10000.50", Fee: "1.50", Notes: notes}, nine)
	b.happen(t, "PAY/1?&%", "", take)
	b.happen(t, "PAY/1?&%", "<html>\r\n\x1b[31m\tgateway\n</html>", sends(sm.Outcome{Kind: sm.AskStatus, Why: "unreadable"}))
	for i := range 2 {
		b.happen(t, "PAY/1?&%", "", func(r ledger.Record) sm.Event {
			o := sm.Outcome{Kind: sm.InProgress, Code: "2003900", Status: "01", ReferenceNo: "2026030100001"}
			return sm.InquiryResult(r.Tx.Inquiries+1, "ext-2", o, nine.Add(time.Duration(3+i)*time.Second))
		})
	}
	body := b.shows(t, Path+"payout?ref="+url.QueryEscape(" PAY/1?&% "),
		"pending DANA is asked how it ended · in_progress", "Amount IDR 10000.50", "Fee IDR 1.50", "Kind topup", "Customer ****234", "DANA reference 2026030100001",
		"Sent 1 attempt, 0 resends", "Asked 2 inquiries", "Created 2026-03-01 09:00:00 WIB 1h 0m ago, by payroll", "Updated 2026-03-01 09:00:04 WIB",
		"Next inquire at 2026-03-01 09:00:14 WIB",
		"2026-03-01 09:00:00.000 WIB accepted queued by payroll", "2026-03-01 09:00:01.000 WIB taken queued → processing attempt 1 X-EXTERNAL-ID ext-1",
		"send_ask_status processing → pending unreadable X-EXTERNAL-ID ext-1 DANA’s answer as it came, masked <html> [31m gateway </html>",
		"2026-03-01 09:00:04.000 WIB inquiry_in_progress pending status 01, 2 times since 2026-03-01T09:00:03.000+07:00 DANA’s code 2003900 X-EXTERNAL-ID ext-2")
	if want := `href="/monitoring/queues/inquiry/tasks/PAY%2F1%3F&amp;%25:5"`; !strings.Contains(body, want) {
		t.Errorf("no link %s in %s", want, body)
	}
	b.create(t, payout.Instruction{Ref: "BANK", Kind: "bank", Customer: phone, Amount: "2", BankCode: "014", Account: account, AccountName: holder}, nine)
	b.shows(t, Path+"payout?ref=BANK", "Bank 014 BCA", "Account ****509", "Next send at")
	b.put(t, "REVIEW", sm.StateReview)
	b.shows(t, Path+"payout?ref=REVIEW", "Next nothing is scheduled", "DANA reported success, but of another reference", "What to do: Look the payout up",
		"send_succeeded processing → review DANA answered for reference REVIEW, IDR 1.00")
	if body := b.shows(t, Path+"payout?ref=REVIEW", "All reasons"); !strings.Contains(body, `href="/transactions/reasons#echo_mismatch"`) {
		t.Errorf("no link to the reason in %s", body)
	}
}

// The page of reasons has all of them, where a payout's page links to.
func TestReasonsPage(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	body := b.shows(t, Path+"reasons", "Reasons", "Events of a history")
	for _, r := range sm.Reasons {
		if !strings.Contains(body, `id="`+string(r.Why)+`"`) {
			t.Errorf("reason %s is not on the page", r.Why)
		}
	}
}

// The names of reasons are whole at any width: style.css breaks none of them.
func TestReasonsAreNotBroken(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	if body := b.shows(t, Path+"reasons", "Reasons"); strings.Count(body, `<table class="words">`) != 2 {
		t.Errorf("the tables of names are not marked: %s", body)
	}
	if css := b.shows(t, stylePath); !strings.Contains(css, ".words th { white-space: nowrap; }") {
		t.Error("style.css breaks names")
	}
}

// A fee is in the list, and sums say that they include them.
func TestFeesInLists(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	b.create(t, payout.Instruction{Ref: "FEE", Customer: phone, Amount: "1", Fee: "5000000"}, nine)
	b.create(t, payout.Instruction{Ref: "NONE", Customer: phone, Amount: "2"}, nine)
	b.shows(t, Path+"list", "IDR 1.00 and a fee of IDR 5000000.00", "NONE queued IDR 2.00 ****")
	b.shows(t, Path, "Sum, with fees", "IDR 5000003.00")
}

func TestMissingPayout(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	code, body := b.get(t, Path+"payout?ref=pay-1")
	if code != http.StatusNotFound || !strings.Contains(body, `value="pay-1"`) {
		t.Errorf("%d %s", code, body)
	}
	says(t, "the page", body, "No payout with the reference pay-1 is on record", "capital letters", "not a phone number")
	if code, _ := b.get(t, Path+"payout"); code != http.StatusBadRequest {
		t.Errorf("no reference: %d", code)
	}
	if code, _ := b.get(t, Path+"nowhere"); code != http.StatusNotFound {
		t.Errorf("no page: %d", code)
	}
}

// Texts of merchants, DANA and people are texts, and never steer the page. Nothing personal is on any page.
func TestPagesShowTextsAndNobody(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	const script, turned = "<script>alert(1)</script>", "a\u202eb\u2066c\x00d\x1b[31m\u200be"
	for i, s := range sm.States {
		b.put(t, fmt.Sprintf("%d\"'>%s", i, script), s)
	}
	ref := `1"'>` + script
	b.happen(t, ref, script+turned+"{{.}}", sends(sm.Outcome{Kind: sm.AskStatus, Why: script + turned, Code: script + turned, ReferenceNo: script + turned}))
	b.create(t, payout.Instruction{Ref: "BANK", Kind: "bank", Customer: phone, Amount: "2", BankCode: "014", Account: account, AccountName: holder}, nine)
	if err := gate.HoldByPerson(t.Context(), b.rdb, script+turned, script+turned, nine); err != nil {
		t.Fatal(err)
	}
	var paths []string
	for i := range sm.States {
		paths = append(paths, Path+"payout?ref="+url.QueryEscape(fmt.Sprintf("%d\"'>%s", i, script)))
	}
	paths = append(paths, Path, Path+"list", Path+"holds", Path+"payout?ref=BANK", Path+"payout?ref="+url.QueryEscape(script+turned),
		Path+"list?state="+url.QueryEscape(script+turned), Path+"list?since="+url.QueryEscape(`">`+script), Path+url.PathEscape(script), Path+"nowhere")
	read := 0
	look := func(path, body string) {
		t.Helper()
		read++
		for _, r := range "\u202e\u2066\x00\x1b\u200b" {
			if strings.ContainsRune(body, r) {
				t.Errorf("%s has %U in it", path, r)
			}
		}
		for _, bad := range []string{"<script", phone, account, holder, "Santoso", notes} {
			if strings.Contains(body, bad) {
				t.Errorf("%s has %q in it", path, bad)
			}
		}
	}
	for _, path := range paths {
		_, body := b.get(t, path)
		look(path, body)
	}
	b.shows(t, paths[1], "alert(1)")
	_, body := b.send(t, Path+"holds", actHold, url.Values{"reason": {script + turned}, "by": {`">` + script}})
	look("a form to be mended", body)
	if read != len(paths)+1 {
		t.Errorf("%d pages", read)
	}
}

func TestHeaders(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	_, body := b.get(t, Path)
	css := regexp.MustCompile(`href="(/transactions/style\.[0-9a-f]+\.css)"`).FindStringSubmatch(body)
	if css == nil {
		t.Fatalf("no style sheet in %s", body)
	}
	for path, cache := range map[string]string{
		Path: "no-store", Path + "list": "no-store", Path + "holds": "no-store", Path + "payout?ref=x": "no-store", Path + "nowhere": "no-store",
		css[1]: "private, max-age=31536000, immutable",
	} {
		res, err := b.client.Get(b.url + path)
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		for name, want := range map[string]string{
			"Content-Security-Policy": "default-src 'none'; style-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
			"X-Content-Type-Options":  "nosniff", "Referrer-Policy": "same-origin", "Cache-Control": cache,
		} {
			if got := res.Header.Get(name); got != want {
				t.Errorf("%s: %s: %q, want %q", path, name, got, want)
			}
		}
	}
	for _, tag := range []string{"<style", " style=", "<script", " on"} {
		if tag != " on" && strings.Contains(body, tag) || regexp.MustCompile(`<[^>]* on[a-z]+=`).MatchString(body) {
			t.Errorf("the page has %q in it, which its policy forbids", tag)
		}
	}
}

// Without Redis every page says so, and says what it means for payouts.
func TestRedisAway(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	b.put(t, "PAY-1", sm.StateReview)
	to, values := b.form(t, Path+"payout?ref=PAY-1", actResolve)
	toHolds, hold := b.form(t, Path+"holds", actHold)
	b.server.Kill()
	for _, path := range []string{Path, Path + "list", Path + "holds", Path + "payout?ref=PAY-1"} {
		code, body := b.get(t, path)
		if code != http.StatusServiceUnavailable {
			t.Errorf("%s: %d", path, code)
		}
		says(t, path, body, "Redis cannot be read just now, so there is nothing to show. Payouts wait unharmed")
		if strings.Contains(body, b.server.Addr()) {
			t.Errorf("%s tells where Redis is", path)
		}
	}
	for name, v := range signed("as", "failed") {
		values[name], hold[name] = v, v
	}
	code, body := b.post(t, to, values)
	says(t, "resolve", body, "It is not known whether the decision is on record.")
	if code != http.StatusServiceUnavailable {
		t.Errorf("resolve: %d", code)
	}
	_, body = b.post(t, toHolds, hold)
	says(t, "hold", body, "It is not known whether sending is held, so hold again.")
	values.Set("act", actInquire)
	values.Set("proof", newSigner("rahasia").proof(ten, actInquire, "PAY-1"))
	_, body = b.post(t, to, values)
	says(t, "inquire", body, "It is not known whether the inquiry is on record.")
	hold.Set("act", actResume)
	hold.Set("proof", newSigner("rahasia").proof(ten, actResume, ""))
	_, body = b.post(t, toHolds, hold)
	says(t, "resume", body, "It is not known whether sending goes on; see Holds.")
}

func TestAge(t *testing.T) {
	t.Parallel()
	for d, want := range map[time.Duration]string{
		-time.Second: "0s", 999 * time.Millisecond: "0s", 59 * time.Second: "59s", 61 * time.Second: "1m 1s",
		90 * time.Minute: "1h 30m", 24*time.Hour - 1: "23h 59m", 25 * time.Hour: "1d 1h", 400 * 24 * time.Hour: "400d 0h",
	} {
		if got := age(d); got != want {
			t.Errorf("%s: %q, want %q", d, got, want)
		}
	}
}

// The queues of the page are all queues there are.
func TestQueuesAreAll(t *testing.T) {
	t.Parallel()
	have := map[string]bool{wakeup.QueueNotify: true}
	for _, kind := range []payout.Kind{payout.TopUp, payout.Bank} {
		for _, step := range []sm.Step{sm.StepSend, sm.StepInquire} {
			queue, _ := wakeup.Route(kind, step)
			have[queue] = true
		}
	}
	for _, q := range queues {
		if !have[q.name] {
			t.Errorf("no task ever goes to %s", q.name)
		}
		delete(have, q.name)
	}
	if len(have) > 0 {
		t.Errorf("left out: %v", have)
	}
}
