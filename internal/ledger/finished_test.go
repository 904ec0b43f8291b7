package ledger_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/salur-id/salur/internal/ledger"
)

// What ended is listed by its end, in pages that have each payout once though many ended in one millisecond.
func TestFinished(t *testing.T) {
	conformance(t, func(t *testing.T, b bundle) {
		if first, err := b.ledger.FirstEnded(t.Context()); err != nil || !first.IsZero() {
			t.Errorf("in an empty ledger the first ended at %v, %v", first, err)
		}
		start := b.now
		var refs, want []string
		for i := range 9 {
			ref := fmt.Sprint("PAY-", 8-i)
			b.now = start.Add(time.Duration(i/4) * time.Minute)
			b.create(t, ref, "1000")
			b.happen(t, ref, b.take)
			b.happen(t, ref, b.pays)
			refs = append(refs, ref)
		}
		b.create(t, "OPEN", "1000")
		times, err := b.ledger.Ended(t.Context(), append(refs, "OPEN", "NONE"))
		if err != nil {
			t.Fatal(err)
		}
		for i, ref := range refs {
			rec, err := b.ledger.Get(t.Context(), ref)
			if err != nil || !times[i].Equal(rec.UpdatedAt.Truncate(time.Millisecond)) {
				t.Errorf("%s ended at %v, want %v, %v", ref, times[i], rec.UpdatedAt, err)
			}
		}
		if !times[9].IsZero() || !times[10].IsZero() {
			t.Errorf("what is not over ended at %v", times[9:])
		}
		if none, err := b.ledger.Ended(t.Context(), nil); err != nil || len(none) != 0 {
			t.Errorf("of nothing: %v, %v", none, err)
		}
		first, err := b.ledger.FirstEnded(t.Context())
		if err != nil || !first.Equal(times[0]) {
			t.Errorf("the first ended at %v, want %v, %v", first, times[0], err)
		}
		want = []string{"PAY-5", "PAY-6", "PAY-7", "PAY-8", "PAY-1", "PAY-2", "PAY-3", "PAY-4"} // the last ended too late
		for _, limit := range []int{1, 2, 3, 100} {
			var got []string
			after := ledger.Over{}
			for {
				page, err := b.ledger.Finished(t.Context(), first, times[8], after, limit)
				if err != nil {
					t.Fatal(err)
				}
				if len(page) == 0 {
					break
				}
				for _, o := range page {
					got = append(got, o.Ref)
				}
				if after = page[len(page)-1]; len(got) > 100 {
					t.Fatal("the list does not end")
				}
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("limit %d (-want +got):\n%s", limit, diff)
			}
		}
	})
}
