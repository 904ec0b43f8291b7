package danaclient

import (
	"encoding/json"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/salur-id/salur/internal/payout"
)

// AuditRecord is one exchange with DANA as it went over the wire, evidence for DANA's
// integration checklist and for disputes. Secrets (token, client secret) and what names a
// person (numbers, names, accounts) are masked; lengths are not kept.
type AuditRecord struct {
	At           time.Time         `json:"at"`
	API          API               `json:"api"`
	Method       string            `json:"method"`
	URL          string            `json:"url"`
	Request      map[string]string `json:"requestHeaders"`
	RequestBody  string            `json:"requestBody"`
	Status       int               `json:"status"` // of HTTP; 0 when no answer came
	Answer       map[string]string `json:"answerHeaders,omitempty"`
	AnswerBody   string            `json:"answerBody,omitempty"`
	Error        string            `json:"error,omitempty"`
	Milliseconds int64             `json:"milliseconds"`
}

// AuditTo writes each record to w as one line of JSON. A record that cannot be written is
// told to failed and lost: evidence is not worth a payout.
func AuditTo(w io.Writer, failed func(error)) func(AuditRecord) {
	var mu sync.Mutex
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	return func(r AuditRecord) {
		mu.Lock()
		defer mu.Unlock()
		if err := e.Encode(r); err != nil {
			failed(err)
		}
	}
}

func (c *Client) auditRecord(s service, at time.Time, took time.Duration, req *http.Request, payload []byte, r reply) AuditRecord {
	record := AuditRecord{
		At: at, API: s.api, Method: req.Method, URL: req.URL.String(),
		Request: headers(req.Header, payout.Payout{}), RequestBody: string(mask(payload)),
		Status: r.status, Answer: headers(r.header, s.payout), AnswerBody: string(hide(r.answer, s.payout)), Milliseconds: took.Milliseconds(),
	}
	if c.cfg.AuditWhole {
		record.RequestBody, record.AnswerBody = string(hideSecrets(payload)), string(hideSecrets(r.answer))
		if signature := req.Header.Get("X-Signature"); signature != "" {
			record.Request["X-Signature"] = signature
		}
	}
	if r.err != nil {
		record.Error = string(hide([]byte(r.err.Error()), s.payout))
	}
	return record
}

// headers are one value each; that is all that DANA and we send. A signature is left out: with the public key and the rest of
// the body it confirms a guessed phone number.
func headers(h http.Header, p payout.Payout) map[string]string {
	shown := make(map[string]string, len(h))
	known := p.Scrubber()
	for name := range h {
		shown[name] = known.Clean(h.Get(name))
		switch name {
		case "Authorization":
			shown[name] = "Bearer ****"
		case "Set-Cookie", "X-Signature":
			shown[name] = "****"
		}
	}
	return shown
}
