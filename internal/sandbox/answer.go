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

	suspectedFraud  = "40303"
	inactive        = "40318"
	invalidMerchant = "40408"
	invalidAccount  = "40411"
)

// messages are those seen on DANA's wire; where they differ from its documentation, the wire wins.
var messages = map[string]string{
	successful:      "Successful",
	inProgress:      "Request In Progress",
	badRequest:      "Bad Request",
	fieldFormat:     "Invalid Field Format",
	missingField:    "Invalid Mandatory Field",
	unauthorized:    "Unauthorized.",
	invalidToken:    "Invalid Token (B2B)",
	"40102":         "Invalid Customer Token",
	"40104":         "Customer Token Not Found",
	overLimit:       "Exceed maximum limit amount",
	suspectedFraud:  "Suspected Fraud",
	doNotHonor:      "Do Not Honor",
	noFunds:         "Insufficient Fund",
	"40315":         "Transaction Not Permitted.",
	inactive:        "Inactive Card/Account/Customer",
	"40320":         "Merchant Limit Exceed",
	notFound:        "Transaction Not Found",
	"40403":         "Bank Not Supported By Switch",
	invalidMerchant: "Invalid Merchant",
	invalidAccount:  "Invalid Card/Account/Customer Number/Virtual Account",
	inconsistent:    "Inconsistent Request",
	"42900":         "Too Many Requests",
	generalError:    "General Error",
	internalServer:  "Internal Server Error",
	"50400":         "Timeout",
}

// reply is a SNAP answer: responseCode, responseMessage and the API's own fields.
type reply map[string]any

func newReply(service, cause, suffix string) reply {
	code := cause[:3] + service + cause[3:]
	return reply{"responseCode": code, "responseMessage": message(code) + suffix}
}

// ownMessages are those that one API words its own way.
var ownMessages = map[string]string{
	"2004200": "Success",
	"2004300": "Success",
	"4034202": "Exceed Transaction Amount Limit",
	"4034302": "Exceed limit per transaction",
	"4034218": "Inactive Account Merchant",
	"4034318": "Inactive Account Merchant",
}

func message(code string) string {
	if own := ownMessages[code]; own != "" {
		return own
	}
	return messages[code[:3]+code[5:]]
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
	code := rep["responseCode"].(string)
	how = how.of(code[3:5])
	if debug := r.Header.Get("X-Debug-Mode"); (debug == "true" || debug == "1") && code[0] != '2' {
		rep = maps.Clone(rep)
		rep["additionalInfo"] = debugged(rep["additionalInfo"], rep["responseMessage"].(string))
	}
	switch how {
	case ForeignRef, ForeignAmount:
		rep = foreign(rep, how)
	case Extra:
		rep = maps.Clone(rep)
		rep["newField"], rep["newObject"] = 1, map[string]any{"responseCode": "0000000", "list": []int{1}}
	case Missing:
		rep = reply{"responseCode": code}
	}
	if len(how) == 7 && how[0] <= '9' { // a responseCode
		code = string(how)
		rep = maps.Clone(rep)
		for _, name := range []string{"referenceNo", "referenceNumber", "originalReferenceNo", "latestTransactionStatus", "transactionStatusDesc", "additionalInfo"} {
			delete(rep, name) // they would tell the truth
		}
		rep["responseCode"], rep["responseMessage"] = code, message(code)
	}
	b, err := json.Marshal(rep)
	if err != nil { // texts and amounts only: cannot happen
		panic(err)
	}
	status, _ := strconv.Atoi(code[:3])
	if how == OK {
		status = http.StatusOK
	}
	w.Header().Set("X-TIMESTAMP", jakarta.Format(s.cfg.Now()))
	s.send(w, r, status, b, how)
}

// send writes an answer, or what becomes of it on the way.
func (s *Sandbox) send(w http.ResponseWriter, r *http.Request, status int, b []byte, how Answer) {
	parts := 1
	switch how {
	case Hang:
		s.wait(r, s.cfg.Hang)
		panic(http.ErrAbortHandler)
	case Drop:
		panic(http.ErrAbortHandler) // closes the connection, nothing written
	case HTML:
		w.Header().Del("X-TIMESTAMP")
		w.Header().Set("Content-Type", "text/html")
		w.WriteHeader(http.StatusBadGateway)
		_, _ = io.WriteString(w, "<html><body><h1>502 Bad Gateway</h1></body></html>\n")
		return
	case Empty:
		w.Header().Del("X-TIMESTAMP")
		w.WriteHeader(http.StatusOK)
		return
	case Half:
		b = b[:len(b)/2]
	case Slow:
		parts = 10
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	for i := range parts {
		_, _ = w.Write(b[len(b)*i/parts : len(b)*(i+1)/parts]) // the client may have gone; the books do not depend on it
		if parts > 1 {
			_ = http.NewResponseController(w).Flush()
			s.wait(r, s.cfg.Hang/time.Duration(parts))
		}
	}
}

// wait lets time pass, unless the client or the sandbox goes.
func (s *Sandbox) wait(r *http.Request, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-r.Context().Done():
	case <-s.closing.Done():
	}
}

// debugged is additionalInfo with what DANA adds for a client that debugs.
func debugged(info any, message string) map[string]string {
	all := map[string]string{"debugMessage": message}
	if had, ok := info.(map[string]string); ok {
		maps.Copy(all, had)
	}
	return all
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
