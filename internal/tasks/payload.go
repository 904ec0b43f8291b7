package tasks

import (
	"fmt"

	"github.com/salur-id/salur/internal/wakeup"
)

// PayloadError is a task that cannot be read, or that contradicts the ledger. It is parked:
// tried again now and then (a newer worker may understand it), in sight of the web UI,
// never dropped.
type PayloadError struct {
	Type string
	Err  error // names fields and fixes; personal values in it are masked
}

func (e *PayloadError) Error() string {
	return fmt.Sprintf(wakeup.ParkedMark+"%s task: %v", e.Type, e.Err)
}
func (e *PayloadError) Unwrap() error { return e.Err }
