package sandbox

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/salur-id/salur/internal/money"
)

// Plan says what the next exchanges meet: what is there of it takes the place of what held.
type Plan struct {
	// Deposit is what the merchant can pay out, in IDR.
	Deposit string `json:"deposit,omitempty"`
	// Behaviours are scripts for references, payees and APIs.
	Behaviours []Planned `json:"behaviours,omitempty"`
	// Random draws faults for the references that no script is for.
	Random *Random `json:"random,omitempty"`
}

// Planned is the script for one target: a behaviour, or a preset with its times.
type Planned struct {
	Target
	Preset    string     `json:"preset,omitempty"`
	Times     int        `json:"times,omitempty"`
	Behaviour *Behaviour `json:"behaviour,omitempty"`
}

// behaviour is what is planned, checked.
func (p Planned) behaviour() (Behaviour, error) {
	if (p.Preset == "") == (p.Behaviour == nil) {
		return Behaviour{}, errors.New("preset, behaviour: give exactly one of them")
	}
	if p.Behaviour != nil {
		if p.Times != 0 {
			return Behaviour{}, wrong("times", fmt.Sprint(p.Times), "goes with a preset; in a behaviour each step has its own")
		}
		return *p.Behaviour, p.Behaviour.validate(p.Target)
	}
	if b, ok := inquiryPreset(p.Preset, p.Times); ok {
		if p.API != apiOf[accountInquiry] && p.API != apiOf[bankInquiryService] {
			return Behaviour{}, wrong("preset", p.Preset, "is for the api account-inquiry or bank-account-inquiry; or ask about the account with its number (--help)")
		}
		return b, b.validate(p.Target)
	}
	b, ok := Preset(p.Preset, p.Times)
	if !ok {
		return Behaviour{}, wrong("preset", p.Preset, "use one of "+presetNames())
	}
	return b, b.validate(p.Target)
}

// ReadPlan reads a plan in JSON; a field that there is not is an error.
func ReadPlan(r io.Reader) (Plan, error) {
	var p Plan
	dec := json.NewDecoder(r)
	dec.DisallowUnknownFields()
	return p, read(dec, &p, `{"behaviours":[{"customer":"62811742234","preset":"pay_and_hang","times":1}]}`)
}

// Apply puts a plan into force, whole or not at all. The error is one line that names the
// wrong field, by its place in the plan, and the fix.
func (s *Sandbox) Apply(p Plan) error {
	deposit := money.Amount{}
	if p.Deposit != "" {
		var err error
		if deposit, err = money.Parse(p.Deposit); err != nil {
			return wrong("deposit", p.Deposit, err.Error())
		}
	}
	behaviours := make([]Behaviour, len(p.Behaviours))
	for i, planned := range p.Behaviours {
		var err error
		if behaviours[i], err = planned.behaviour(); err != nil {
			return fmt.Errorf("behaviours[%d].%w", i, err)
		}
	}
	if p.Random != nil {
		if err := p.Random.validate(); err != nil {
			return err
		}
	}
	b, _ := s.open()
	defer s.mu.Unlock()
	if p.Deposit != "" {
		b.fund(deposit)
	}
	for i, planned := range p.Behaviours {
		b.behave(planned.Target, behaviours[i])
	}
	if p.Random != nil {
		random := *p.Random
		random.drawn = map[string]*Behaviour{}
		b.random = &random
	}
	return nil
}
