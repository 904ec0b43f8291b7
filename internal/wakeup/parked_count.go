package wakeup

import "context"

// parkedLook is how many tasks of a queue are looked at to count those that are parked.
const parkedLook = 1000

// CountParked counts the parked tasks in the retry lists of the queues, by queue: nobody is paid by them before a
// person has looked. The first 1,000 of each list are looked at.
func (q *Queue) CountParked(ctx context.Context) (map[string]int, error) {
	parked, err := q.Parked(ctx, parkedLook)
	if err != nil {
		return nil, err
	}
	counts := map[string]int{}
	for _, p := range parked {
		if p.State == "retry" {
			counts[p.Queue]++
		}
	}
	return counts, nil
}
