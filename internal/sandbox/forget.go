package sandbox

import "time"

// Forget makes DANA forget the numbers of the transactions that were booked before the time given and have ended:
// from now on each is not found, and one that is sent again is paid again. Credits and wallets stay, and
// State still lists what was forgotten. DANA does not say for how long it knows a number.
func (s *Sandbox) Forget(before time.Time) {
	b, _ := s.open()
	defer s.mu.Unlock()
	for ref, r := range b.byRef {
		switch r.status {
		case statusPaid, statusRefunded, statusCancelled, statusFailed:
			if r.stored.Before(before) && r.then == "" {
				delete(b.byRef, ref)
			}
		}
	}
}
