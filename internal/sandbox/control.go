package sandbox

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/salur-id/salur/internal/money"
)

// SetBehaviour puts b in the place of what held for the target, built-in behaviours included.
// The error is one line that names the wrong field and the fix.
func (s *Sandbox) SetBehaviour(t Target, b Behaviour) error {
	if err := b.validate(t); err != nil {
		return err
	}
	books, _ := s.open()
	defer s.mu.Unlock()
	books.behave(t, b)
	return nil
}

func (b *books) behave(t Target, is Behaviour) {
	b.behaviours[t] = &is
	delete(b.counts, t.API)
}

// SetDeposit funds or empties the deposit, to exactly d (zero or more, in IDR).
func (s *Sandbox) SetDeposit(d money.Amount) error {
	if d.Currency() != money.IDR || d.Cents() < 0 {
		return wrong("deposit", d.Value(), "use zero or more in IDR")
	}
	b, _ := s.open()
	defer s.mu.Unlock()
	b.fund(d)
	return nil
}

func (b *books) fund(d money.Amount) {
	b.opening = b.opening.Add(d).Sub(b.deposit)
	b.deposit = d
}

// RevokeTokens ends every access token before its time.
func (s *Sandbox) RevokeTokens() {
	b, _ := s.open()
	defer s.mu.Unlock()
	clear(b.tokens)
}

// RefuseCredentials makes every API refuse the partner (401xx00), until it is called with false.
func (s *Sandbox) RefuseCredentials(refuse bool) {
	b, _ := s.open()
	defer s.mu.Unlock()
	b.refusing = refuse
}

// Reset puts everything back to how New left it: books, behaviours and counts.
func (s *Sandbox) Reset() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.books = newBooks(s.cfg.Deposit)
}

// control adds the paths of the control API. It needs no credentials: whoever reaches
// the sandbox may control it. All of it but what is read answers 204, or 400 and one line.
func (s *Sandbox) control() {
	s.mux.HandleFunc("GET /_sandbox/state", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(s.State())
	})
	s.mux.HandleFunc("GET /_sandbox/requests", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(s.Requests(r.URL.Query().Get("ref"), r.URL.Query().Get("api")))
	})
	s.mux.HandleFunc("GET /_sandbox/settlement", s.getSettlement)
	for path, do := range map[string]func(*json.Decoder) error{
		"behaviours":  s.postBehaviour,
		"deposit":     s.postDeposit,
		"credentials": s.postCredentials,
		"plan":        s.postPlan,
		"tokens":      s.postTokens,
		"reset":       func(*json.Decoder) error { s.Reset(); return nil },
	} {
		s.mux.HandleFunc("POST /_sandbox/"+path, func(w http.ResponseWriter, r *http.Request) {
			dec := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody))
			dec.DisallowUnknownFields()
			if err := do(dec); err != nil {
				http.Error(w, err.Error(), http.StatusBadRequest)
				return
			}
			w.WriteHeader(http.StatusNoContent)
		})
	}
}

// read decodes exactly one JSON document.
func read(dec *json.Decoder, into any, example string) error {
	err := dec.Decode(into)
	if err == nil && dec.Decode(&struct{}{}) != io.EOF {
		err = errors.New("more than one document")
	}
	if err != nil {
		return fmt.Errorf("body: %s: send a JSON document such as %s", strings.TrimPrefix(err.Error(), "json: "), example)
	}
	return nil
}

func (s *Sandbox) postBehaviour(dec *json.Decoder) error {
	var in Planned
	if err := read(dec, &in, `{"customer":"62811742234","preset":"pay_and_hang","times":1}`); err != nil {
		return err
	}
	b, err := in.behaviour()
	if err != nil {
		return err
	}
	return s.SetBehaviour(in.Target, b)
}

func (s *Sandbox) postPlan(dec *json.Decoder) error {
	var in Plan
	if err := read(dec, &in, `{"random":{"seed":1,"share":0.2}}`); err != nil {
		return err
	}
	return s.Apply(in)
}

func (s *Sandbox) postTokens(dec *json.Decoder) error {
	var in struct {
		Revoke bool `json:"revoke"`
	}
	if err := read(dec, &in, `{"revoke":true}`); err != nil {
		return err
	}
	if !in.Revoke {
		return wrong("revoke", "false", "use true; tokens are given by the access token API")
	}
	s.RevokeTokens()
	return nil
}

func presetNames() string {
	var names []string
	for _, p := range presets {
		names = append(names, p.name)
	}
	for _, p := range inquiryPresets {
		names = append(names, p.Preset)
	}
	return strings.Join(names, ", ")
}

func (s *Sandbox) postDeposit(dec *json.Decoder) error {
	var in struct {
		Deposit string `json:"deposit"`
	}
	if err := read(dec, &in, `{"deposit":"1000000.00"}`); err != nil {
		return err
	}
	d, err := money.Parse(in.Deposit)
	if err != nil {
		return wrong("deposit", in.Deposit, err.Error())
	}
	return s.SetDeposit(d)
}

func (s *Sandbox) postCredentials(dec *json.Decoder) error {
	var in struct {
		Refuse *bool `json:"refuse"`
	}
	if err := read(dec, &in, `{"refuse":true}`); err != nil {
		return err
	}
	if in.Refuse == nil {
		return wrong("refuse", "", "use true or false")
	}
	s.RefuseCredentials(*in.Refuse)
	return nil
}
