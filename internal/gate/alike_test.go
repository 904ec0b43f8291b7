package gate

import (
	"fmt"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// Refusals of five payees in a row, by whichever worker and with whichever codes, hold. What DANA takes in between, and one payee again and
// again, do not.
func TestEqualRefusalsInARowHold(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, rdb *redis.Client) {
		var workers [2]*Gate
		for i := range workers {
			workers[i] = New(config(rdb, time.Now))
		}
		refuse := func(worker int, payee, code string, want bool) {
			t.Helper()
			if held, err := workers[worker].Refused(t.Context(), pay("REF-"+payee, 1, payee), code); err != nil || held != want {
				t.Fatalf("%s of %s: held %t, %v; want %t", code, payee, held, err, want)
			}
		}
		for i := range 20 { // one payee
			refuse(i%2, "same", "4003802", false)
		}
		for i := range 20 { // DANA takes others in between, as the same worker knows
			refuse(0, fmt.Sprint("b", i), "4033818", false)
			time.Sleep(3 * time.Millisecond) // times are told apart by the millisecond
			workers[0].Taken(pay("A", 1, "a").API)
		}
		for i := range 20 { // and as another one does, whose next send tells
			refuse(0, fmt.Sprint("c", i), "4033818", false)
			time.Sleep(3 * time.Millisecond)
			workers[1].Taken(pay("A", 1, "a").API)
			if ok, err := workers[1].Admit(t.Context(), pay("OTHER", 1, "other")); !ok || err != nil {
				t.Fatalf("%t, %v", ok, err)
			}
		}
		rdb.Del(t.Context(), alikePrefix+pay("A", 1, "a").API)
		for range 2 { // and once more after a person resumed
			for i := range 4 {
				refuse(i%2, fmt.Sprint("d", i), []string{"4033818", "4033815"}[i%2], false)
			}
			refuse(1, "d4", "4033818", true)
			holds, err := ReadHolds(t.Context(), rdb)
			if err != nil || len(holds) != 1 || holds[0].Cause != RefusedAlike || !holds[0].NextProbe.IsZero() {
				t.Fatalf("held for %+v, %v", holds, err)
			}
			if _, err := Resume(t.Context(), rdb, "", "Sari", time.Now()); err != nil {
				t.Fatal(err)
			}
			if rdb.Exists(t.Context(), letKey).Val() != 0 {
				t.Error("a payout that was refused passes the limits")
			}
		}
	})
}
