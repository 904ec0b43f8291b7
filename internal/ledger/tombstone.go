package ledger

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/salur-id/salur/internal/payout"
	"github.com/salur-id/salur/internal/statemachine"
)

// A reference is for ever. What is left of a payout that Purge forgets is its tombstone: the reference, until when
// it is kept (in days since 1970, by the store's clock), the letter of the final state, and a keyed fingerprint of
// the content. Handed over again, the payout is known by it, and pays nobody.
//
// Tombstones are in buckets, small hashes that Redis keeps in a few bytes each. A bucket loses what is past its time
// when it gets a new one, and goes as a whole when it has got none for that long.

// rememberFor is how long a reference is remembered when nobody says.
const rememberFor = 17520 * time.Hour

const macSize = 16

var letters = map[statemachine.State]byte{
	statemachine.StateSucceeded: 's', statemachine.StateFailed: 'f', statemachine.StateRefunded: 'r',
}

// gone is the bucket of a reference's tombstone: one of 65,536.
func (k keys) gone(ref string) string {
	sum := sha256.Sum256([]byte(ref))
	return string(k) + "gone:" + hex.EncodeToString(sum[:2])
}

func (k keys) goneKey() string { return string(k) + "gone-key" } // the fingerprints' key, made once

// tombstoneKey is the key of the fingerprints, read once.
type tombstoneKey struct {
	mu  sync.Mutex
	key []byte
}

// fingerprintKey is the store's key, which is made when it has none.
func (l *Redis) fingerprintKey(ctx context.Context) ([]byte, error) {
	l.seal.mu.Lock()
	defer l.seal.mu.Unlock()
	if l.seal.key != nil {
		return l.seal.key, nil
	}
	fresh := make([]byte, 32)
	_, _ = rand.Read(fresh) // never fails
	var kept *redis.StringCmd
	_, err := l.rdb.Pipelined(ctx, func(p redis.Pipeliner) error {
		p.SetNX(ctx, l.keys.goneKey(), fresh, 0)
		kept = p.Get(ctx, l.keys.goneKey())
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("ledger: read the key of forgotten payouts' fingerprints: %w", err)
	}
	l.seal.key = []byte(kept.Val())
	return l.seal.key, nil
}

// forgetKey makes the key be read again: the store may have another one.
func (l *Redis) forgetKey() {
	l.seal.mu.Lock()
	defer l.seal.mu.Unlock()
	l.seal.key = nil
}

// tombstone is what is kept of a payout with this fingerprint, but for its days.
func tombstone(key []byte, s statemachine.State, fingerprint string) string {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(fingerprint))
	return string(append([]byte{letters[s]}, mac.Sum(nil)[:macSize]...))
}

// readTombstone is the final state of a forgotten payout, and whether its content had this fingerprint. What cannot
// be read is of another content: it pays nobody either.
func readTombstone(key []byte, text, fingerprint string) (s statemachine.State, same bool) {
	if len(text) < 1+macSize {
		return "", false
	}
	kept := text[len(text)-1-macSize:]
	for state, letter := range letters {
		if kept[0] == letter {
			return state, hmac.Equal([]byte(kept), []byte(tombstone(key, state, fingerprint)))
		}
	}
	return "", false
}

// forgotten takes a tombstone as the script's answer.
func (c *Created) forgotten(ctx context.Context, l *Redis, stone, fingerprint string) {
	var state statemachine.State
	same := false
	for range 2 { // the store may have got another key since it was read
		key, err := l.fingerprintKey(ctx)
		if err != nil {
			c.Err = err
			return
		}
		if state, same = readTombstone(key, stone, fingerprint); same {
			break
		}
		l.forgetKey()
	}
	p := c.Record.Payout
	c.Forgotten = true
	c.Record = Record{Payout: p, Tx: statemachine.Transaction{Ref: p.Ref, Amount: p.Amount, NotAfter: p.NotAfter, State: state}}
	if !same {
		c.Err = ErrConflict
	}
}

// ForgottenError is a payout that is not on record any more because it was over for longer than finished payouts are kept. It is
// ErrNotFound too; but who pays it again under another reference pays twice.
type ForgottenError struct{ State statemachine.State }

// Error says how it ended.
func (e *ForgottenError) Error() string {
	return fmt.Sprintf("%v: it ended as %s, longer ago than finished payouts are kept", ErrNotFound, e.State)
}

// Unwrap is ErrNotFound.
func (*ForgottenError) Unwrap() error { return ErrNotFound }

// absent says why there is no record: a *ForgottenError, or ErrNotFound, also where the user of Redis may not look.
func (l *Redis) absent(ctx context.Context, ref string) error {
	stone, err := l.rdb.HGet(ctx, l.keys.gone(ref), ref).Result()
	if err != nil {
		return ErrNotFound
	}
	state, _ := readTombstone(nil, stone, "")
	if state == "" {
		return ErrNotFound
	}
	return &ForgottenError{state}
}

// Remembered looks for payouts that were on record once and are forgotten: by reference, as Create would find
// them. One that is not among them is on record, or was never handed over, or longer ago than references are remembered.
func (l *Redis) Remembered(ctx context.Context, ps []payout.Payout) (map[string]Created, error) {
	if len(ps) == 0 {
		return nil, nil
	}
	stones := make([]*redis.StringCmd, len(ps))
	var at *redis.TimeCmd
	_, err := l.rdb.Pipelined(ctx, func(p redis.Pipeliner) error {
		at = p.Time(ctx)
		for i, each := range ps {
			stones[i] = p.HGet(ctx, l.keys.gone(each.Ref), each.Ref)
		}
		return nil
	})
	if err != nil && !isReply(err) {
		return nil, fmt.Errorf("ledger: look %d payouts up among the forgotten: %w", len(ps), err)
	}
	day := at.Val().Unix() / 86400
	found := map[string]Created{}
	for i, stone := range stones {
		text, err := stone.Result()
		if err == redis.Nil {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("ledger: look payout %s up among the forgotten: %w", ps[i].Ref, err)
		}
		var until int64
		if _, err := fmt.Sscanf(text, "%d", &until); err == nil && until < day {
			continue
		}
		c := Created{Record: Record{Payout: ps[i]}}
		c.forgotten(ctx, l, text, ps[i].Fingerprint())
		if c.Err != nil && c.Err != ErrConflict {
			return nil, c.Err
		}
		found[ps[i].Ref] = c
	}
	return found, nil
}
