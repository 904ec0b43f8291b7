package gate

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/salur-id/salur/internal/durable"
	"github.com/salur-id/salur/internal/money"
	"github.com/salur-id/salur/internal/statemachine"
)

// The two sources of a hold.
const (
	ByPerson = "person" // stays until a person resumes
	BySystem = "system" // lifted when the cause is gone, or by a person; a limit's by a person alone
)

// Hold is a reason not to send, in force for all workers. There is at most one by a
// person and one by the system for each cause; they are independent, and sending goes on
// when the last is gone.
type Hold struct {
	By string `json:"by"` // ByPerson or BySystem
	// Cause is what the system met: refused credentials, a refusal that concerns the
	// merchant and would meet every payout behind this one too, a low balance, or a limit.
	// Empty for a person.
	Cause  statemachine.Why `json:"cause,omitempty"`
	Reason string           `json:"reason"`           // for people
	Person string           `json:"person,omitempty"` // who holds, for ByPerson
	Ref    string           `json:"ref,omitempty"`    // the payout that met the cause
	// Needs is what the refused payout wanted of the deposit, when that was the cause.
	Needs money.Amount `json:"needs,omitzero"`
	// Sums are where the count that was met is kept; it begins anew when a person resumes.
	Sums  []string  `json:"sums,omitempty"`
	Since time.Time `json:"since"`
	// Probes is how many probes have found the cause still there, NextProbe when the next
	// one is due. Both are zero for a person, and where only a person or a reading of the
	// balance lifts.
	Probes    int       `json:"probes,omitempty"`
	NextProbe time.Time `json:"nextProbe,omitzero"`
}

// Change is an entry of the log of holds: holds that came into force, or were lifted.
type Change struct {
	At     time.Time `json:"at"`
	Held   []Hold    `json:"held,omitempty"`
	Lifted []Hold    `json:"lifted,omitempty"`
	// Person and Reason say who lifted them and why. No person: a probe found the cause gone.
	Person string `json:"person,omitempty"`
	Reason string `json:"reason,omitempty"`
}

// holdsKey is a hash from field to Hold. All holds in one key are read and lifted at one
// instant. The hash tag keeps it in one cluster slot with the lock of the probes.
//
// Its field openField is there exactly while there is no hold: what says that sending may go on is something that is there, not
// something that is missing. A Redis that has lost the holds sends nothing.
//
// logKey is a list of Changes, the newest first; each is written in the step that makes the change.
const (
	holdsKey  = "salur:{gate}:holds"
	openField = "open"
	logKey    = "salur:{gate}:log"
	logKept   = 1000
)

// note puts an entry into the log, for the scripts. The log is for people: if it cannot be written, the change is made all the same.
const note = `
local function note(log, kept, entry)
  redis.pcall('LPUSH', log, entry)
  redis.pcall('LTRIM', log, 0, kept - 1)
end
`

var (
	// holdScript makes a hold, or, with ARGV[5], puts it in the place of an earlier one. A hold by the system, which may go by itself,
	// must not hide that the record of holds is lost: ARGV[6] is the hold for that.
	holdScript = redis.NewScript(note + `
if ARGV[6] ~= '' and redis.call('HLEN', KEYS[1]) == 0 then redis.call('HSET', KEYS[1], 'system:holds_lost', ARGV[6]) end
local made = redis.call(ARGV[5] == '1' and 'HSET' or 'HSETNX', KEYS[1], ARGV[1], ARGV[2])
redis.call('HDEL', KEYS[1], 'open')
if made == 0 and ARGV[5] ~= '1' then return 0 end
note(KEYS[2], ARGV[4], ARGV[3])
return 1`)

	// lostScript holds if sending is not open and nobody is on record who held it.
	lostScript = redis.NewScript(note + `
if redis.call('HLEN', KEYS[1]) > 0 then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
note(KEYS[2], ARGV[4], ARGV[3])
return 1`)

	beginScript = redis.NewScript(`
if redis.call('HLEN', KEYS[1]) == 0 then redis.call('HSET', KEYS[1], 'open', 1) end
return 1`)

	// resumeScript gets the log's entry as what stands before and after the holds that were lifted,
	// then the references that pass (KEYS[3]) for so long; the further keys are sums that begin anew.
	resumeScript = redis.NewScript(note + `
redis.call('HDEL', KEYS[1], 'open')
local fields, holds = redis.call('HGETALL', KEYS[1]), {}
redis.call('DEL', KEYS[1])
redis.call('HSET', KEYS[1], 'open', 1)
if #fields == 0 then return fields end
for i = 2, #fields, 2 do table.insert(holds, fields[i]) end
for i = 4, #KEYS do redis.call('DEL', KEYS[i]) end
for i = 5, #ARGV do redis.pcall('SADD', KEYS[3], ARGV[i]) end
if #ARGV > 4 then redis.pcall('PEXPIRE', KEYS[3], ARGV[4]) end
note(KEYS[2], ARGV[3], ARGV[1] .. table.concat(holds, ',') .. ARGV[2])
return fields`)
)

func (h Hold) field() string {
	if h.By == ByPerson {
		return ByPerson
	}
	return BySystem + ":" + string(h.Cause)
}

// closes tells whether the hold is against exchanges of this purpose. Asking about payouts
// under way moves no money and goes on, unless DANA refuses to know us at all.
func (h Hold) closes(p Purpose) bool {
	return p != Inquire || h.Cause == statemachine.CredentialsRefused
}

// Hold stops sending on all workers because of what an exchange met: h.Cause, h.Reason
// and h.Ref; the rest is filled in. This worker stops at once, the others within a second.
// first tells that this call made the hold, so that one caller of many speaks of it; if
// the cause is held already, that hold stays as it is.
//
// On an error it is not known whether the hold was made. The caller goes on as if it was
// not: the next exchange meets the same cause and holds again.
func (g *Gate) Hold(ctx context.Context, h Hold) (first bool, err error) {
	h.By, h.Person, h.Since, h.Probes, h.NextProbe = BySystem, "", g.cfg.Now(), 0, time.Time{}
	if !h.limited() && h.Cause != StoreLost && h.Cause != RefusedAlike && (!g.cfg.PersonResumes || h.Cause != statemachine.InsufficientFunds) {
		h.Probes = g.relapses(ctx, h)
		h.NextProbe = h.Since.Add(probeAfter(h.Probes))
	}
	first, err = made(ctx, g.cfg.Redis, h, false)
	if err != nil {
		return false, fmt.Errorf("hold for %s: %w", h.Cause, err)
	}
	// The hold is made. If it cannot be read back now, the next reading finds it.
	g.read(ctx)
	return first, nil
}

// relapse is how soon after a hold has lifted itself the same cause makes it go on where it was.
const relapse = 10 * time.Minute

// relapses is how many probes the hold has behind it already: one that came back soon after it had
// lifted itself was lifted too early, and each time that costs a payout. So the pauses go on growing.
func (g *Gate) relapses(ctx context.Context, h Hold) int {
	log, err := Log(ctx, g.cfg.Redis, 20)
	if err != nil {
		return 0 // not known, and only the pause depends on it
	}
	for _, c := range log {
		for _, l := range c.Lifted {
			if l.field() == h.field() {
				if c.Person != "" || h.Since.Sub(c.At) > relapse {
					return 0
				}
				return l.Probes + 1
			}
		}
	}
	return 0
}

// read replaces the gate's view of the holds by what Redis says, and tells what changed.
// When it fails the view stays, and ages until it is no longer trusted: a hold that was
// made or lifted meanwhile is unknown here. Status has the error.
func (g *Gate) read(ctx context.Context) {
	if g.reading.Acquire(ctx, 1) != nil {
		return // nobody waits for it any more
	}
	defer g.reading.Release(1)
	at := g.cfg.Now()
	ctx, cancel := context.WithTimeout(ctx, readWithin)
	defer cancel()
	open, holds, err := readAll(ctx, g.cfg.Redis)
	if err == nil && !open && len(holds) == 0 && g.Fit() == nil { // else it may not have been opened yet
		holds, err = g.holdsLost(ctx)
	}

	g.mu.Lock()
	before := g.holds
	g.readErr = err
	if err == nil {
		g.holds, g.readAt = holds, at
		g.broadcast()
	}
	g.mu.Unlock()
	if err == nil {
		g.tell(before, holds, false)
		g.tell(holds, before, true)
	}
}

// tell reports each hold of these that is not among those. A hold is the same one while
// its Since is: probes change the rest.
func (g *Gate) tell(these, those []Hold, held bool) {
	for _, h := range these {
		same := func(o Hold) bool { return o.field() == h.field() && o.Since.Equal(h.Since) }
		if g.cfg.OnHold != nil && !slices.ContainsFunc(those, same) {
			g.cfg.OnHold(h, held)
		}
	}
}

// readAll returns whether sending is open, and the holds in force, oldest first.
func readAll(ctx context.Context, rdb redis.UniversalClient) (open bool, holds []Hold, err error) {
	records, err := rdb.HGetAll(ctx, holdsKey).Result()
	if err != nil {
		return false, nil, fmt.Errorf("read holds: %w", err)
	}
	_, open = records[openField]
	return open, decodeAll(records), nil
}

// holdsLost puts a hold on record in the place of those that Redis has lost, and returns what is held then.
func (g *Gate) holdsLost(ctx context.Context) ([]Hold, error) {
	h := holdsLost(g.cfg.Now())
	entry := encode(Change{At: h.Since, Held: []Hold{h}})
	if err := lostScript.Run(ctx, g.cfg.Redis, []string{holdsKey, logKey}, h.field(), encode(h), entry, logKept).Err(); err != nil {
		return nil, fmt.Errorf("hold for %s: %w", h.Cause, err)
	}
	open, holds, err := readAll(ctx, g.cfg.Redis)
	if err == nil && !open && len(holds) == 0 {
		return []Hold{h}, nil // lost again
	}
	return holds, err
}

func holdsLost(at time.Time) Hold {
	return Hold{By: BySystem, Cause: HoldsLost, Reason: "Redis has lost who held sending, or that nobody did; look at the log of holds, then ledger resume", Since: at}
}

// Begin opens sending in a Redis where it was never open, unless somebody holds it already.
func (g *Gate) Begin(ctx context.Context) error { return Begin(ctx, g.cfg.Redis) }

// Begin is Gate.Begin.
func Begin(ctx context.Context, rdb redis.UniversalClient) error {
	if err := beginScript.Run(ctx, rdb, []string{holdsKey}).Err(); err != nil {
		return fmt.Errorf("open sending: %w", err)
	}
	return nil
}

// ReadHolds returns the holds in force, oldest first.
func ReadHolds(ctx context.Context, rdb redis.UniversalClient) ([]Hold, error) {
	_, holds, err := readAll(ctx, rdb)
	return holds, err
}

// HoldByPerson stops sending on all workers until Resume. A later call replaces the reason
// of an earlier one.
func HoldByPerson(ctx context.Context, rdb redis.UniversalClient, reason, by string, at time.Time) error {
	h := Hold{By: ByPerson, Reason: reason, Person: by, Since: at}
	if _, err := made(ctx, rdb, h, true); err != nil {
		return fmt.Errorf("hold by %s: %w", by, err)
	}
	return nil
}

func made(ctx context.Context, rdb redis.UniversalClient, h Hold, replace bool) (bool, error) {
	lost := ""
	if h.By == BySystem {
		lost = encode(holdsLost(h.Since))
	}
	entry := encode(Change{At: h.Since, Held: []Hold{h}})
	return durable.New(rdb).Run(ctx, holdScript, []string{holdsKey, logKey}, h.field(), encode(h), entry, logKept, bit(replace), lost).Bool()
}

// Resume lifts every hold, by people and by the system, and returns what it lifted. A
// cause that is still there is met again by the next payout, and held again. The reason may be empty.
//
// A payout that met a limit passes all of them from now on, for the person has seen it, and the
// sum that it met begins anew. A limit that is met during the call is lifted without either, and is
// met again.
func Resume(ctx context.Context, rdb redis.UniversalClient, reason, by string, at time.Time) (lifted []Hold, err error) {
	held, err := rdb.HGetAll(ctx, holdsKey).Result()
	if err != nil {
		return nil, fmt.Errorf("resume: %w", err)
	}
	before, after := around(Change{At: at, Person: by, Reason: reason})
	keys, args := []string{holdsKey, logKey, letKey}, []any{before, after, logKept, letFor.Milliseconds()}
	for _, record := range held {
		h, err := decode(record)
		if err != nil { // one that cannot be read is lifted, and told below
			continue
		}
		if keys = append(keys, h.Sums...); h.limited() {
			args = append(args, h.Ref)
		}
	}
	fields, err := durable.New(rdb).Run(ctx, resumeScript, keys, args...).StringSlice()
	if err != nil {
		return nil, fmt.Errorf("resume: %w", err)
	}
	records := map[string]string{}
	for pair := range slices.Chunk(fields, 2) {
		records[pair[0]] = pair[1]
	}
	return decodeAll(records), nil
}

// around is what stands before and after the holds in an entry that tells of their being lifted.
func around(c Change) (before, after string) {
	rest := encode(c)
	return `{"lifted":[`, "]," + rest[1:]
}

// Log returns the newest entries of the log of holds, the newest first; the last 1,000 are kept. One that
// cannot be read is left out: a hold that somebody wrote by hand must not hide the others.
func Log(ctx context.Context, rdb redis.UniversalClient, limit int) ([]Change, error) {
	entries, err := rdb.LRange(ctx, logKey, 0, int64(limit)-1).Result()
	if err != nil {
		return nil, fmt.Errorf("read the log of holds: %w", err)
	}
	log := make([]Change, 0, len(entries))
	for _, entry := range entries {
		var c Change
		if json.Unmarshal([]byte(entry), &c) == nil {
			log = append(log, c)
		}
	}
	return log, nil
}

// The causes of holds that a loss made. A person resumes.
const (
	HoldsLost statemachine.Why = "holds_lost" // Redis has forgotten the holds
	StoreLost statemachine.Why = "store_lost" // Redis has forgotten payouts or attempts
)

// Unreadable is the cause of a hold that cannot be read: sending is held all the same, since what stands there may be
// any hold. It hides no other hold and stops no inquiry. A person resumes.
const Unreadable statemachine.Why = "unreadable_hold"

func decodeAll(records map[string]string) []Hold {
	var holds []Hold
	for field, record := range records {
		if field == openField {
			continue
		}
		h, err := decode(record)
		if err != nil {
			h = Hold{By: BySystem, Cause: Unreadable, Reason: fmt.Sprintf("the field %q of %s cannot be read; ledger resume lifts it", field, holdsKey)}
		}
		holds = append(holds, h)
	}
	slices.SortFunc(holds, func(a, b Hold) int {
		return cmp.Or(a.Since.Compare(b.Since), cmp.Compare(a.field(), b.field()), cmp.Compare(a.Reason, b.Reason))
	})
	return holds
}

func encode[T Hold | Change](v T) string {
	b, err := json.Marshal(v)
	if err != nil { // only texts, a number and times of this era: cannot happen
		panic(err)
	}
	return string(b)
}

func decode(record string) (h Hold, err error) {
	err = json.Unmarshal([]byte(record), &h)
	return h, err
}
