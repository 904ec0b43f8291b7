package transactions

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/hibiken/asynq"

	"github.com/salur-id/salur/internal/gate"
	sm "github.com/salur-id/salur/internal/statemachine"
)

// last is the newest entry of a payout's history, in short.
func (b bundle) last(t *testing.T, ref string) string {
	t.Helper()
	history, err := b.ledger.History(t.Context(), ref)
	if err != nil {
		t.Fatal(err)
	}
	e := history[len(history)-1]
	return strings.Join([]string{string(e.From), string(e.To), string(e.Event), e.Summary(), e.At.UTC().Format(time.TimeOnly)}, "|")
}

func TestInquire(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	for state, does := range map[sm.State]string{
		sm.StatePending: "the answer may settle it", sm.StateReview: "the answer is recorded for the person who resolves it",
		sm.StateSucceeded: "only an answer that DANA has taken it back changes that", sm.StateFailed: "the answer is recorded and changes nothing",
	} {
		ref := string(state)
		b.put(t, ref, state)
		b.shows(t, Path+"payout?ref="+ref, "The payout is "+ref+" ; "+does)
		code, body := b.send(t, Path+"payout?ref="+ref, actInquire, signed())
		says(t, ref, body, "On record. A worker asks DANA as soon as it can", "inquire_now "+ref+" by Sari: seen in the portal")
		if got := b.last(t, ref); code != http.StatusOK || got != ref+"|"+ref+"|inquire_now|by Sari: seen in the portal|03:00:00" {
			t.Errorf("%s: %d, %s", ref, code, got)
		}
		if body := b.shows(t, Path+"payout?ref="+ref); strings.Contains(body, "On record.") {
			t.Errorf("%s: the notice is shown again", ref)
		}
	}
	// The workers are told.
	waiting, err := asynq.NewInspectorFromRedisClient(b.rdb).ListPendingTasks("inquiry")
	if err != nil || len(waiting) != 4 {
		t.Errorf("%d tasks, %v", len(waiting), err)
	}
}

func TestResolve(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	for _, as := range outcomes {
		ref := "to-" + string(as)
		b.put(t, ref, sm.StateReview)
		code, body := b.send(t, Path+"payout?ref="+ref, actResolve, signed("as", string(as)))
		says(t, ref, body, "The decision is on record.", "resolved review → "+string(as)+" by Sari: seen in the portal")
		if got := b.last(t, ref); code != http.StatusOK || got != "review|"+string(as)+"|resolved|by Sari: seen in the portal|03:00:00" {
			t.Errorf("%s: %d, %s", ref, code, got)
		}
	}
	// A success can be taken back, and nothing else.
	b.put(t, "PAID", sm.StateSucceeded)
	if body := b.shows(t, Path+"payout?ref=PAID"); strings.Contains(body, `value="failed"`) || !strings.Contains(body, `value="refunded"`) {
		t.Errorf("a success can be resolved as %s", body)
	}
	b.send(t, Path+"payout?ref=PAID", actResolve, signed("as", "refunded"))
	if got := b.last(t, "PAID"); got != "succeeded|refunded|resolved|by Sari: seen in the portal|03:00:00" {
		t.Error(got)
	}
}

func TestCancel(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	b.put(t, "PAY-1", sm.StateQueued)
	to, values := b.form(t, Path+"payout?ref=PAY-1", actCancel)
	for name, v := range signed() {
		values[name] = v
	}
	for range 2 { // a form that is sent twice does no harm
		code, body := b.post(t, to, values)
		says(t, "the page", body, "Cancelled: it is never sent.", "cancelled queued → failed by Sari: seen in the portal")
		if got := b.last(t, "PAY-1"); code != http.StatusOK || got != "queued|failed|cancelled|by Sari: seen in the portal|03:00:00" {
			t.Errorf("%d, %s", code, got)
		}
	}
}

// Only what the state allows is offered, and what is sent all the same is refused.
func TestRefusedByState(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	for state, offers := range map[sm.State]string{
		sm.StateQueued: "cancel", sm.StateProcessing: "", sm.StatePending: "inquire", sm.StateReview: "inquire resolve",
		sm.StateSucceeded: "inquire resolve", sm.StateFailed: "inquire", sm.StateRefunded: "inquire",
	} {
		ref := string(state)
		b.put(t, ref, state)
		body := b.shows(t, Path+"payout?ref="+ref)
		for _, act := range []string{actInquire, actResolve, actCancel} {
			if got := strings.Contains(body, `name="act" value="`+act+`"`); got != strings.Contains(offers, act) {
				t.Errorf("%s: %s is offered: %t", state, act, got)
			}
		}
	}
	forged := func(ref, act string) (int, string) {
		v := signed("act", act, "as", "failed", "proof", newSigner("rahasia").proof(ten, act, ref))
		return b.post(t, address(ref), v)
	}
	for ref, want := range map[string]string{
		"processing": "the worker is still sending it", "succeeded": "only a reversal changes it", "refunded": "that is final", "pending": "DANA is still being asked",
	} {
		before := b.record(t, ref).Version
		code, body := forged(ref, actResolve)
		says(t, ref, body, "Nothing was done", want)
		if code != http.StatusConflict || b.record(t, ref).Version != before {
			t.Errorf("%s: %d", ref, code)
		}
	}
	before := b.record(t, "processing").Version
	if code, body := forged("processing", actCancel); code != http.StatusConflict || b.record(t, "processing").Version != before {
		t.Errorf("what may have been sent was cancelled: %d, %s", code, body)
	}
	code, body := forged("queued", actInquire)
	says(t, "queued", body, "there is nothing to ask yet")
	if code != http.StatusConflict {
		t.Errorf("queued: %d", code)
	}
	if code, _ := forged("nobody", actInquire); code != http.StatusNotFound {
		t.Errorf("nobody: %d", code)
	}
	if code, _ := forged("review", "delete"); code != http.StatusNotFound {
		t.Errorf("no such act: %d", code)
	}
}

// A form that is sent twice does once what it says, and tells no error.
func TestSentTwice(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	b.put(t, "PAY-1", sm.StateReview)
	to, values := b.form(t, Path+"payout?ref=PAY-1", actResolve)
	for name, v := range signed("as", "failed") {
		values[name] = v
	}
	var version int64
	for i := range 3 {
		code, body := b.post(t, to, values)
		says(t, "the page", body, "The decision is on record.")
		if i == 0 {
			version = b.record(t, "PAY-1").Version
		}
		if got := b.record(t, "PAY-1").Version; code != http.StatusOK || got != version {
			t.Errorf("time %d: %d, version %d and then %d", i+1, code, version, got)
		}
	}
	// Another decision is another matter, and so is the same one by somebody else.
	for name, value := range map[string]string{"as": "succeeded", "by": "Dewi"} {
		other := url.Values{}
		for k, v := range values {
			other[k] = v
		}
		other.Set(name, value)
		if code, _ := b.post(t, to, other); code != http.StatusConflict {
			t.Errorf("%s %s: %d", name, value, code)
		}
	}
}

func TestHoldAndResume(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	ctx := t.Context()
	code, body := b.send(t, Path+"holds", actHold, signed())
	says(t, "held", body, "Sending is held: all workers stop within a second.", "Sending is held by Sari since 2026-03-01 10:00:00 WIB (0s) : seen in the portal",
		"held by Sari : seen in the portal")
	holds, err := gate.ReadHolds(ctx, b.rdb)
	if err != nil || code != http.StatusOK || len(holds) != 1 ||
		holds[0].By != gate.ByPerson || holds[0].Person != "Sari" || holds[0].Reason != "seen in the portal" {
		t.Fatalf("%d, %+v, %v", code, holds, err)
	}
	_, body = b.send(t, Path+"holds", actResume, signed("by", "Dewi", "reason", "it is over"))
	says(t, "resumed", body, "All workers send again within a second.", "Nothing is held: payouts are sent.", "lifted by Dewi : it is over the hold by Sari: seen in the portal")
	if holds, err := gate.ReadHolds(ctx, b.rdb); err != nil || len(holds) != 0 {
		t.Errorf("%+v, %v", holds, err)
	}
	log, err := gate.Log(ctx, b.rdb, 10)
	if err != nil || len(log) != 2 || log[0].Person != "Dewi" || log[0].Reason != "it is over" || len(log[0].Lifted) != 1 || len(log[1].Held) != 1 {
		t.Errorf("%+v, %v", log, err)
	}
	v := signed("act", actResume, "proof", newSigner("rahasia").proof(ten, actResume, ""))
	_, body = b.post(t, Path+"holds", v)
	says(t, "again", body, "Nothing was held.")
}

// Who and why are asked for, and what was typed is kept.
func TestFormsToBeMended(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	b.put(t, "PAY-1", sm.StateReview)
	before := b.record(t, "PAY-1").Version
	long := strings.Repeat("x", 201)
	for _, tt := range []struct {
		path, act string
		typed     url.Values
		says      string
		keeps     string
	}{
		{"payout?ref=PAY-1", actInquire, signed("reason", " "), "Reason “”: is required; write 1 to 200 printable characters.", `value="Sari"`},
		{"payout?ref=PAY-1", actInquire, signed("by", ""), "Your name “”: is required", `value="seen in the portal"`},
		{"payout?ref=PAY-1", actResolve, signed(), "It is “”: choose succeeded, failed or refunded.", `value="Sari"`},
		{"payout?ref=PAY-1", actResolve, signed("as", "queued"), "It is “queued”: choose", `value="Sari"`},
		{"payout?ref=PAY-1", actResolve, signed("as", "failed", "reason", long), "use at most 200 printable characters, on one line.", `value="failed" required checked`},
		{"payout?ref=PAY-1", actResolve, signed("as", "failed", "by", "a\nb"), "use at most 200 printable characters, on one line.", `value="seen in the portal"`},
		{"holds", actHold, signed("reason", ""), "Reason “”: is required", `value="Sari"`},
		{"holds", actHold, signed("by", "a\u202eb"), "use at most 200 printable characters, on one line.", `value="seen in the portal"`},
	} {
		code, body := b.send(t, Path+tt.path, tt.act, tt.typed)
		says(t, tt.act, body, tt.says)
		if code != http.StatusUnprocessableEntity || !strings.Contains(body, tt.keeps) {
			t.Errorf("%s %v: %d, or %q is not kept in %s", tt.act, tt.typed, code, tt.keeps, body)
		}
	}
	if after := b.record(t, "PAY-1").Version; after != before {
		t.Error("something was done")
	}
	if log, err := gate.Log(t.Context(), b.rdb, 1); err != nil || len(log) != 0 {
		t.Errorf("something was held: %v, %v", log, err)
	}
	to, values := b.form(t, Path+"payout?ref=PAY-1", actInquire)
	values.Set("reason", strings.Repeat("x", longestForm))
	if code, _ := b.post(t, to, values); code != http.StatusBadRequest {
		t.Errorf("a form without end: %d", code)
	}
}

// A form is good for its own act on its own payout, for a day.
func TestProof(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	b.put(t, "PAY-1", sm.StateReview)
	b.put(t, "PAY-2", sm.StateReview)
	own := newSigner("rahasia")
	before := b.record(t, "PAY-1").Version
	for name, proof := range map[string]string{
		"None": "", "Nonsense": "x.y", "Foreign": newSigner("lain").proof(ten, actInquire, "PAY-1"), "OtherPayout": own.proof(ten, actInquire, "PAY-2"),
		"OtherAct": own.proof(ten, actResolve, "PAY-1"), "Old": own.proof(ten.Add(-25*time.Hour), actInquire, "PAY-1"),
		"Tomorrow": own.proof(ten.Add(24*time.Hour), actInquire, "PAY-1"), "NoSecret": newSigner("").proof(ten, actInquire, "PAY-1"),
		"Renewed": "1000000" + own.proof(ten.Add(-48*time.Hour), actInquire, "PAY-1")[6:],
	} {
		code, body := b.post(t, address("PAY-1"), signed("act", actInquire, "proof", proof))
		says(t, name, body, "Nothing was done", "This form does not come from this page as it is now")
		if code != http.StatusForbidden {
			t.Errorf("%s: %d", name, code)
		}
	}
	if b.record(t, "PAY-1").Version != before {
		t.Fatal("something was done")
	}
	for _, at := range []time.Duration{0, -23 * time.Hour, time.Hour} {
		if code, _ := b.post(t, address("PAY-1"), signed("act", actInquire, "proof", own.proof(ten.Add(at), actInquire, "PAY-1"))); code != http.StatusOK {
			t.Errorf("a form of %s from now: %d", at, code)
		}
	}
}

// Without a login the page has no forms, and does nothing.
func TestReadOnly(t *testing.T) {
	t.Parallel()
	b := setup(t, func(c *Config) { c.ReadOnly, c.Secret = true, "" })
	b.put(t, "PAY-1", sm.StateReview)
	if err := gate.HoldByPerson(t.Context(), b.rdb, "audit", "Dewi", nine); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{Path, Path + "list", Path + "holds", Path + "payout?ref=PAY-1"} {
		if body := b.shows(t, path, "Read-only"); strings.Contains(body, "method=\"post\"") || strings.Contains(body, "proof") {
			t.Errorf("%s has a form: %s", path, body)
		}
	}
	before := b.record(t, "PAY-1").Version
	for _, act := range []string{actInquire, actResolve} {
		code, body := b.post(t, address("PAY-1"), signed("act", act, "as", "failed", "proof", newSigner("").proof(ten, act, "PAY-1")))
		says(t, act, body, "Nothing was done", "read-only")
		if code != http.StatusForbidden {
			t.Errorf("%s: %d", act, code)
		}
	}
	for _, act := range []string{actHold, actResume} {
		if code, _ := b.post(t, Path+"holds", signed("act", act, "proof", newSigner("").proof(ten, act, ""))); code != http.StatusForbidden {
			t.Errorf("%s: %d", act, code)
		}
	}
	holds, err := gate.ReadHolds(t.Context(), b.rdb)
	if err != nil || len(holds) != 1 || holds[0].Person != "Dewi" || b.record(t, "PAY-1").Version != before {
		t.Errorf("something was done: %+v, %v", holds, err)
	}
}

// The notice has fixed texts: nobody can have the page say something else.
func TestNotice(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	for value, want := range map[string]bool{"held": true, "nonsense": false, "": false} {
		r, _ := http.NewRequest("GET", b.url+Path, nil)
		r.AddCookie(&http.Cookie{Name: noticeCookie, Value: value})
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		_, body := read(t, res)
		if got := strings.Contains(body, `class="notice"`); got != want {
			t.Errorf("%q: a notice is shown: %t", value, got)
		}
	}
}
