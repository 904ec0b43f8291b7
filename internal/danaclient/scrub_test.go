package danaclient

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/salur-id/salur/internal/payout"
)

// A page between DANA and us may quote what we sent. What is kept of it, logged or put into the audit file names nobody.
func TestKeptAnswerNamesNobody(t *testing.T) {
	t.Parallel()
	top := testPayout(t)
	top.Notes = "Gaji Budi"
	byID := top
	byID.Customer, byID.CustomerID = payout.ByCustomerID, "9166000100"
	bank := testBankPayout()
	bank.AccountName = "Budi O'Brien"
	const quoted = `0811-742-234, 62811742234, 9166000100; 014/2460 888 509 2460888509; <b>BUDI&nbsp;O&#39;BRIEN</b> <i>budi o'brien</i>; gaji
		budi`
	page := "<html><body>Blocked: " + quoted + strings.Repeat(".", maxRaw-200) + quoted + quoted // and where it is cut
	calls := map[string]func(*Client, context.Context) Exchange{
		"topup":                func(c *Client, ctx context.Context) Exchange { return c.TopUp(ctx, "1", top) },
		"topup by id":          func(c *Client, ctx context.Context) Exchange { return c.TopUp(ctx, "1", byID) },
		"topup-status":         func(c *Client, ctx context.Context) Exchange { return c.TopUpStatus(ctx, "1", top) },
		"account-inquiry":      func(c *Client, ctx context.Context) Exchange { return c.AccountInquiry(ctx, "1", top).Exchange },
		"transfer-bank":        func(c *Client, ctx context.Context) Exchange { return c.BankTransfer(ctx, "1", bank) },
		"transfer-bank-status": func(c *Client, ctx context.Context) Exchange { return c.BankTransferStatus(ctx, "1", bank) },
		"bank-account-inquiry": func(c *Client, ctx context.Context) Exchange { return c.BankAccountInquiry(ctx, bank).Exchange },
	}
	secrets := func(name string) []string {
		switch {
		case name == "topup by id":
			return []string{"9166000100", "Gaji"}
		case strings.Contains(name, "bank"):
			return []string{"811-742", "62811742234", "2460", "Brien"}
		}
		return []string{"811-742", "62811742234", "Gaji"}
	}
	answers := map[string]http.HandlerFunc{
		"page": func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusBadGateway)
			write(w, page)
		},
		"message": func(w http.ResponseWriter, _ *http.Request) {
			write(w, `{"responseCode":"4033818","responseMessage":`+fmt.Sprintf("%q", "No "+strings.ReplaceAll(quoted, "\n", " ")[:120])+`}`)
		},
		"half": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "100000")
			write(w, page)
			panic(http.ErrAbortHandler)
		},
		"no HTTP": func(w http.ResponseWriter, _ *http.Request) {
			conn, _, err := w.(http.Hijacker).Hijack()
			if err != nil {
				t.Error(err)
				return
			}
			defer conn.Close()
			fmt.Fprint(conn, "HTTP/1.1 Budi O'Brien 2460888509 9166000100 Gaji Budi\r\n\r\n")
		},
	}
	for how, answer := range answers {
		url := serve(t, answer).URL
		for name, call := range calls {
			var audit bytes.Buffer
			cfg := testConfig(url)
			cfg.Audit = AuditTo(&audit, func(err error) { t.Error(err) })
			x := call(newClient(t, cfg), t.Context())
			if len(x.Raw) == 0 && (how == "page" || how == "half") || len(x.Raw) > maxRaw || audit.Len() == 0 {
				t.Errorf("%s, %s: %d bytes are kept", name, how, len(x.Raw))
			}
			shown := fmt.Sprintln(string(x.Raw), x.Message, x.Err)
			record := audit.String()
			record = record[strings.Index(record, `"status"`):] // the request is masked by its own fields
			for _, secret := range secrets(name) {
				if strings.Contains(strings.ToLower(shown), strings.ToLower(secret)) {
					t.Errorf("%s, %s: %q is kept: %.300s", name, how, secret, shown)
				}
				if strings.Contains(strings.ToLower(record), strings.ToLower(secret)) {
					t.Errorf("%s, %s: %q is in the audit file: %.400s", name, how, secret, record)
				}
			}
		}
	}
}
