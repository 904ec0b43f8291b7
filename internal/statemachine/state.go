// Package statemachine decides what becomes of a payout. It is one table: for a state,
// an event and what is known, the next state and what is to be done. It does no I/O, reads
// no clock and knows no Redis: time comes with the event, and what is to be done is data.
//
// The promises it keeps are numbered in docs/guarantees.md.
package statemachine

// State is where a payout stands. The names are public (JSON, command line, metrics).
type State string

const (
	// StateQueued: accepted and durable, nothing sent yet. A payout enters here when the
	// producer's record is written, and leaves when a worker writes its first attempt
	// ahead (StateProcessing) or when its not-after time passes unsent (StateFailed, expired). If the
	// process dies here nothing is at stake: the record is in the index of open
	// transactions, and the sweeper wakes it up again.
	StateQueued State = "queued"

	// StateProcessing: an attempt is out, or the next one is scheduled. An attempt is on record
	// before its request leaves; one that is on record without an outcome is an unknown
	// outcome. If the process dies here, the attempt's deadline passes and any worker books
	// it as lost, which counts as unknown and is retried under the same reference.
	StateProcessing State = "processing"

	// StatePending: sending has stopped, DANA is asked how it ended. Entered when DANA says it
	// is working on it, when an outcome is unknown after the last retry, and when a refusal
	// proves nothing because an earlier attempt may have paid. Left on DANA's word, or for
	// Review at the cut-off. If the process dies here the next inquiry is in the index.
	StatePending State = "pending"

	// StateSucceeded: DANA said paid, of this reference and this amount. Final but for one
	// thing that DANA itself can do: reverse it later (StateRefunded).
	StateSucceeded State = "succeeded"

	// StateFailed: proven not paid; or expired or cancelled before anything was sent. Final.
	StateFailed State = "failed"

	// StateRefunded: paid and taken back by DANA. Final.
	StateRefunded State = "refunded"

	// StateReview: the machine cannot prove how it ended, or the answer is not this payment. A
	// person decides, with a reason; an inquiry made here informs and changes nothing.
	// Nothing is scheduled: if the process dies here, nothing is lost.
	StateReview State = "review"
)

// States lists every state in the order of a payout's life.
var States = []State{StateQueued, StateProcessing, StatePending, StateReview, StateSucceeded, StateFailed, StateRefunded}

// Final reports whether the payout is over. StateSucceeded counts: only a reversal by DANA
// can still change it.
func (s State) Final() bool { return s == StateSucceeded || s == StateFailed || s == StateRefunded }

// Step is what is to be done next for a payout, and when: see Transaction.DueAt.
type Step string

const (
	// StepNone: nothing is scheduled (final states and StateReview).
	StepNone Step = ""
	// StepSend: send an attempt.
	StepSend Step = "send"
	// StepAnswer: an attempt is out; at DueAt it counts as lost.
	StepAnswer Step = "answer"
	// StepInquire: ask DANA for the status.
	StepInquire Step = "inquire"
)
