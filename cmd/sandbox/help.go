package main

import (
	"fmt"
	"strings"

	"github.com/salur-id/salur/internal/sandbox"
)

const helpIntro = `answers DANA's disbursement APIs on this machine, the way DANA's own sandbox does, keeps books
that really move, and misbehaves on demand. The APIs are Account Inquiry, Customer Top Up and its
Inquiry Status, Transfer to Bank Account Inquiry, Transfer to Bank and its Inquiry Status,
Check Disbursement Account, Access Token B2B, and Transfer to Bank Notify the other way.

`

const helpWarning = "This is NOT DANA. It holds no real money. It must not be used as evidence of how DANA behaves."

const helpControl = `
Any reference, payee or API can be given a behaviour, and what happened can be read:

  GET  /_sandbox/state        books, references, credits, notifies, counts
  GET  /_sandbox/requests     the last 10,000 requests; ?ref= and ?api= pick some
  GET  /_sandbox/settlement   the books as DANA's settlement report (CSV); ?day=2026-12-31 picks one
  POST /_sandbox/behaviours   {"customer":"62811742234","preset":"pay_and_hang","times":1}
                              {"ref":"R-1","behaviour":{"sends":[{"times":1,"pay":"never","answer":"drop"}],
                                                        "inquiries":[{"times":2,"answer":"404xx01"}]}}
  POST /_sandbox/plan         {"deposit":"0.00","behaviours":[...],"random":{"seed":1,"share":0.2}}
  POST /_sandbox/deposit      {"deposit":"0.00"}
  POST /_sandbox/credentials  {"refuse":true}
  POST /_sandbox/tokens       {"revoke":true}
  POST /_sandbox/reset

A plan, also as a file for --plan, is a list of such behaviours. Each is for one of
  customer  a number or customerId
  account   bank code/account number, such as 014/2460888509
  ref       a partnerReferenceNo
  api       over all its exchanges: sends of topup and transfer-bank; inquiries of topup-status,
            transfer-bank-status, account-inquiry, bank-account-inquiry, access-token and
            queryMerchantResource
and holds sends and inquiries, each step for so many times (0: all that follow):
  pay       never, late (with delayMillis), pending or failed; leave it out to pay at once
  answer    hang, slow, drop, html, half_json, empty, foreign_ref, foreign_amount, extra_fields,
            missing_fields, http_200, or a responseCode; 429xx00 is 4293800 to a top-up
  then      00, 04, 05 or 06, what a pending (04: any) payment becomes after the scripted inquiries
  status    what an inquiry claims (00 to 07)
  notify    twice, forged or never, of a transfer with needNotify; it can come later, with
            notifyDelayMillis
Random faults are presets: "share" of the references that have no behaviour meet one, out of
"presets" (all when left out). The seed and the reference alone decide which.

On start it prints, on stdout, the settings a worker needs to talk to it.
Exit codes: 0 stopped by SIGINT or SIGTERM, 1 internal failure, 2 bad usage or input.`

// longHelp explains the program. The warning is bold: as text, or in bold type on a terminal.
func longHelp(terminal bool) string {
	bold := "**" + helpWarning + "**"
	if terminal {
		bold = "\x1b[1m" + helpWarning + "\x1b[0m"
	}
	var b strings.Builder
	b.WriteString("sandbox " + helpIntro + bold + "\n\n")
	b.WriteString("Customer numbers with a meaning (any other 628 number is a good customer). \"times\" counts\nsends, or for effects on inquiries those, of each reference; after it all is normal:\n\n")
	fmt.Fprintf(&b, "  %-13s %-24s %-6s %s\n", "customer", "preset", "times", "effect")
	for _, n := range sandbox.Numbers() {
		preset, times := n.Preset, "all"
		if preset == "" {
			preset = "(as at DANA)"
		}
		if n.Times > 0 {
			times = fmt.Sprint(n.Times)
		}
		fmt.Fprintf(&b, "  %-13s %-24s %-6s %s\n", n.Customer, preset, times, n.Effect)
	}
	b.WriteString("\nBank account numbers with a meaning, at any bank; so have those of the presets above:\n\n")
	for _, a := range sandbox.Accounts() {
		fmt.Fprintf(&b, "  %-13s %s\n", a.Number, a.Effect)
	}
	b.WriteString("\nAnswers to account inquiries (37, 42): presets for these two APIs, or for who asks about the number:\n\n")
	fmt.Fprintf(&b, "  %-13s %-33s %s\n", "number", "preset", "answer")
	for _, p := range sandbox.InquiryPresets() {
		fmt.Fprintf(&b, "  %-13s %-33s %s\n", p.Number, p.Preset, p.Effect)
	}
	fmt.Fprintf(&b, "\nrequestMerchantId %s makes the balance check answer SYSTEM_ERROR.\n", sandbox.SystemErrorMerchant)
	return b.String() + helpControl
}
