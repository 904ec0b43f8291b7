package ledger

import (
	"errors"
	"strconv"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/salur-id/salur/internal/redistest"
	"github.com/salur-id/salur/internal/statemachine"
)

var us = Identity{Env: "sandbox", BaseURL: "http://dana", Partner: "one"}

func stampedStore(t *testing.T, rdb redis.UniversalClient) *Redis {
	t.Helper()
	l := NewRedis(rdb)
	if s, err := l.Stamp(t.Context(), us); err != nil || s.Loss != nil || s.Epoch == "" || l.Epoch() != s.Epoch {
		t.Fatalf("%+v, %v", s, err)
	}
	return l
}

// A store belongs to one partner in one environment at one address of DANA.
func TestStoreBelongsToOnePartner(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb *redis.Client) {
		l := stampedStore(t, rdb)
		if s, err := NewRedis(rdb).Stamp(t.Context(), us); err != nil || s.Epoch != l.Epoch() {
			t.Errorf("a second worker: %+v, %v", s, err)
		}
		for field, other := range map[string]Identity{
			"X_PARTNER_ID": {us.Env, us.BaseURL, "two"}, "DANA_ENV": {"production", us.BaseURL, us.Partner}, "DANA_BASE_URL": {us.Env, "http://other", us.Partner},
		} {
			_, err := NewRedis(rdb).Stamp(t.Context(), other)
			var e *OtherStoreError
			if !errors.As(err, &e) || e.Field != field {
				t.Errorf("%s: %v", field, err)
			}
		}
		if err := l.Unbind(t.Context()); err != nil {
			t.Fatal(err)
		}
		if s, err := NewRedis(rdb).Stamp(t.Context(), Identity{us.Env, "http://other", us.Partner}); err != nil || s.Epoch != l.Epoch() {
			t.Errorf("after a person unbound it: %+v, %v", s, err)
		}
		if _, _, err := l.CheckStore(t.Context()); !errors.As(err, new(*OtherStoreError)) {
			t.Errorf("the first worker goes on in another's store: %v", err)
		}
	})
}

// A store that was emptied, replaced or put back from a backup under running workers: no attempt is made in what is there now
// before sending was held, whoever looks first, and everything in it counts as possibly paid.
func TestALossIsFoundBeforeTheNextAttempt(t *testing.T) {
	for name, lose := range map[string]func(t *testing.T, rdb *redis.Client){
		"emptied": func(t *testing.T, rdb *redis.Client) { rdb.FlushAll(t.Context()) },
		"emptied, and a new worker was first": func(t *testing.T, rdb *redis.Client) {
			rdb.FlushAll(t.Context())
			stampedStore(t, rdb)
		},
		"put back": func(t *testing.T, rdb *redis.Client) {
			seen, _ := strconv.ParseInt(rdb.HGet(t.Context(), "salur:{topup}:store", "seen").Val(), 10, 64)
			rdb.HSet(t.Context(), "salur:{topup}:store", "seen", seen-time.Minute.Milliseconds())
		},
	} {
		t.Run(name, func(t *testing.T) {
			redistest.Each(t, func(t *testing.T, rdb *redis.Client) {
				ctx, now := t.Context(), time.Now()
				l, other := stampedStore(t, rdb), stampedStore(t, rdb)
				if s, lost, err := l.CheckStore(ctx); lost || err != nil || s.Loss != nil {
					t.Fatalf("lost %t, %+v, %v", lost, s, err)
				}
				lose(t, rdb)
				rec, _, err := l.Create(ctx, ten("AGAIN"), now)
				if err != nil {
					t.Fatal(err)
				}
				take := statemachine.Policy{}.Decide(rec.Tx, statemachine.Take(statemachine.Attempt{StartedAt: now, Deadline: now.Add(time.Second)}))
				if name != "put back" { // that one shows at the next look alone
					if _, err := l.Apply(ctx, rec, take, ""); !errors.Is(err, ErrLost) {
						t.Errorf("an attempt in another store: %v", err)
					}
				}
				s, lost, err := l.CheckStore(ctx)
				if !lost || err != nil || s.Loss == nil || s.Held || !s.Begun {
					t.Fatalf("lost %t, %+v, %v", lost, s, err)
				}
				if _, err := l.Apply(ctx, rec, take, ""); !errors.Is(err, ErrLost) {
					t.Errorf("an attempt before the hold: %v", err)
				}
				if s, lost, err := other.CheckStore(ctx); !lost || err != nil || s.Loss == nil || s.Epoch != l.Epoch() {
					t.Errorf("the other worker: lost %t, %+v, %v", lost, s, err)
				}
				if err := l.Held(ctx); err != nil {
					t.Fatal(err)
				}
				program := NewRedis(rdb) // such as ledger cancel: it was never stamped
				_, d, err := Update(ctx, program, statemachine.Policy{}, "AGAIN", "", func(Record) (statemachine.Event, bool) {
					return statemachine.Cancel("Sari", "wrong file", now), true
				})
				if err != nil || !d.Ignored {
					t.Errorf("cancelled after a loss: %+v, %v", d.Entry, err)
				}
				if cleared, err := program.ClearLoss(ctx); !cleared || err != nil {
					t.Errorf("cleared %t, %v", cleared, err)
				}
				rec, err = l.Get(ctx, "AGAIN")
				if err != nil {
					t.Fatal(err)
				}
				if _, err := l.Apply(ctx, rec, take, ""); err != nil {
					t.Errorf("an attempt after a person resumed: %v", err)
				}
			})
		})
	}
}

// A clock that is set is noticed at once, and the store's time is what counts.
func TestClockIsHeldAgainstTheStores(t *testing.T) {
	l := stampedStore(t, redistest.Start(t).Client())
	for _, off := range []time.Duration{0, MostOff, -MostOff, 31 * 24 * time.Hour} {
		if got := l.Off(time.Now().Add(off)); (got - off).Abs() > time.Second {
			t.Errorf("off by %s: %s", off, got)
		}
	}
}

// A store without an identity is new only if no worker has ever worked in it: else what it says of itself was lost, and nobody's word is taken
// for whose it is.
func TestStoreThatLostItsIdentityIsNotANewOne(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb *redis.Client) {
		ctx, now := t.Context(), time.Now()
		l := NewRedis(rdb)
		rec, _, err := l.Create(ctx, ten("A"), now) // handed over before the first worker starts
		if err != nil {
			t.Fatal(err)
		}
		l = stampedStore(t, rdb)
		if _, err := l.Apply(ctx, rec, takeNow(rec, now), ""); err != nil {
			t.Fatal(err)
		}
		rdb.Del(ctx, "salur:{topup}:store")
		s, err := NewRedis(rdb).Stamp(ctx, us)
		if err != nil || s.Loss == nil || s.Held {
			t.Errorf("%+v, %v", s, err)
		}
	})
}
