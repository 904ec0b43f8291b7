package wakeup

import (
	"github.com/salur-id/salur/internal/payout"
	"github.com/salur-id/salur/internal/statemachine"
)

// Queues and task types, as they stand on the wire (docs/tasks.md). Each kind of payout has
// a queue for its sends; inquiries share one.
const (
	QueueTopUp   = "topup"
	QueueBank    = "bank"
	QueueInquiry = "inquiry"

	TypeTopUpSend    = "topup:send"
	TypeTopUpInquire = "topup:inquire"
	TypeBankSend     = "bank:send"
	TypeBankInquire  = "bank:inquire"
)

// Route is where the wake-up for a payout's next step goes; empty for none.
func Route(kind payout.Kind, next statemachine.Step) (queue, typ string) {
	bank := kind == payout.Bank
	switch {
	case next == statemachine.StepSend && bank:
		return QueueBank, TypeBankSend
	case next == statemachine.StepSend:
		return QueueTopUp, TypeTopUpSend
	case next == statemachine.StepInquire && bank:
		return QueueInquiry, TypeBankInquire
	case next == statemachine.StepInquire:
		return QueueInquiry, TypeTopUpInquire
	}
	return "", ""
}
