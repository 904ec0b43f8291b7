package sandbox

import (
	"net/http"
	"time"
)

// remembered is how many requests are kept; the oldest go first.
const remembered = 10_000

// Request is one request that reached an API, refused ones included.
type Request struct {
	At         time.Time `json:"at"`
	API        string    `json:"api"`
	Path       string    `json:"path"`
	ExternalID string    `json:"externalId,omitempty"`
	Ref        string    `json:"ref,omitempty"` // of the transaction that it is about
	// Signature is asymmetric, symmetric or openapi when it verified, wrong when it did not,
	// and empty when the request was refused before anybody looked.
	Signature string `json:"signature,omitempty"`
	Code      string `json:"code,omitempty"` // the true responseCode
	Message   string `json:"message,omitempty"`
	// Answer is what the client got instead, if not that; see Answer.
	Answer Answer `json:"answer,omitempty"`
}

// Requests are those kept, the oldest first; of one reference or API unless those are empty.
func (s *Sandbox) Requests(ref, api string) []Request {
	b, _ := s.open()
	defer s.mu.Unlock()
	list := []Request{}
	for _, r := range b.log {
		if (ref == "" || r.Ref == ref) && (api == "" || r.API == api) {
			list = append(list, r)
		}
	}
	return list
}

// arrived counts a request and tells whether the partner's credentials are refused just now.
func (s *Sandbox) arrived(r *http.Request, name string) (entry Request, refused bool) {
	b, now := s.open()
	defer s.mu.Unlock()
	b.requests[name]++
	return Request{At: now, API: name, Path: r.URL.Path, ExternalID: r.Header.Get("X-EXTERNAL-ID")}, b.refusing
}

// keep puts a request on record once it is known what it is answered.
func (s *Sandbox) keep(entry Request) {
	b, _ := s.open()
	defer s.mu.Unlock()
	if len(b.log) == remembered {
		b.log = b.log[1:]
	}
	b.log = append(b.log, entry)
}

// conclude puts a request on record and delivers its answer.
func (s *Sandbox) conclude(w http.ResponseWriter, r *http.Request, entry Request, rep reply, how Answer) {
	entry.Code, entry.Message, entry.Answer = rep["responseCode"].(string), rep["responseMessage"].(string), how
	s.keep(entry)
	s.deliver(w, r, rep, how)
}
