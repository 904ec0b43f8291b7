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
	// Code is the true responseCode (of the balance check, its resultCodeId), Message its text.
	Code    string `json:"code,omitempty"`
	Message string `json:"message,omitempty"`
	// Answer is what the client got in place of that, empty when it got the truth.
	Answer Answer `json:"answer,omitempty"`
	// Status is the HTTP status of what the client got; 0 when the line was closed.
	Status int `json:"status"`
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
	// The client's own text, which nobody may have checked, would otherwise fill the memory.
	entry.ExternalID = entry.ExternalID[:min(len(entry.ExternalID), 64)]
	b, _ := s.open()
	defer s.mu.Unlock()
	if len(b.log) == remembered {
		b.log = b.log[1:]
	}
	b.log = append(b.log, entry)
}
