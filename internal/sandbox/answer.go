package sandbox

import (
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"strconv"
	"time"

	"github.com/salur-id/salur/internal/jakarta"
	"github.com/salur-id/salur/internal/money"
)

// Causes: a responseCode without its service code, that is HTTP status and case.
const (
	successful     = "20000"
	inProgress     = "20200"
	badRequest     = "40000"
	fieldFormat    = "40001"
	missingField   = "40002"
	unauthorized   = "40100"
	overLimit      = "40302"
	doNotHonor     = "40305"
	noFunds        = "40314"
	notFound       = "40401"
	inconsistent   = "40418"
	generalError   = "50000"
	internalServer = "50001"
)

// messages are those seen on DANA's wire; where they differ from its documentation, the wire wins.
var messages = map[string]string{
	successful:     "Successful",
	inProgress:     "Request In Progress",
	badRequest:     "Bad Request",
	fieldFormat:    "Invalid Field Format",
	missingField:   "Invalid Mandatory Field",
	unauthorized:   "Unauthorized.",
	"40101":        "Invalid Token (B2B)",
	"40102":        "Invalid Customer Token",
	"40104":        "Customer Token Not Found",
	overLimit:      "Exceed maximum limit amount",
	"40303":        "Suspected Fraud",
	doNotHonor:     "Do Not Honor",
	noFunds:        "Insufficient Fund",
	"40315":        "Transaction Not Permitted.",
	"40318":        "Inactive Card/Account/Customer",
	"40320":        "Merchant Limit Exceed",
	notFound:       "Transaction Not Found",
	"40408":        "Invalid Merchant",
	"40411":        "Invalid Card/Account/Customer Number/Virtual Account",
	inconsistent:   "Inconsistent Request",
	"42900":        "Too Many Requests",
	generalError:   "General Error",
	internalServer: "Internal Server Error",
	"50400":        "Timeout",
}

// reply is a SNAP answer: responseCode, responseMessage and the API's own fields.
type reply map[string]any

func newReply(service, cause, suffix string) reply {
	return reply{"responseCode": cause[:3] + service + cause[3:], "responseMessage": messages[cause] + suffix}
}

// with adds a field, unless it is an empty text: DANA leaves those out.
func (r reply) with(name string, value any) reply {
	if value != "" {
		r[name] = value
	}
	return r
}

// because adds DANA's inner reason, which tells apart refusals that share a code.
func (r reply) because(resultMsg string) reply {
	info := map[string]string{}
	if resultMsg != "" {
		info["resultMsg"] = resultMsg
	}
	return r.with("additionalInfo", info)
}

// deliver sends rep, or does with it what the misbehaviour says. The books are not
// locked here: a line may hang while other requests go on.
func (s *Sandbox) deliver(w http.ResponseWriter, r *http.Request, rep reply, how Answer) {
	switch how {
	case Normal:
	case Hang:
		timer := time.NewTimer(s.cfg.Hang)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-r.Context().Done():
		case <-s.closed:
		}
		panic(http.ErrAbortHandler)
	case Drop:
		panic(http.ErrAbortHandler) // closes the connection, nothing written
	case HTML:
		w.Header().Set("Content-Type", "text/html")
		w.WriteHeader(http.StatusBadGateway)
		_, _ = io.WriteString(w, "<html><body><h1>502 Bad Gateway</h1></body></html>\n")
		return
	case Empty:
		w.WriteHeader(http.StatusOK)
		return
	case ForeignRef, ForeignAmount:
		rep = foreign(rep, how)
	case Half:
	default: // a responseCode
		code := string(how)
		rep = maps.Clone(rep)
		for _, name := range []string{"referenceNo", "originalReferenceNo", "latestTransactionStatus", "transactionStatusDesc", "additionalInfo"} {
			delete(rep, name) // they would tell the truth
		}
		rep["responseCode"], rep["responseMessage"] = code, messages[code[:3]+code[5:]]
	}
	b, err := json.Marshal(rep)
	if err != nil { // texts and amounts only: cannot happen
		panic(err)
	}
	if how == Half {
		b = b[:len(b)/2]
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("X-TIMESTAMP", jakarta.Format(s.cfg.Now()))
	status, _ := strconv.Atoi(rep["responseCode"].(string)[:3])
	w.WriteHeader(status)
	_, _ = w.Write(b) // the client may have gone; the books do not depend on it
}

// foreign makes rep the answer to somebody else's payment.
func foreign(rep reply, how Answer) reply {
	rep = maps.Clone(rep)
	for _, name := range []string{"partnerReferenceNo", "originalPartnerReferenceNo"} {
		if ref, ok := rep[name].(string); ok && how == ForeignRef {
			rep[name] = "NOT-" + ref
		}
	}
	if amount, ok := rep["amount"].(money.Amount); ok && how == ForeignAmount {
		rep["amount"] = amount.Add(money.Rupiah(1))
	}
	return rep
}
