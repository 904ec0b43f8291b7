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

// conclude puts a request on record and sends its answer, or what the misbehaviour makes of
// it. The books are not locked while it sends: a line may hang while other requests go on.
func (s *Sandbox) conclude(w http.ResponseWriter, r *http.Request, entry Request, rep reply, how Answer) {
	rep = s.worded(rep)
	code := rep["responseCode"].(string)
	how = how.of(code[3:5])
	entry.Code, entry.Message, entry.Answer = code, rep["responseMessage"].(string), how
	rep = s.worded(how.alter(rep))
	code = rep["responseCode"].(string)
	if debug := r.Header.Get("X-Debug-Mode"); (debug == "true" || debug == "1") && code[0] != '2' && how != Missing && entry.API != apiOf[bankInquiryService] {
		rep = debugged(rep)
	}
	entry.Status = how.status(code)
	s.keep(entry)
	w.Header().Set("X-TIMESTAMP", jakarta.Format(s.cfg.Now()))
	s.send(w, r, entry.Status, rep, how)
}

// worded is rep with its message in the language that is wanted. DANA's sandbox has one message in two languages.
func (s *Sandbox) worded(rep reply) reply {
	switch rep["responseCode"] {
	case "4033702", "4033802":
		if s.cfg.Indonesian {
			rep = maps.Clone(rep)
			rep["responseMessage"] = "Nilai transaksi melebihi batas maksimum limit"
		}
	}
	return rep
}

// alter is what the misbehaviour makes of the fields of an answer.
func (a Answer) alter(rep reply) reply {
	switch {
	case a == ForeignRef || a == ForeignAmount:
		return foreign(rep, a)
	case a == Extra:
		rep = maps.Clone(rep)
		rep["newField"], rep["newObject"] = 1, map[string]any{"responseCode": "0000000", "list": []int{1}}
	case a == Missing:
		return reply{"responseCode": rep["responseCode"]}
	case a.isCode():
		return a.instead(rep)
	}
	return rep
}

// instead is an answer with the code a in the place of the true one. It has what an answer repeats of its request and nothing
// of the truth: no name, no bank, no limits, no amount of an inquiry, no token, no status.
func (a Answer) instead(rep reply) reply {
	service := rep["responseCode"].(string)[3:5]
	other := reply{"responseCode": string(a), "responseMessage": message(string(a))}
	for _, name := range repeated[service] {
		if value, ok := rep[name]; ok {
			other[name] = value
		}
	}
	if a == answerNotFound {
		other.notFound(bankStatusService)
	}
	return other
}

// repeated are the fields that a refusal of each API repeats of its request, in DANA's fixtures.
var repeated = map[string][]string{
	accountInquiry:     {"partnerReferenceNo", "customerNumber"},
	topUpService:       {"partnerReferenceNo", "customerNumber", "sessionId", "amount"},
	statusService:      {"originalPartnerReferenceNo", "originalExternalId", "serviceCode"},
	bankInquiryService: {"partnerReferenceNo"},
	transferService:    {"partnerReferenceNo"},
	bankStatusService:  {"originalPartnerReferenceNo", "originalExternalId", "serviceCode"},
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

// debugged is rep with what DANA's sandbox adds to a failed answer for a client that debugs. What
// it says there is not documented; here it is the message once more.
func debugged(rep reply) reply {
	info := map[string]string{"debugMessage": rep["responseMessage"].(string)}
	if had, ok := rep["additionalInfo"].(map[string]string); ok {
		maps.Copy(info, had)
	}
	rep = maps.Clone(rep)
	rep["additionalInfo"] = info
	return rep
}

// status is the HTTP status that code is answered under: its first three digits, unless the
// misbehaviour has its own; 0 for a line that is closed.
func (a Answer) status(code string) int {
	switch a {
	case Hang, Drop:
		return 0
	case HTML:
		return http.StatusBadGateway
	case Empty, OK:
		return http.StatusOK
	}
	status, _ := strconv.Atoi(code[:3])
	return status
}

// send writes doc under status, or what becomes of it on the way.
func (s *Sandbox) send(w http.ResponseWriter, r *http.Request, status int, doc any, how Answer) {
	b, err := json.Marshal(doc)
	if err != nil { // texts and amounts only: cannot happen
		panic(err)
	}
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
		w.WriteHeader(status)
		_, _ = io.WriteString(w, "<html><body><h1>502 Bad Gateway</h1></body></html>\n")
		return
	case Empty:
		w.Header().Del("X-TIMESTAMP")
		w.WriteHeader(status)
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
