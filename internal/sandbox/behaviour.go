package sandbox

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"
)

// Behaviour is how the sandbox treats the disbursements to one payee or of one reference, or the
// exchanges of one API: a script of sends and a script of inquiries. A script is counted per
// reference (an API's over all), from the moment it is set, over requests that are well formed
// and rightly signed. After its last step everything is normal; the zero Behaviour is a good
// customer.
type Behaviour struct {
	Sends     []Send    `json:"sends,omitempty"`
	Inquiries []Inquiry `json:"inquiries,omitempty"`
}

// Send is what the next Times sends of a reference meet: what happens to the money, and
// what the client hears of it. The two are independent.
type Send struct {
	// Times is how many sends this step lasts; 0 for all that follow.
	Times int `json:"times,omitempty"`
	Pay   Pay `json:"pay,omitempty"`
	// DelayMillis is how many milliseconds later a PayLate request arrives at the books.
	DelayMillis int64 `json:"delayMillis,omitempty"`
	// Then is the status that the transaction turns to, for good and in the books, at the first inquiry
	// that no step of Inquiries covers: 00, 05 or 06 with PayPending; 04 (taken back)
	// with PayNow, PayLate and PayPending. Empty: it stays as it is.
	Then   string `json:"then,omitempty"`
	Answer Answer `json:"answer,omitempty"`
	// Notify is what becomes of the notify of a transfer that asks for one: empty (sent),
	// twice, forged (wrongly signed), or never (the end is learned by an inquiry alone).
	Notify string `json:"notify,omitempty"`
	// NotifyDelayMillis is how many milliseconds later than usual the transfer ends and is told of.
	NotifyDelayMillis int64 `json:"notifyDelayMillis,omitempty"`
}

// Inquiry is what the next Times status inquiries of a reference meet.
type Inquiry struct {
	// Times is how many inquiries this step lasts; 0 for all that follow.
	Times int `json:"times,omitempty"`
	// Status is the latestTransactionStatus (00–07) to claim of a stored transaction, whatever is
	// true. Empty: the truth.
	Status string `json:"status,omitempty"`
	Answer Answer `json:"answer,omitempty"`
}

// Pay is what a send does to the money. It matters to a reference that DANA has not
// stored yet; a stored one is only ever replayed.
type Pay string

// The ways of Pay.
const (
	// PayNow books at once: paid, or refused for the customer's state, the deposit, the limits.
	PayNow Pay = ""
	// PayNever loses the request: nothing is stored, the status is not found.
	PayNever Pay = "never"
	// PayLate books like PayNow, but DelayMillis later; until then nothing is stored.
	PayLate Pay = "late"
	// PayPending stores the transaction as in progress (2023800, status 02); see Send.Then.
	PayPending Pay = "pending"
	// PayFailed stores the transaction as failed (5003800, status 06).
	PayFailed Pay = "failed"
)

// Answer is what the client gets to hear: one of the constants, or a seven-digit
// responseCode to be answered in place of the true one ("4293800"). An xx in the place of the
// service code stands for the API's own ("429xx00").
type Answer string

// The ways of Answer.
const (
	Normal        Answer = ""               // the truth
	Hang          Answer = "hang"           // nothing, until Config.Hang is over; then the line is closed
	Drop          Answer = "drop"           // the line is closed at once
	HTML          Answer = "html"           // a gateway's page, HTTP 502
	Half          Answer = "half_json"      // the first half of the truth
	Empty         Answer = "empty"          // HTTP 200 and no body
	ForeignRef    Answer = "foreign_ref"    // the truth with another partnerReferenceNo
	ForeignAmount Answer = "foreign_amount" // the truth with one rupiah more
	Slow          Answer = "slow"           // the truth, in ten parts spread over Config.Hang
	Extra         Answer = "extra_fields"   // the truth among fields that nobody knows
	Missing       Answer = "missing_fields" // responseCode alone
	OK            Answer = "http_200"       // the truth under HTTP 200, whatever its code
)

// day bounds delays, in milliseconds.
const day = int64(24 * time.Hour / time.Millisecond)

// validate returns one line that names the first field that is wrong, or without effect on t,
// and the fix.
func (b Behaviour) validate(t Target) error {
	if err := t.validate(); err != nil {
		return err
	}
	switch {
	case t.API != "" && !t.sentTo() && len(b.Sends) > 0:
		return errors.New("sends: " + t.API + " moves no money; use inquiries")
	case t.sentTo() && len(b.Inquiries) > 0:
		return errors.New("inquiries: " + t.API + " is not asked; use sends")
	}
	for i, st := range b.Sends {
		if err := st.validate(); err != nil {
			return fmt.Errorf("sends[%d].%w", i, err)
		}
	}
	for i, in := range b.Inquiries {
		if err := in.validate(t); err != nil {
			return fmt.Errorf("inquiries[%d].%w", i, err)
		}
	}
	return nil
}

func (st Send) validate() error {
	switch {
	case st.Times < 0:
		return wrong("times", strconv.Itoa(st.Times), "use 0 for all sends, or how many")
	case !slices.Contains([]Pay{PayNow, PayNever, PayLate, PayPending, PayFailed}, st.Pay):
		return wrong("pay", string(st.Pay), "use never, late, pending or failed, or leave it out to pay at once")
	case st.DelayMillis < 0 || (st.DelayMillis > 0) != (st.Pay == PayLate) || st.DelayMillis > day:
		return wrong("delayMillis", strconv.FormatInt(st.DelayMillis, 10), "use 1 to 86400000, with pay late only")
	case !st.thenFits():
		return wrong("then", st.Then, "use 00, 04, 05 or 06 with pay pending, 04 with pay now or late, or leave it out")
	case !st.Answer.valid():
		return wrong("answer", string(st.Answer), answerFix)
	case !slices.Contains([]string{"", "twice", "forged", "never"}, st.Notify):
		return wrong("notify", st.Notify, "use twice, forged or never, or leave it out to send it once")
	case st.NotifyDelayMillis < 0 || st.NotifyDelayMillis > 0 && st.Notify == "never" || st.NotifyDelayMillis > day:
		return wrong("notifyDelayMillis", strconv.FormatInt(st.NotifyDelayMillis, 10), "use 1 to 86400000, not with notify never")
	case st.Answer == Normal && (st.Pay == PayNever || st.Pay == PayLate):
		return wrong("answer", "", "pay "+string(st.Pay)+" has no result to answer with; say what the client gets, such as hang")
	}
	return nil
}

func (in Inquiry) validate(t Target) error {
	switch {
	case in.Times < 0:
		return wrong("times", strconv.Itoa(in.Times), "use 0 for all inquiries, or how many")
	case in.Status != "" && descriptions[in.Status] == "":
		return wrong("status", in.Status, "use 00 to 07, or leave it out for the truth")
	case in.Status != "" && !t.hasState():
		return wrong("status", in.Status, t.API+" tells of no status; leave it out")
	case !in.Answer.valid():
		return wrong("answer", string(in.Answer), answerFix)
	case isOpenAPI(t.API) && (in.Answer.of("00").isCode() || slices.Contains([]Answer{ForeignRef, ForeignAmount, OK}, in.Answer)):
		return wrong("answer", string(in.Answer), t.API+" has no responseCode and no echo; use hang, slow, drop, html, half_json, empty, extra_fields or missing_fields")
	}
	return nil
}

const answerFix = "use hang, drop, html, half_json, empty, foreign_ref, foreign_amount, slow, extra_fields, missing_fields, http_200 or a responseCode such as 5003801 or 500xx01, or leave it out for the truth"

func wrong(field, value, fix string) error { return fmt.Errorf("%s %q: %s", field, value, fix) }

func (st Send) thenFits() bool {
	switch st.Then {
	case "":
		return true
	case statusRefunded:
		return st.Pay == PayNow || st.Pay == PayLate || st.Pay == PayPending
	case statusPaid, statusCancelled, statusFailed:
		return st.Pay == PayPending
	}
	return false
}

func (a Answer) valid() bool {
	switch a {
	case Normal, Hang, Drop, HTML, Half, Empty, ForeignRef, ForeignAmount, Slow, Extra, Missing, OK:
		return true
	}
	return a.of("00").isCode()
}

// isCode: seven digits that begin with an HTTP status.
func (a Answer) isCode() bool {
	code, err := strconv.ParseUint(string(a), 10, 32)
	return err == nil && len(a) == 7 && code >= 200_00_00 && code < 600_00_00
}

// of is a with the service code of an API in the place of xx.
func (a Answer) of(service string) Answer {
	if len(a) == 7 && a[3:5] == "xx" {
		return a[:3] + Answer(service) + a[5:]
	}
	return a
}

func (st Send) times() int    { return st.Times }
func (st Inquiry) times() int { return st.Times }

// step is the step of a script that covers request number n (from 0), if one does.
func step[S interface{ times() int }](script []S, n int) (st S, covered bool) {
	for _, st := range script {
		if st.times() == 0 || n < st.times() {
			return st, true
		}
		n -= st.times()
	}
	return st, false
}
