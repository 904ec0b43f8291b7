package gate

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/salur-id/salur/internal/redistest"
)

// A hold that cannot be read holds sending. It stops no inquiry, hides no other hold, names itself, and is lifted by a
// person's resume.
func TestHoldThatCannotBeRead(t *testing.T) {
	t.Parallel()
	redistest.Each(t, func(t *testing.T, rdb *redis.Client) {
		var c clock
		if err := HoldByPerson(t.Context(), rdb, "audit", "Sari", c.now()); err != nil {
			t.Fatal(err)
		}
		needs := `{"by":"system","cause":"insufficient_funds","reason":"x","needs":{"value":"99999999999999999999.00","currency":"IDR"}}`
		if err := rdb.HSet(t.Context(), holdsKey, "system:insufficient_funds", needs).Err(); err != nil {
			t.Fatal(err)
		}
		g := New(config(rdb, c.now))
		g.read(t.Context())
		st := g.Status()
		if !st.Known || st.Err != nil || len(st.Holds) != 2 {
			t.Fatalf("%+v", st)
		}
		if pass, err := g.Wait(t.Context(), "status", Inquire); err != nil {
			t.Errorf("an inquiry waits: %v", err)
		} else {
			pass.Done(Fine)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		if _, err := g.Wait(ctx, "topup", Send); err == nil {
			t.Error("a send passed")
		}
		lifted, err := Resume(t.Context(), rdb, "", "Sari", c.now())
		if err != nil || len(lifted) != 2 {
			t.Fatalf("lifted %+v, %v", lifted, err)
		}
		if u := lifted[0]; u.Cause != Unreadable || !strings.Contains(u.Reason, `"system:insufficient_funds"`) {
			t.Errorf("it is named %+v", u)
		}
		if holds, err := ReadHolds(t.Context(), rdb); err != nil || len(holds) != 0 {
			t.Errorf("after the resume: %+v, %v", holds, err)
		}
	})
}
