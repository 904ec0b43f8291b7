package statemachine

// rule is one row: in a state, on a trigger, if the guard holds, go to a state and do
// something. The first row that fits is taken. A trigger that no row of the state names,
// or whose guards all fail, is answered too: the state stays, and an answer of DANA is
// recorded in the history (promise 5: late answers and duplicates are no-ops).
type rule struct {
	on     Trigger
	when   guard
	to     State
	do     action
	reason Why // fixed reason of the new state; empty takes the outcome's
}

var table = map[State][]rule{
	StateQueued: {
		{on: Taken, when: tooOld, to: StatePending, do: inquireNow, reason: "resend_window"},
		{on: Taken, to: StateProcessing, do: openAttempt},
		// A queued payout is of unknown outcome only after Redis lost what it knew (Policy.AfterLoss).
		{on: Expired, when: outOrUnknown, to: StatePending, do: inquireNow, reason: "expired_after_unknown"},
		{on: Expired, to: StateFailed, do: finish, reason: "expired"},
		{on: Cancelled, when: nothingSent, to: StateFailed, do: finish, reason: "cancelled"},
		// Nobody gave this instruction: it is never sent, and what DANA says of it is no answer (promise 7).
		{on: Altered, to: StateReview, do: finish, reason: InstructionAltered},

		// An answer to an attempt that the store has lost.
		{on: sent(Inconsistent), to: StatePending, do: inquireNow},

		// The payee's account was asked about; nothing has left for this payout yet, so a
		// failure here is proven. What the inquiry does not tell of the account never fails a
		// payout: it is sent, and DANA looks once more. The merchant's trouble is left to that
		// answer, too: a hold here could be renewed for ever by one payout that no deposit covers.
		{on: validated(Refused), when: payeeCause, to: StateFailed, do: finish},
		{on: validated(Refused), to: StateQueued, do: record},
		// The bank has the account under another name, or no name came to compare. The latter proves nothing, so it fails
		// nothing either.
		{on: validated(Inconsistent), when: mismatchFails, to: StateFailed, do: finish},
		{on: validated(Inconsistent), to: StateReview, do: finish},
		{on: validated(Denied), to: StateQueued, do: record},
		{on: validated(Succeeded), to: StateQueued, do: record},
		{on: validated(Unknown), to: StateQueued, do: record},
		{on: validated(Throttled), to: StateQueued, do: record},
		{on: validated(NotSent), to: StateQueued, do: record},
	},

	StateProcessing: {
		// This is the last look before an attempt leaves, whatever way led here.
		{on: Taken, when: tooOldNothingOut, to: StatePending, do: inquireNow, reason: "resend_window"},
		{on: Taken, when: otherContentNothingOut, to: StatePending, do: inquireNow, reason: "other_content"},
		{on: Taken, when: nothingOut, to: StateProcessing, do: openAttempt},
		{on: Aged, when: tooOldNothingOut, to: StatePending, do: inquireNow, reason: "resend_window"},

		// A success is believed whichever attempt it answers, also a late one.
		{on: sent(Succeeded), when: notOurs, to: StateReview, do: finish, reason: "echo_mismatch"},
		{on: sent(Succeeded), when: otherContent, to: StateReview, do: finish, reason: "other_content"},
		{on: sent(Succeeded), to: StateSucceeded, do: finish},

		// Everything else is decided only for the attempt that is out.
		{on: sent(InProgress), when: current, to: StatePending, do: inquireLater, reason: "in_progress"},
		// What is not known here: whether an earlier attempt, whose answer was lost, paid and
		// thereby used up what this one was refused for. Asking is safe, failing is not (promise 3).
		{on: sent(Refused), when: currentAfterUnknown, to: StatePending, do: inquireNow, reason: "refused_after_unknown"},
		{on: sent(Refused), when: current, to: StateFailed, do: finish},
		{on: sent(AskStatus), when: current, to: StatePending, do: inquireNow},
		{on: sent(Inconsistent), when: current, to: StatePending, do: inquireNow},
		{on: sent(Inconsistent), when: nothingOut, to: StatePending, do: inquireNow},
		{on: sent(Inconsistent), to: StateProcessing, do: recordOther},
		{on: sent(Unknown), when: currentRetriesLeft, to: StateProcessing, do: retry},
		{on: sent(Unknown), when: current, to: StatePending, do: inquireLater},
		// DANA takes less than we send: that is no payout's fault, and costs no retry (promise 6). All workers pause their sends (gate.Throttled).
		// The money may have moved all the same (promise 3).
		{on: sent(Throttled), when: current, to: StateProcessing, do: later},
		{on: sent(NotSent), when: currentRetriesLeft, to: StateProcessing, do: retry},
		{on: sent(NotSent), when: current, to: StatePending, do: inquireLater},
		// Refused again, for this payout alone: a hold for all would come back for ever. A person looks at it.
		{on: sent(Denied), when: currentAlone, to: StateReview, do: finish, reason: DeniedAlone},
		// DANA did not look at the payout: the attempt does not count (promise 6).
		{on: sent(Denied), when: current, to: StateProcessing, do: uncount},

		{on: Expired, when: outOrUnknown, to: StatePending, do: inquireNow, reason: "expired_after_unknown"},
		{on: Expired, to: StateFailed, do: finish, reason: "expired"},
		// Every attempt is proven not to have reached DANA. Otherwise it is too late: it may be paid.
		{on: Cancelled, when: nothingSent, to: StateFailed, do: finish, reason: "cancelled"},
		// An attempt that is out was sent as it was accepted; its answer comes first.
		{on: Altered, when: nothingOut, to: StateReview, do: finish, reason: InstructionAltered},

		// An inquiry of the pending time before a resend that comes late: proof is proof.
		{on: inquired(Succeeded), when: notOurs, to: StateReview, do: finish, reason: "echo_mismatch"},
		{on: inquired(Succeeded), when: otherContent, to: StateReview, do: finish, reason: "other_content"},
		{on: inquired(Succeeded), to: StateSucceeded, do: finish},
	},

	StatePending: {
		{on: sent(Succeeded), when: notOurs, to: StateReview, do: finish, reason: "echo_mismatch"},
		{on: sent(Succeeded), when: otherContent, to: StateReview, do: finish, reason: "other_content"},
		{on: sent(Succeeded), to: StateSucceeded, do: finish},
		{on: sent(Inconsistent), to: StatePending, do: recordOther, reason: "other_content"},

		{on: inquired(Succeeded), when: notOurs, to: StateReview, do: finish, reason: "echo_mismatch"},
		{on: inquired(Succeeded), when: otherContent, to: StateReview, do: finish, reason: "other_content"},
		{on: inquired(Succeeded), to: StateSucceeded, do: finish},
		// With 4043818 (4044318) on record the order that DANA knows had other content: its end is
		// not proven to be this payout's.
		{on: inquired(Refunded), when: foreignOrInconsistent, to: StateReview, do: finish, reason: "other_content"},
		{on: inquired(Refunded), to: StateRefunded, do: finish},
		{on: inquired(Failed), when: foreignOrInconsistent, to: StateReview, do: finish, reason: "other_content"},
		{on: inquired(Failed), to: StateFailed, do: finish},

		// "Not found" may only mean "not yet": a request can be under way still.
		{on: inquired(NotFound), when: repeated, to: StatePending, do: record},
		{on: inquired(NotFound), when: pastCutOff, to: StateReview, do: finish, reason: "cut_off"},
		{on: inquired(NotFound), when: unconfirmed, to: StatePending, do: inquireAgain},
		{on: inquired(NotFound), when: onceKnownToDANA, to: StateReview, do: finish, reason: "not_found_after_known"},
		// After so long "not found" may mean that DANA has forgotten the payment.
		{on: inquired(NotFound), when: tooOld, to: StateReview, do: finish, reason: "not_found_after_window"},
		{on: inquired(NotFound), when: policyFailed, to: StateFailed, do: finish, reason: "not_found"},
		{on: inquired(NotFound), when: policyReview, to: StateReview, do: finish, reason: "not_found"},
		{on: inquired(NotFound), when: expired, to: StateReview, do: finish, reason: "expired_not_found"},
		{on: inquired(NotFound), when: resendsUsedUp, to: StateReview, do: finish, reason: "resends_used_up"},
		{on: inquired(NotFound), to: StateProcessing, do: resend, reason: "not_found"},

		{on: inquired(InProgress), when: repeated, to: StatePending, do: record},
		{on: inquired(InProgress), when: pastCutOff, to: StateReview, do: finish, reason: "cut_off"},
		{on: inquired(InProgress), to: StatePending, do: inquireAgain, reason: "in_progress"},
		// No answer, or none that can be read: the cut-off rests on it only after as long again.
		{on: inquired(Unknown), when: repeated, to: StatePending, do: record},
		{on: inquired(Unknown), when: unanswered, to: StateReview, do: finish, reason: "cut_off"},
		{on: inquired(Unknown), to: StatePending, do: inquireAgain},
		// DANA was not asked: there is no cut-off.
		{on: inquired(Throttled), when: repeated, to: StatePending, do: record},
		{on: inquired(Throttled), to: StatePending, do: inquireAgain},
		{on: inquired(NotSent), when: repeated, to: StatePending, do: record},
		{on: inquired(NotSent), to: StatePending, do: inquireAgain},
		{on: inquired(Denied), when: repeated, to: StatePending, do: record},
		// DANA answers about others, and not about this one.
		{on: inquired(Denied), when: deniedAtCutOff, to: StateReview, do: finish, reason: DeniedAlone},
		{on: inquired(Denied), to: StatePending, do: inquireAgain},

		{on: InquireNow, to: StatePending, do: askNow},
		{on: Altered, to: StateReview, do: finish, reason: InstructionAltered},
	},

	StateReview: {
		{on: sent(Inconsistent), to: StateReview, do: recordOther, reason: "other_content"},
		{on: Resolved, when: asSucceeded, to: StateSucceeded, do: finish},
		{on: Resolved, when: asFailed, to: StateFailed, do: finish},
		{on: Resolved, when: asRefunded, to: StateRefunded, do: finish},
		{on: InquireNow, to: StateReview, do: askNow},
		{on: Altered, to: StateReview, do: finish, reason: InstructionAltered},
	},

	StateSucceeded: {
		// What DANA has is perhaps another's: a person must look, and no reversal of it is this payout's.
		{on: sent(Inconsistent), to: StateSucceeded, do: recordOther, reason: "other_content"},
		{on: inquired(Refunded), when: foreignOrInconsistent, to: StateSucceeded, do: record},
		{on: inquired(Refunded), to: StateRefunded, do: finish},
		{on: Resolved, when: asRefunded, to: StateRefunded, do: finish},
		{on: InquireNow, to: StateSucceeded, do: askNow},
		{on: Altered, to: StateSucceeded, do: finish},
	},

	StateFailed: {
		{on: InquireNow, to: StateFailed, do: askNow},
		{on: Altered, to: StateFailed, do: finish},
	},

	StateRefunded: {
		{on: InquireNow, to: StateRefunded, do: askNow},
		{on: Altered, to: StateRefunded, do: finish},
	},
}
