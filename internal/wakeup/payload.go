// Package wakeup makes the tasks that wake workers up, on asynq. Producers and workers share
// it. A task says which payout is to be looked at and no more: what is due stands in the
// ledger.
package wakeup

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/salur-id/salur/internal/money"
	"github.com/salur-id/salur/internal/payout"
	"github.com/salur-id/salur/internal/strictjson"
)

// payloadVersion is the "v" of the payloads that this version writes and reads.
const payloadVersion = 1

// Payload is the body of a task. Our own producers write the reference alone; a service
// that enqueues with plain asynq may put the whole payout beside it.
type Payload struct {
	V int `json:"v"`
	payout.Instruction
}

// payloads leaves room for the version beside an instruction.
var payloads = strictjson.New[Payload](payout.LargestDocument + 100)

// Encode is the payload of our own producers.
func Encode(ref string) []byte {
	b, err := json.Marshal(struct {
		V   int    `json:"v"`
		Ref string `json:"ref"`
	}{payloadVersion, ref})
	if err != nil { // an int and a string: cannot happen
		panic(err)
	}
	return b
}

// Decode reads a payload. whole reports whether it carries the payout itself, which is
// then valid. The errors name the field and the fix, and show nothing personal.
func Decode(typ string, b []byte) (ref string, p payout.Payout, whole bool, err error) {
	kind, ours := kinds[typ]
	if !ours {
		return "", p, false, ErrForeign
	}
	in, err := payloads.Decode(b)
	if err != nil {
		return "", p, false, fmt.Errorf("payload: %w", err)
	}
	if in.V != payloadVersion {
		return "", p, false, fmt.Errorf("v: this version reads %d alone", payloadVersion)
	}
	if in.Ref == "" {
		return "", p, false, errors.New(`ref "": give the payout's reference`)
	}
	if in.Instruction == (payout.Instruction{Ref: in.Ref}) {
		return in.Ref, p, false, nil
	}
	if kind == "" {
		return "", p, false, fmt.Errorf("payload: a %s task carries a reference and nothing else", typ)
	}
	if in.Kind == "" {
		in.Kind = string(kind)
	}
	if in.Kind != string(kind) {
		return "", p, false, fmt.Errorf("kind %q: a %s task carries kind %s", in.Kind, typ, kind)
	}
	p, err = in.Parse()
	return in.Ref, p, true, err
}

// kinds are the task types that there are, and the kind of payout that a task of each may carry.
var kinds = map[string]payout.Kind{
	TypeTopUpSend: payout.TopUp, TypeTopUpInquire: payout.TopUp, TypeBankSend: payout.Bank, TypeBankInquire: payout.Bank,
	TypeNotify: "",
}

// ErrForeign is a task of another type than ours, in one of our queues.
var ErrForeign = errors.New("type: this worker has no task of this type; docs/tasks.md lists the types. Delete the task, or enqueue it in its own queue")

// Mask is a payload fit to be seen: what is personal in it is hidden, and what cannot be
// read is hidden whole. It is for the web UI.
func Mask(b []byte) string {
	var fields map[string]any
	if err := json.Unmarshal(b, &fields); err != nil {
		return "(unreadable payload, hidden)"
	}
	for name, value := range fields {
		switch name {
		case "amount", "fee": // one that cannot be read may be a phone number in the wrong place
			if _, err := money.Parse(fmt.Sprint(value)); err != nil {
				fields[name] = "****"
			}
		case "v":
			if v, ok := value.(float64); !ok || v > 1000 {
				fields[name] = "****"
			}
		case "ref", "kind", "fundType", "chargeTarget", "validate", "notAfter":
		case "bankCode": // one that is too long may be an account number in the wrong place
			if code, ok := value.(string); !ok || len(code) > 8 {
				fields[name] = "****"
			}
		case "customer", "customerId", "account":
			fields[name] = payout.Mask(fmt.Sprint(value))
		default:
			delete(fields, name)
			if strings.ContainsAny(name, "0123456789") { // it may be a number without its name
				name = payout.Mask(name)
			}
			fields[name] = "****"
		}
	}
	masked, err := json.Marshal(fields)
	if err != nil {
		return "(unreadable payload, hidden)"
	}
	return string(masked)
}
