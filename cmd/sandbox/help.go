package main

import (
	"fmt"
	"strings"

	"github.com/salur-id/salur/internal/sandbox"
)

const helpIntro = `answers DANA's disbursement APIs (Account Inquiry, Customer Top Up, Customer Top Up
Inquiry Status, Check Disbursement Account) on this machine, the way DANA's own sandbox does,
keeps books that really move, and misbehaves on demand.

`

const helpWarning = "This is NOT DANA. It holds no real money. It must not be used as evidence of how DANA behaves."

const helpControl = `
The same behaviours can be set on any customer or reference, and the books can be read:

  GET  /_sandbox/state
  POST /_sandbox/behaviours   {"customer":"62811742234","preset":"pay_and_hang","times":1}
                              {"ref":"R-1","behaviour":{"sends":[{"times":1,"pay":"never","answer":"drop"}],
                                                        "inquiries":[{"times":2,"answer":"4043901"}]}}
  POST /_sandbox/deposit      {"deposit":"0.00"}
  POST /_sandbox/credentials  {"refuse":true}
  POST /_sandbox/reset

  pay: never, late (with delayMillis), pending or failed; leave it out to pay at once
  answer: hang, drop, html, half_json, empty, foreign_ref, foreign_amount, or a responseCode
  then: 00, 04, 05 or 06, what a pending (04: any) payment becomes after the scripted inquiries
  status: what an inquiry claims (00 to 07)

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
	fmt.Fprintf(&b, "\nrequestMerchantId %s makes the balance check answer SYSTEM_ERROR.\n", sandbox.SystemErrorMerchant)
	return b.String() + helpControl
}
