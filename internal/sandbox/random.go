package sandbox

import (
	"hash/fnv"
	"math/rand/v2"
	"slices"
	"strconv"
)

// Random draws faults. What a reference meets depends on the seed and the reference alone,
// so that the same seed gives the same faults in whatever order requests arrive.
type Random struct {
	Seed uint64 `json:"seed"`
	// Share of the references that meet a fault, 0 to 1.
	Share float64 `json:"share"`
	// Presets are the faults to draw from, all alike; empty for every preset there is.
	Presets []string `json:"presets,omitempty"`

	drawn map[string]*Behaviour
}

func (r *Random) validate() error {
	if !(r.Share >= 0 && r.Share <= 1) { // so that no NaN gets through
		return wrong("random.share", strconv.FormatFloat(r.Share, 'g', -1, 64), "use 0 to 1, such as 0.2")
	}
	for i, name := range r.Presets {
		if _, ok := Preset(name, 1); !ok {
			return wrong("random.presets["+strconv.Itoa(i)+"]", name, "use one of those that --help lists for sends")
		}
	}
	return nil
}

// pick is the fault of a reference, lasting once or twice, or nil.
func (r *Random) pick(ref string) *Behaviour {
	if r == nil {
		return nil
	}
	if b, ok := r.drawn[ref]; ok {
		return b
	}
	h := fnv.New64a()
	_, _ = h.Write([]byte(ref)) // never fails
	dice := rand.New(rand.NewPCG(r.Seed, h.Sum64()))
	var drawn *Behaviour
	if dice.Float64() < r.Share {
		names := r.Presets
		if len(names) == 0 {
			for _, p := range presets {
				names = append(names, p.name)
			}
		}
		names = slices.Clone(names)
		slices.Sort(names)
		b, _ := Preset(names[dice.IntN(len(names))], 1+dice.IntN(2))
		drawn = &b
	}
	r.drawn[ref] = drawn
	return drawn
}
