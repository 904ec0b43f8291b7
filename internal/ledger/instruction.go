package ledger

import "github.com/salur-id/salur/internal/payout"

// Altered reports whether the instruction on record is not the one that was accepted. Then nothing may be sent or
// asked by it: whoever can write to the store could otherwise choose the payee (promise 7).
//
// It compares the line to the byte with the fingerprint that was recorded with it. That finds a line that was
// changed, not one that was changed together with its fingerprint.
func (r Record) Altered() bool { return r.altered }

// instructed marks a record whose line is not what was accepted under this reference, and gives it the reference
// that it is kept under: a record that names another one must not move that one.
func (r *Record) instructed(ref, line, fingerprint string) {
	r.altered = r.Payout.Ref != ref || payout.FingerprintOf([]byte(line)) != fingerprint
	r.Payout.Ref, r.Tx.Ref = ref, ref
}
