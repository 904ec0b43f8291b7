package main

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/salur-id/salur/internal/payout"
	sm "github.com/salur-id/salur/internal/statemachine"
)

// A pending payout with an answer that could not be understood and two inquiries that said
// the same.
func (b testBundle) putPending(t *testing.T) {
	t.Helper()
	b.create(t, payout.Instruction{Ref: "PAY-1", Customer: phone, Amount: "10000.50"}, nine)
	b.happen(t, "PAY-1", "", take)
	b.happen(t, "PAY-1", "<html>\r\n\x1b[31m\tgateway\n</html>", sends(sm.Outcome{Kind: sm.AskStatus, Why: "unreadable"}))
	same := sm.Outcome{Kind: sm.InProgress, Code: "2003900", Status: "01", ReferenceNo: "2026030100001"}
	b.happen(t, "PAY-1", "", inquires(same, "ext-2", 3*time.Second))
	b.happen(t, "PAY-1", "", inquires(same, "ext-3", 8*time.Second))
}

// Keys, their order and their forms are public.
func TestShowJSON(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.putPending(t)
	b.put(t, sm.StateQueued)
	b.put(t, sm.StateFailed)
	b.create(t, payout.Instruction{Ref: "BY-ID", Customer: payout.ByCustomerID, CustomerID: customerID, Amount: "1"}, nine)
	accepted := `"history":[{"at":"2026-03-01T09:00:00.000+07:00","from":"","to":"queued","event":"accepted","detail":"","responseCode":"","externalId":""}`
	taken := `{"at":"2026-03-01T09:00:01.000+07:00","from":"queued","to":"processing","event":"taken","detail":"attempt 1","responseCode":"","externalId":"ext-1"}`
	for ref, want := range map[string]string{
		"PAY-1": `{"ref":"PAY-1","kind":"topup","state":"pending","reason":"in_progress","amount":{"value":"10000.50","currency":"IDR"},"fee":{"value":"0.00","currency":"IDR"},` +
			`"customer":"****234","danaReferenceNo":"2026030100001","attempts":1,"inquiries":2,"resends":0,` +
			`"createdAt":"2026-03-01T09:00:00.000+07:00","updatedAt":"2026-03-01T09:00:08.000+07:00","nextActionAt":"2026-03-01T09:00:18.000+07:00",` +
			accepted + `,` + taken +
			`,{"at":"2026-03-01T09:00:02.000+07:00","from":"processing","to":"pending","event":"send_ask_status","detail":"unreadable","responseCode":"","externalId":"ext-1"}` +
			`,{"at":"2026-03-01T09:00:08.000+07:00","from":"pending","to":"pending","event":"inquiry_in_progress","detail":"status 01, 2 times since 2026-03-01T09:00:03.000+07:00","responseCode":"2003900","externalId":"ext-3"}]}`,
		"queued": `{"ref":"queued","kind":"topup","state":"queued","reason":"","amount":{"value":"10000.00","currency":"IDR"},"fee":{"value":"0.00","currency":"IDR"},` +
			`"customer":"****234","danaReferenceNo":"","attempts":0,"inquiries":0,"resends":0,` +
			`"createdAt":"2026-03-01T09:00:00.000+07:00","updatedAt":"2026-03-01T09:00:00.000+07:00","nextActionAt":"2026-03-01T09:00:00.000+07:00",` + accepted + `]}`,
		"failed": `{"ref":"failed","kind":"topup","state":"failed","reason":"exceeds_limit","amount":{"value":"10000.00","currency":"IDR"},"fee":{"value":"0.00","currency":"IDR"},` +
			`"customer":"****234","danaReferenceNo":"","attempts":1,"inquiries":0,"resends":0,` +
			`"createdAt":"2026-03-01T09:00:00.000+07:00","updatedAt":"2026-03-01T09:00:02.000+07:00","nextActionAt":null,` +
			accepted + `,` + taken +
			`,{"at":"2026-03-01T09:00:02.000+07:00","from":"processing","to":"failed","event":"send_refused","detail":"exceeds_limit","responseCode":"4033802","externalId":"ext-1"}]}`,
		"BY-ID": `{"ref":"BY-ID","kind":"topup","state":"queued","reason":"","amount":{"value":"1.00","currency":"IDR"},"fee":{"value":"0.00","currency":"IDR"},` +
			`"customer":"****042","danaReferenceNo":"","attempts":0,"inquiries":0,"resends":0,` +
			`"createdAt":"2026-03-01T09:00:00.000+07:00","updatedAt":"2026-03-01T09:00:00.000+07:00","nextActionAt":"2026-03-01T09:00:00.000+07:00",` + accepted + `]}`,
	} {
		if diff := cmp.Diff(want+"\n", b.must(t, "show", ref, "--json")); diff != "" {
			t.Errorf("%s (-want +got):\n%s", ref, diff)
		}
	}
}

func TestShowForPeople(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.putPending(t)
	b.put(t, sm.StateReview)
	want := strings.TrimPrefix(`
ref             PAY-1
kind            topup
state           pending
reason          in_progress
amount          IDR 10000.50
fee             IDR 0.00
customer        ****234
DANA reference  2026030100001
sent            1 attempts, 0 resends
asked           2 inquiries
created         2026-03-01T09:00:00.000+07:00
updated         2026-03-01T09:00:08.000+07:00
next            inquire at 2026-03-01T09:00:18.000+07:00

means       DANA has the payout and works on it.
what to do  Nothing. Salur goes on by itself.

2026-03-01T09:00:00.000+07:00  queued                accepted
2026-03-01T09:00:01.000+07:00  queued → processing   taken                         ext-1  attempt 1
2026-03-01T09:00:02.000+07:00  processing → pending  send_ask_status               ext-1  unreadable
    <html>
     [31m gateway
    </html>
2026-03-01T09:00:08.000+07:00  pending               inquiry_in_progress  2003900  ext-3  status 01, 2 times since 2026-03-01T09:00:03.000+07:00
`, "\n")
	if diff := cmp.Diff(want, b.must(t, "show", "PAY-1")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	out := b.must(t, "show", "review")
	for _, text := range []string{
		"\nnext            nothing is scheduled\n", "\nmeans       DANA reported success, but of another reference, amount or currency.", "\nwhat to do  Look the payout up",
		"processing → review  send_succeeded  2003800  ext-1  DANA answered for reference review, IDR 1.00\n",
	} {
		if !strings.Contains(out, text) {
			t.Errorf("a payout in review shows no %q: %s", text, out)
		}
	}
	wantJSON := `"event":"send_succeeded","detail":"DANA answered for reference review, IDR 1.00","responseCode":"2003800","externalId":"ext-1",` +
		`"answered":{"partnerReferenceNo":"review","amount":{"value":"1.00","currency":"IDR"}}}]}`
	if out := b.must(t, "show", "review", "--json"); !strings.Contains(out, wantJSON) {
		t.Errorf("a payout in review shows %s", out)
	}
}

// putBanks makes payouts to bank accounts, with a code that is known and one that is not.
func (b testBundle) putBanks(t *testing.T) {
	t.Helper()
	b.create(t, payout.Instruction{Kind: "bank", Ref: "BANK", Customer: phone, Amount: "50000", BankCode: "014", Account: "2460888509", AccountName: "Budi Santoso"}, nine)
	b.create(t, payout.Instruction{Kind: "bank", Ref: "NEW", Customer: phone, Amount: "2", BankCode: "99999", Account: "88509"}, nine.Add(time.Second))
}

func TestShowBank(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.putBanks(t)
	want := strings.TrimPrefix(`
ref             BANK
kind            bank
state           queued
reason
amount          IDR 50000.00
customer        ****234
bank            014 BCA
account         ****509
DANA reference
sent            0 attempts, 0 resends
asked           0 inquiries
created         2026-03-01T09:00:00.000+07:00
updated         2026-03-01T09:00:00.000+07:00
next            send at 2026-03-01T09:00:00.000+07:00

2026-03-01T09:00:00.000+07:00  queued  accepted
`, "\n")
	if diff := cmp.Diff(want, b.must(t, "show", "BANK")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if out := b.must(t, "show", "NEW"); !strings.Contains(out, "\nbank            99999\naccount         ****\n") {
		t.Errorf("a bank that is not known shows %s", out)
	}
	wantJSON := `{"ref":"BANK","kind":"bank","state":"queued","reason":"","amount":{"value":"50000.00","currency":"IDR"},"fee":{"value":"0.00","currency":"IDR"},` +
		`"customer":"****234","bankCode":"014","bank":"BCA","account":"****509","danaReferenceNo":"","attempts":0,"inquiries":0,"resends":0,` +
		`"createdAt":"2026-03-01T09:00:00.000+07:00","updatedAt":"2026-03-01T09:00:00.000+07:00","nextActionAt":"2026-03-01T09:00:00.000+07:00",` +
		`"history":[{"at":"2026-03-01T09:00:00.000+07:00","from":"","to":"queued","event":"accepted","detail":"","responseCode":"","externalId":""}]}`
	if diff := cmp.Diff(wantJSON+"\n", b.must(t, "show", "BANK", "--json")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// An entry whose event needs no word of its own still says how often it happened.
func TestRepeatedEntryWithoutDetail(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.put(t, sm.StatePending)
	for range 3 {
		b.must(t, "inquire", "pending")
	}
	if out := b.must(t, "show", "pending", "--json"); !strings.Contains(out, `"event":"inquire_now","detail":"by `+operator()+`, 3 times since 20`) {
		t.Errorf("shows %s", out)
	}
}
