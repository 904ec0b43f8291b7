package batch

import (
	"crypto/sha256"
	"encoding/binary"
	"regexp"
	"strings"

	"github.com/salur-id/salur"
	"github.com/salur-id/salur/internal/intake"
)

// entry is all that is kept of a row.
type entry struct {
	content [16]byte // of its payout; zero for a row that is none
	ref     uint64   // hash of its reference (refHash): equal ones are suspects of being the same, no more
	payee   uint64   // hash of whom it pays
	cents   int64    // that leave the deposit: amount and fee
	fee     int64    // of these
	line    uint32
	// peer is, for a row that repeats another, that row's number, and for one whose reference
	// another row has with other content, that row's line.
	peer    uint32
	verdict Verdict
	state   uint8 // number in states of the state on record; 0 for none
	suspect bool  // another row has the same hash in ref
	told    bool  // that it has ended
	total   bool  // its reference reads like one of a row of totals
}

// amount is what the payee gets, in cents.
func (e *entry) amount() int64 { return e.cents - e.fee }

// good reports whether the row is a payout of its own that is not refused.
func (e *entry) good() bool { return e.verdict < Repeated }

// Verdict is what becomes of a row.
type Verdict uint8

// The verdicts. Those of refused rows come last.
const (
	New        Verdict = iota // not on record; it can be accepted
	Accepted                  // accepted by this run
	Known                     // accepted before this run, with the same content
	Repeated                  // the same as an earlier row of the file
	Conflict                  // the reference is on record with other content
	Unreadable                // the reference is on record, and the record cannot be read
	Clash                     // another row of the file has the reference with other content
	Unended                   // new, but the file ends within the row or right behind it, and the total is not known
	Invalid                   // no payout
)

// Refused reports whether the row cannot be accepted.
func (v Verdict) Refused() bool { return v >= Conflict }

// onRecord reports whether something else is on record under the row's reference.
func (v Verdict) onRecord() bool { return v == Conflict || v == Unreadable }

// states are the states by their number in entry.state.
var states = []salur.State{"", salur.Queued, salur.Processing, salur.Pending, salur.Review, salur.Succeeded, salur.Failed, salur.Refunded, unknown}

// unknown is a state that this program is too old to know.
const unknown salur.State = "unknown"

func number(s salur.State) uint8 {
	for i, known := range states {
		if known == s {
			return uint8(i)
		}
	}
	return uint8(len(states) - 1)
}

// sameCase are the bits of refHash that tell references apart which differ in upper and lower case only.
const sameCase = 1<<24 - 1

// refHash is a hash of a reference. References that differ only in case differ in sameCase at most.
func (p *Plan) refHash(ref string) uint64 {
	return p.hash(strings.ToLower(ref))&^sameCase | p.hash(ref)&sameCase
}

// totals are references that people give a row of totals.
var totals = regexp.MustCompile(`(?i)^[^a-z]*(grand|sub)?[^a-z]*(total|jumlah|jml|sum)[^a-z]*$`)

// entryOf is the entry of a good row that nothing else is known of.
func (p *Plan) entryOf(r intake.Row) entry {
	pay := r.Payout
	payee := "customer " + pay.Customer + " " + pay.CustomerID
	if pay.Kind == salur.Bank {
		payee = "account " + pay.BankCode + " " + pay.Account
	}
	return entry{content: contentOf(r), ref: p.refHash(pay.Ref), payee: p.hash(payee), cents: pay.Amount.Cents() + pay.Fee.Cents(), fee: pay.Fee.Cents(),
		line: uint32(r.Line), total: totals.MatchString(pay.Ref)}
}

// table is the entries of a file in the order of its rows. It grows by slabs: entries never move, and
// growing needs no second copy of them.
type table struct {
	slabs [][]entry
	rows  int
}

const slab = 1 << 15

func (t *table) add(e entry) *entry {
	if t.rows%slab == 0 {
		t.slabs = append(t.slabs, make([]entry, 0, slab))
	}
	last := &t.slabs[len(t.slabs)-1]
	*last = append(*last, e)
	t.rows++
	return &(*last)[len(*last)-1]
}

func (t *table) at(row int) *entry { return &t.slabs[row/slab][row%slab] }

// contentOf tells payouts apart by their contents. Rows with the same one are the same payout.
func contentOf(r intake.Row) (sum [16]byte) {
	if r.Err != nil {
		return sum
	}
	p := r.Payout
	b := make([]byte, 0, 512)
	for _, text := range [...]string{p.Ref, string(p.Kind), p.Customer, p.Notes, p.CustomerID, p.BankCode, p.Account, p.AccountName,
		p.FundType, p.ChargeTarget, p.Division} {
		b = binary.AppendUvarint(b, uint64(len(text)))
		b = append(b, text...)
	}
	validate := int64(0)
	if p.Validate {
		validate = 1
	}
	for _, n := range [...]int64{p.Amount.Cents(), p.Fee.Cents(), validate, p.NotAfter.Unix(), int64(p.NotAfter.Nanosecond())} {
		b = binary.AppendVarint(b, n)
	}
	full := sha256.Sum256(b)
	copy(sum[:], full[:])
	return sum
}
