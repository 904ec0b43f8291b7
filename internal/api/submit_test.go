package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/redis/go-redis/v9"

	"github.com/salur-id/salur"
	"github.com/salur-id/salur/internal/redistest"
)

func TestSubmitOne(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, tc := range []struct {
		name, body string
		status     int
		want       string
	}{
		{"New", pay("A-1"), 201, receipt("A-1", false)},
		{"Again", pay("A-1"), 200, receipt("A-1", true)},
		{"SpeltOut", ` {"amount":10000.00,"kind":"topup","ref":"A-1","customer":"62811742234","fee":"0","notes":null} `, 200, receipt("A-1", true)},
		{"Bank", `{"ref":"B/1?%","kind":"bank","customer":"62811742234","amount":"50000","bankCode":"014","account":"2460888509"}`, 201, receipt("B/1?%", false)},
	} {
		a := b.post(tc.body)
		if a.status != tc.status || a.text != tc.want+"\n" || a.header.Get("Content-Type") != "application/json" {
			t.Errorf("%s: %d %s, want %d %s", tc.name, a.status, a.text, tc.status, tc.want)
		}
		if shown := b.call("GET", a.header.Get("Location"), ""); shown.status != 200 {
			t.Errorf("%s: Location %q answers %d", tc.name, a.header.Get("Location"), shown.status)
		}
	}
	p := b.refused(b.post(strings.Replace(pay("A-1"), "10000", "10001", 1)), conflict)
	want := []fault{{nil, "ref", "A-1", "the reference exists with other content; give a new payout a reference of its own"}}
	if diff := cmp.Diff(want, p.Errors); diff != "" {
		t.Error(diff)
	}
	tx, err := b.client.Get(t.Context(), "A-1")
	if err != nil || tx.Amount != salur.Rupiah(10_000) || len(tx.History) != 1 || tx.History[0].Detail != "by payroll" {
		t.Errorf("%+v, %v", tx, err)
	}
	b.post(pay("R-1"), "Authorization", "bearer  "+refundsKey)
	if tx, err := b.client.Get(t.Context(), "R-1"); err != nil || tx.History[0].Detail != "by refunds" {
		t.Errorf("%+v, %v", tx, err)
	}
}

func TestSubmitBadBodies(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, tc := range []struct {
		name, body string
		kind       *kind
		want       []fault
	}{
		{"Half", `{"ref":"A-1"`, invalidJSON, nil},
		{"Two", pay("A-1") + pay("A-2"), invalidJSON, nil},
		{"Lines", pay("A-1") + "\n" + pay("A-2"), invalidJSON, nil},
		{"Latin1", "{\"ref\":\"A-1\",\"customer\":\"62811742234\",\"amount\":\"10000\",\"notes\":\"caf\xe9\"}", invalidJSON, nil},
		{"Text", `"A-1"`, invalidFields, []fault{{Fix: `not one JSON object; write a payout as {"ref":"A-1","customer":"62811742234","amount":"10000"}`}}},
		{"Null", `null`, invalidFields, []fault{{Fix: `not one JSON object; write a payout as {"ref":"A-1","customer":"62811742234","amount":"10000"}`}}},
		{"EveryField", `{"ref":"A 1","customer":"0811742234","amount":"1,5"}`, invalidFields, []fault{
			{nil, "ref", "A 1", "use 1 to 64 printable ASCII characters without spaces"},
			{nil, "customer", "****234", "write it with 62 in place of the first 0, beginning with 628"},
			{nil, "amount", "1,5", "write the decimals after a point in place of the comma, such as 10000.50"},
		}},
		{"Unknown", `{"ref":"A-1","custommer":"62811742234","amount":"1"}`, invalidFields, []fault{{Field: "custommer", Fix: `does not exist; did you mean "customer"?`}}},
		{"Twice", `{"ref":"A-1","ref":"A-2","customer":"62811742234","amount":"1"}`, invalidFields, []fault{{Field: "ref", Fix: "is there twice; keep one"}}},
		{"OtherCase", `{"ref":"A-1","customer":"62811742234","amount":"1","AMOUNT":"77000"}`, invalidFields, []fault{{Field: "AMOUNT", Fix: `write it "amount"`}}},
		{"WrongType", `{"ref":"A-1","customer":62811742234,"amount":"1"}`, invalidFields, []fault{{Field: "customer", Fix: "use a text in double quotes"}}},
		{"Nested", `[{"ref":"A-1","customer":"62811742234","amount":{"value":"1"}}]`, invalidFields, []fault{{new(int), "amount", "", "use a text in double quotes, or a number"}}},
		{"BeyondAllPayouts", `{"ref":"A-1","customer":"62811742234","amount":"1","fee":9999999999999999}`, invalidFields,
			[]fault{{nil, "fee", "9999999999999999.00", "must be at most 1000000000000.00"}}},
		{"BankCodeWithoutZeros", `{"ref":"A-1","kind":"bank","customer":"62811742234","amount":"1","bankCode":"14","account":"60888509"}`, invalidFields,
			[]fault{{nil, "bankCode", "14", "write the bank's code with its leading zeros, 014, and look whether the account number has lost its own"}}},
		{"Scientific", `{"ref":"A-1","customer":"62811742234","amount":6.5e+21}`, invalidFields,
			[]fault{{nil, "amount", "6.5e+21", "is in scientific notation and may have lost digits; write all digits of it, in double quotes"}}},
		{"EmptyArray", `[]`, invalidCount, nil},
		{"TooMany", array(strings.Split(strings.Repeat("0,", 1000)+"0", ",")...), invalidCount, nil},
		{"ArrayOfArrays", `[[]]`, invalidFields, []fault{{Index: new(int), Fix: `not one JSON object; write a payout as {"ref":"A-1","customer":"62811742234","amount":"10000"}`}}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			p := b.refused(b.post(tc.body), tc.kind)
			if diff := cmp.Diff(tc.want, p.Errors); diff != "" {
				t.Error(diff)
			}
		})
	}
	for _, mediaType := range []string{"", "text/plain", "application/x-www-form-urlencoded", "application/json; charset=latin1", "application/json;;"} {
		b.refused(b.post(pay("A-1"), "Content-Type", mediaType), unsupportedMediaType)
	}
	for size, want := range map[int]*kind{largest: invalidFields, largest + 1: tooLarge} {
		b.refused(b.post(`{"notes":"`+strings.Repeat("n", size-12)+`"}`), want)
	}
	if n := b.onRecord(); n != 0 {
		t.Errorf("%d payouts were accepted", n)
	}
	if a := b.post(pay("A-1"), "Content-Type", "application/json; charset=UTF-8"); a.status != 201 {
		t.Errorf("%d %s", a.status, a.text)
	}
}

// What is beyond the limits or over before it begins is refused, and none of its array is accepted; what was accepted
// before is a duplicate, also when it is beyond now.
func TestSubmitBeyondLimits(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t, "--appendonly", "yes")
	wide, narrow := over(t, server), over(t, server, func(cfg *Config) { cfg.Limits = salur.Limits{MaxAmount: salur.Rupiah(5000), MaxFee: salur.Rupiah(10)} })
	const old = `{"ref":"OLD","customer":"62811742234","amount":"5000","fee":"20"}`
	const late = `{"ref":"LATE","customer":"62811742234","amount":"1","notAfter":"2020-01-01T00:00:00Z"}`
	const large = `{"ref":"LARGE","kind":"bank","customer":"62811742234","amount":"1000000000.01","bankCode":"014","account":"2460888509"}`
	if a := wide.post(old); a.status != 201 {
		t.Fatalf("%d %s", a.status, a.text)
	}
	isLate := fault{nil, "notAfter", "2020-01-01T00:00:00Z", "must be later than now; give a later time, or leave it out"}
	isLarge := fault{nil, "amount", "1000000000.01", "must be at most 1000000000.00 (SALUR_MAX_AMOUNT)"}
	at := func(i int, f fault) fault { f.Index = &i; return f }
	for body, want := range map[string][]fault{
		late: {isLate}, large: {isLarge},
		array(pay("A-1"), late, old, large): {at(1, isLate), at(3, isLarge)},
	} {
		if diff := cmp.Diff(want, wide.refused(wide.post(body), invalidFields).Errors); diff != "" {
			t.Error(diff)
		}
	}
	narrow.refused(narrow.post(strings.Replace(old, "OLD", "NEW", 1)), invalidFields)
	narrow.refused(narrow.post(strings.Replace(old, "5000", "5001", 1)), conflict)
	if a := narrow.post(old); a.status != 200 || a.text != receipt("OLD", true)+"\n" {
		t.Errorf("%d %s", a.status, a.text)
	}
	if a := narrow.post(array(old, pay("A-2"))); a.status != 422 { // pay is of more than 5000
		t.Errorf("%d %s", a.status, a.text)
	}
	if n := wide.onRecord(); n != 1 {
		t.Errorf("%d payouts on record, want 1", n)
	}
}

func TestSubmitMany(t *testing.T) {
	t.Parallel()
	b := setup(t)
	// The same payout twice is one; another zone is the same time.
	expires := func(at string) string {
		return `{"ref":"A-3","customer":"62811742234","amount":"1","notAfter":"` + at + `"}`
	}
	body := array(pay("A-1"), pay("A-2"), pay("A-1"), expires("2036-01-01T07:00:00+07:00"), expires("2036-01-01T00:00:00Z"))
	for again, status := range []int{201, 200} {
		a := b.post(body)
		old := again == 1
		want := array(receipt("A-1", old), receipt("A-2", old), receipt("A-1", true), receipt("A-3", old), receipt("A-3", true)) + "\n"
		if a.status != status || a.text != want || a.header.Get("Location") != "" {
			t.Errorf("%d %s, want %d %s", a.status, a.text, status, want)
		}
	}
	if a := b.post(array(pay("A-1"), pay("A-4"))); a.status != 201 {
		t.Errorf("one old, one new: %d", a.status)
	}
	if n := b.onRecord(); n != 4 {
		t.Errorf("%d payouts on record, want 4", n)
	}
	var all []string
	for i := range most {
		all = append(all, pay(fmt.Sprintf("M-%04d", i)))
	}
	if a := b.post(array(all...)); a.status != 201 || strings.Count(a.text, `"duplicate":false`) != most {
		t.Errorf("%d %.200s", a.status, a.text)
	}
}

// Everything is checked before the first payout is accepted.
func TestSubmitManyRefused(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.post(pay("OLD"))
	at := func(i int) *int { return &i }
	other := func(ref string) string { return strings.Replace(pay(ref), "10000", "20000", 1) }
	for _, tc := range []struct {
		name, body string
		kind       *kind
		want       []fault
	}{
		{"Fields", array(pay("A-1"), `{"ref":"A-2","customer":"62811742234"}`, `7`, `{"ref":"A-3","customer":"62","amount":"-1"}`), invalidFields, []fault{
			{at(1), "amount", "", "use digits with at most two decimals and no separators, such as 10000 or 10000.50 (at most 16 before the point)"},
			{at(2), "", "", `not one JSON object; write a payout as {"ref":"A-1","customer":"62811742234","amount":"10000"}`},
			{at(3), "customer", "****", "use 628 and 6 to 12 more digits, such as 62811742234"},
			{at(3), "amount", "-1", "use digits with at most two decimals and no separators, such as 10000 or 10000.50 (at most 16 before the point)"},
		}},
		{"Within", array(pay("A-0"), pay("A-1"), other("A-1"), pay("A-1"), other("A-1")), invalidFields, []fault{
			{at(2), "ref", "A-1", "item 1 has this reference with other content; give each payout a reference of its own"},
			{at(4), "ref", "A-1", "item 1 has this reference with other content; give each payout a reference of its own"},
		}},
		{"OnRecord", array(pay("A-1"), other("OLD"), pay("A-2")), conflict, []fault{
			{at(1), "ref", "OLD", "the reference exists with other content; give a new payout a reference of its own"},
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			p := b.refused(b.post(tc.body), tc.kind)
			if diff := cmp.Diff(tc.want, p.Errors); diff != "" {
				t.Error(diff)
			}
		})
	}
	if n := b.onRecord(); n != 1 {
		t.Errorf("%d payouts on record, want the old one", n)
	}
}

// meddler does something before payouts are recorded, or to the answer.
type meddler struct {
	before func(context.Context)
	after  func([]redis.Cmder)
}

func (meddler) DialHook(next redis.DialHook) redis.DialHook          { return next }
func (meddler) ProcessHook(next redis.ProcessHook) redis.ProcessHook { return next }
func (m meddler) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		records := cmds[0].Name() == "evalsha" && strings.Contains(fmt.Sprint(cmds[0].Args()...), "accepted")
		if records && m.before != nil {
			m.before(ctx)
		}
		err := next(ctx, cmds)
		if records && m.after != nil {
			m.after(cmds)
		}
		return err
	}
}

// Somebody else takes a reference between the check and the acceptance.
func TestPartlyAccepted(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.post(pay("WARM")) // so that the script is known
	var once sync.Once
	other := salur.New(b.server.Client())
	b.rdb.AddHook(meddler{before: func(context.Context) {
		once.Do(func() {
			if _, err := other.Enqueue(context.Background(), salur.Payout{Ref: "A-2", Customer: "62811742234", Amount: salur.Rupiah(7)}); err != nil {
				t.Error(err)
			}
		})
	}})
	body := array(pay("A-1"), pay("A-2"), pay("A-3"))
	p := b.refused(b.post(body), partlyAccepted)
	no := false
	want := []outcome{{"A-1", "queued", &no, ""}, {Ref: "A-2", Problem: "/problems/conflict"}, {"A-3", "queued", &no, ""}}
	if diff := cmp.Diff(want, p.Results); diff != "" {
		t.Error(diff)
	}
	b.refused(b.post(body), conflict)
	if tx, err := b.client.Get(t.Context(), "A-2"); err != nil || tx.Amount != salur.Rupiah(7) {
		t.Errorf("%+v, %v", tx, err)
	}
}

// The store's answer to one part of an array is lost: what is known of each payout is told, and the same request
// made again tells the rest.
func TestOutcomeUnknown(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.post(array(pay("WARM"), pay("WARM-2")))
	var lose atomic.Bool
	b.rdb.AddHook(meddler{after: func(cmds []redis.Cmder) {
		for _, c := range cmds {
			if lose.Load() && strings.Contains(fmt.Sprint(c.Args()...), "BANK-1") {
				c.SetErr(errors.New("the answer was lost"))
			}
		}
	}})
	bank := `{"ref":"BANK-1","kind":"bank","customer":"62811742234","amount":"50000","bankCode":"014","account":"2460888509"}`
	body := array(pay("A-1"), bank)
	lose.Store(true)
	a := b.post(body)
	p := b.refused(a, outcomeUnknown)
	no := false
	want := []outcome{{"A-1", "queued", &no, ""}, {Ref: "BANK-1", Problem: "/problems/outcome-unknown"}}
	if diff := cmp.Diff(want, p.Results); diff != "" || a.header.Get("Retry-After") != "1" || !strings.Contains(p.Detail, "same request again") {
		t.Errorf("%s %s %s", diff, a.header, a.text)
	}
	one := b.refused(b.post(strings.Replace(bank, "50000", "50000.00", 1)), outcomeUnknown)
	if diff := cmp.Diff([]outcome{{Ref: "BANK-1", Problem: "/problems/outcome-unknown"}}, one.Results); diff != "" {
		t.Error(diff)
	}
	lose.Store(false)
	if a := b.post(body); a.status != http.StatusOK || a.text != array(receipt("A-1", true), receipt("BANK-1", true))+"\n" {
		t.Errorf("%d %s", a.status, a.text)
	}
	line := b.logs.FilterMessage("request").FilterField(statusField(503)).All()
	if len(line) != 2 || !strings.Contains(fmt.Sprint(line[0].ContextMap()["error"]), "the answer was lost") {
		t.Errorf("the log does not tell the cause once: %+v", line)
	}
}

// A hundred at once: one is told that it was new, and one payout is on record.
func TestTheSameAtOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	statuses := make([]int, 100)
	var all sync.WaitGroup
	for i := range statuses {
		all.Go(func() {
			a, err := b.try("POST", "/v1/payouts", pay("A-1"))
			if err != nil || a.text != receipt("A-1", a.status == 200)+"\n" {
				t.Errorf("%d %s, %v", a.status, a.text, err)
			}
			statuses[i] = a.status
		})
	}
	all.Wait()
	count := map[int]int{}
	for _, s := range statuses {
		count[s]++
	}
	if count[201] != 1 || count[200] != 99 || b.onRecord() != 1 {
		t.Errorf("%v, %d on record", count, b.onRecord())
	}
}

// A client that goes away while its payout is recorded leaves no half behind.
func TestClientGoesAway(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.post(pay("WARM"))
	ctx, leave := context.WithCancel(t.Context())
	recorded := make(chan struct{}, 2)
	b.rdb.AddHook(meddler{before: func(recording context.Context) {
		leave()
		select {
		case <-recording.Done():
			t.Error("the client takes the acceptance with it")
		case <-time.After(500 * time.Millisecond): // long enough for the server to notice
		}
	}, after: func([]redis.Cmder) { recorded <- struct{}{} }})
	r, _ := http.NewRequestWithContext(ctx, "POST", b.url+"/v1/payouts", strings.NewReader(pay("A-1")))
	r.Header.Set("Authorization", "Bearer "+payrollKey)
	r.Header.Set("Content-Type", "application/json")
	if res, err := b.http.Do(r); err == nil {
		_ = res.Body.Close()
		t.Error("the client did not go away")
	}
	<-recorded
	if a := b.post(pay("A-1")); a.status != 200 {
		t.Errorf("%d %s", a.status, a.text)
	}
}
