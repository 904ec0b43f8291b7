package main

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/salur-id/salur/internal/cli"
	"github.com/salur-id/salur/internal/danaclient"
	"github.com/salur-id/salur/internal/ledger"
	"github.com/salur-id/salur/internal/payout"
	sm "github.com/salur-id/salur/internal/statemachine"
)

// What no evidence may hold, and the texts it comes in.
const (
	account = "2460888509"
	holder  = "Budi Santoso"
	token   = "eyJhbGciOiJSUzI1NiJ9.secret"
)

// disputed is a payout to a bank with everything that can be personal in everything that is kept.
func (b testBundle) disputed(t *testing.T) {
	t.Helper()
	p, err := payout.Instruction{
		Kind: "bank", Ref: "DISPUTE/1", Customer: phone, Amount: "50000", BankCode: "014", Account: account, AccountName: holder, NotAfter: "2026-03-05T00:00:00+07:00",
	}.Parse()
	if err != nil {
		t.Fatal(err)
	}
	b.ledger.CreateMany(t.Context(), []payout.Payout{p}, "payroll of "+holder, nine)
	b.happen(t, p.Ref, "", take)
	b.happen(t, p.Ref, `<p>BUDI SANTOSO (`+account+`) called from +62 `+strings.TrimPrefix(phone, "62")+`, 081234567890</p>`,
		sends(sm.Outcome{Kind: sm.AskStatus, Why: "unreadable"}))
	b.happen(t, p.Ref, "", inquires(sm.Outcome{Kind: sm.InProgress, Code: "2000000", Status: "01", ReferenceNo: "2026030100001"}, "ext-2", 3*time.Second))
	b.happen(t, p.Ref, "", inquires(sm.Outcome{Kind: sm.InProgress, Code: "2000000", Status: "01", ReferenceNo: "2026030100001"}, "ext-3", 48*time.Hour))
	b.happen(t, p.Ref, "", func(ledger.Record) sm.Event {
		return sm.Resolve(sm.StateSucceeded, "Sari", "rang "+holder+" on "+phone, nine.Add(49*time.Hour))
	})
}

// auditFile has exchanges about the payout and about others.
func auditFile(t *testing.T) string {
	t.Helper()
	var text strings.Builder
	write := danaclient.AuditTo(&text, func(err error) { t.Error(err) })
	at := func(s int) time.Time { return nine.Add(time.Duration(s) * time.Second) }
	headers := func(id string) map[string]string {
		return map[string]string{"X-External-Id": id, "X-Signature": "c2lnbmF0dXJl", "Authorization": "Bearer " + token, "Authorization-Customer": "Bearer " + token}
	}
	write(danaclient.AuditRecord{At: at(3), API: "transfer-bank-status", Method: "POST", URL: "https://api.example/v1.0/emoney/transfer-bank-status.htm",
		Request: headers("ext-2"), RequestBody: `{"originalPartnerReferenceNo":"DISPUTE/1"}`, Status: 200,
		Answer: map[string]string{"Set-Cookie": "session=" + token}, AnswerBody: `{"responseCode":"2000000","beneficiaryAccountName":"` + holder + `"}`, Milliseconds: 12})
	write(danaclient.AuditRecord{At: at(1), API: "transfer-bank", Method: "POST", URL: "https://api.example/v1.0/emoney/transfer-bank.htm",
		Request: headers("ext-1"), RequestBody: `{"partnerReferenceNo":"DISPUTE/1","beneficiaryAccountNumber":"` + account + `","accessToken":"` + token + `"}`,
		Error: "timeout of " + phone, Milliseconds: 8000})
	write(danaclient.AuditRecord{At: at(2), Request: headers("ext-9"), RequestBody: `{"partnerReferenceNo":"DISPUTE/10","notes":"not DISPUTE/1"}`})
	write(danaclient.AuditRecord{At: at(2), Request: headers("ext-8"), RequestBody: `{"partnerReferenceNo":"OTHER","notes":"\"DISPUTE/1\""}`})
	text.WriteString(`{"at":"2026-03-01T09:00:04+07:00","requestBody":"{\"partnerReferenceNo\":\"DISPUTE/1\"` + "\n") // cut
	path := filepath.Join(t.TempDir(), "audit.jsonl")
	if err := os.WriteFile(path, []byte(text.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestEvidence(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.disputed(t)
	out, audit := filepath.Join(t.TempDir(), "e.json"), auditFile(t)
	printed := b.must(t, "evidence", "DISPUTE/1", "--audit", audit, "--out", out)
	text, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(text)
	if want := hex.EncodeToString(sum[:]) + "  " + out + "\n"; printed != want {
		t.Errorf("prints %q, want %q as sha256sum does", printed, want)
	}
	if info, err := os.Stat(out); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	for _, personal := range []string{phone, strings.TrimPrefix(phone, "62"), account, holder, strings.ToUpper(holder), token, "081234567890", "session="} {
		if strings.Contains(string(text), personal) {
			t.Errorf("it holds %q:\n%s", personal, text)
		}
	}

	var e evidence
	if err := json.Unmarshal(text, &e); err != nil {
		t.Fatal(err)
	}
	if e.Format != "salur evidence 1" || e.Program != "ledger "+cli.Version() || e.Made == "" {
		t.Errorf("%q %q %q", e.Format, e.Program, e.Made)
	}
	if diff := cmp.Diff(`{"ref":"DISPUTE/1","kind":"bank","amount":{"value":"50000.00","currency":"IDR"},"fee":{"value":"0.00","currency":"IDR"},"customer":"****234",`+
		`"bankCode":"014","bank":"BCA","account":"****509","accountName":"****","fundType":"MERCHANT_WITHDRAW_FOR_CORPORATE","validate":false,`+
		`"notAfter":"2026-03-05T00:00:00.000+07:00","by":"payroll of ****"}`, asJSON(t, e.Payout)); diff != "" {
		t.Errorf("payout (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(`{"state":"succeeded","reason":"resolved","danaReferenceNo":"2026030100001","attempts":1,"inquiries":2,"resends":0,`+
		`"createdAt":"2026-03-01T09:00:00.000+07:00","updatedAt":"2026-03-03T10:00:00.000+07:00","endedAt":"2026-03-03T10:00:00.000+07:00","version":6}`, asJSON(t, e.Record)); diff != "" {
		t.Errorf("record (-want +got):\n%s", diff)
	}
	var events []string
	for _, h := range e.History {
		events = append(events, string(h.Event))
	}
	if len(e.History) < 6 || !strings.Contains(e.History[2].Answer, "<p>**** (****509) called") {
		t.Errorf("history %q: %+v", events, e.History)
	}
	if len(e.Exchanges) != 2 || e.Exchanges[0].API != "transfer-bank" || e.Exchanges[1].Request["X-External-Id"] != "ext-2" || e.AuditUnreadable != 1 {
		t.Errorf("%d cut lines, exchanges %+v", e.AuditUnreadable, e.Exchanges)
	}
	if x := e.Exchanges[0]; x.Request["X-Signature"] != "****" || x.Request["Authorization"] != "****" || x.Error != "timeout of ****234" {
		t.Errorf("%+v", x)
	}

	// It is not overwritten; and its name without --out is the payout's.
	b.refused(t, cli.Invalid, []string{"evidence", "DISPUTE/1", "--out", out}, "exists and is not overwritten")
	if again, err := os.ReadFile(out); err != nil || string(again) != string(text) {
		t.Errorf("it was changed: %v", err)
	}
	if got := fileName("DISPUTE/../1 %"); got != "DISPUTE_.._1__" {
		t.Errorf("a file's name: %s", got)
	}
}

// What the webhook was not told is in it, and without audit files nothing is claimed about exchanges.
func TestEvidenceOfWebhooks(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.giveUp(t, sm.StateFailed)
	out := filepath.Join(t.TempDir(), "e.json")
	var said struct {
		Ref, File, SHA256 string
		Exchanges         int
	}
	if err := json.Unmarshal([]byte(b.must(t, "evidence", "failed", "--json", "--out", out)), &said); err != nil || said.Ref != "failed" || said.File != out || len(said.SHA256) != 64 {
		t.Errorf("%+v, %v", said, err)
	}
	text, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	var e evidence
	if err := json.Unmarshal(text, &e); err != nil {
		t.Fatal(err)
	}
	if len(e.Webhook.GivenUp) != 1 || e.Webhook.GivenUp[0].Attempts != 17 || len(e.Webhook.Waiting) != 0 || !strings.Contains(string(text), `"auditFiles": [],`) {
		t.Errorf("%s", text)
	}
}

func TestEvidenceRefuses(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.put(t, sm.StateReview)
	dir := t.TempDir()
	b.refused(t, cli.NotFound, []string{"evidence", "NONE", "--out", dir + "/x"}, `ref "NONE": no payout with this reference`)
	b.refused(t, cli.Invalid, []string{"evidence", "review", "--out", dir + "/no/x"}, "cannot be written: no such file or directory")
	b.refused(t, cli.Invalid, []string{"evidence", "review", "--out", dir + "/x", "--audit", dir + "/none"}, "--audit: ")
	b.refused(t, cli.Invalid, []string{"evidence"}, "takes one argument: ledger ")
	if left, err := os.ReadDir(dir); err != nil || len(left) != 0 {
		t.Errorf("what was refused leaves %v, %v", left, err)
	}
}

func asJSON(t *testing.T, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
