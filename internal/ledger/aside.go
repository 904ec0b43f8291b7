package ledger

import (
	"errors"
	"fmt"
	"sync"
)

// ErrUnreadable is part of every error about a record that cannot be read.
var ErrUnreadable = errors.New("the record cannot be read")

// UnreadableError is a record that cannot be read: it was damaged, or a newer Salur wrote it. It is put aside and
// left as it is, and stops nobody else.
type UnreadableError struct {
	Ref string
	Err error
}

// Error names the payout and Why. The cause has the details.
func (e *UnreadableError) Error() string {
	return fmt.Sprintf("payout %s: %v: %s", e.Ref, ErrUnreadable, e.Why())
}

// Why is why it cannot be read, for people.
func (e *UnreadableError) Why() string {
	if errors.Is(e.Err, errNewer) {
		return "a newer Salur wrote it"
	}
	return "it is damaged or was altered"
}

var errNewer = errors.New("a newer Salur wrote the record")

// Unwrap is the cause, and ErrUnreadable.
func (e *UnreadableError) Unwrap() []error { return []error{ErrUnreadable, e.Err} }

// asideKept bounds how many items are known by name; the rest is only counted once more when met again.
const asideKept = 10_000

// aside are the items that this process could not read.
type aside struct {
	mu    sync.Mutex
	known map[string]bool
}

// putAside tells of an item that cannot be read, the first time it is met.
func (l *Redis) putAside(what string, err error) {
	l.aside.mu.Lock()
	seen := l.aside.known[what]
	if l.aside.known == nil {
		l.aside.known = map[string]bool{}
	}
	if len(l.aside.known) < asideKept {
		l.aside.known[what] = true
	}
	l.aside.mu.Unlock()
	if !seen && l.PutAside != nil {
		l.PutAside(what, err)
	}
}

// Unreadable is how many records, entries and events this process has met that cannot be read.
func (l *Redis) Unreadable() int {
	l.aside.mu.Lock()
	defer l.aside.mu.Unlock()
	return len(l.aside.known)
}
