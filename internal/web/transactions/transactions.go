// Package transactions is a page for people about what the queue cannot know: how payouts stand and what happened to
// each, what is held and why, and how far behind the queues are. People act on it too, by name and with a reason.
//
// It is rendered on the server, from a few bounded readings of Redis a page, and runs nothing in the browser.
package transactions

import (
	"errors"
	"net/http"
	"time"

	"github.com/hibiken/asynq"
	"github.com/redis/go-redis/v9"
	"go.uber.org/zap"

	"github.com/salur-id/salur"
	"github.com/salur-id/salur/internal/gate"
	"github.com/salur-id/salur/internal/ledger"
	"github.com/salur-id/salur/internal/wakeup"
)

// Path is where the page is mounted.
const Path = "/transactions/"

// Config is what the page needs.
type Config struct {
	Redis redis.UniversalClient
	// Gate is what this worker's gate believes, and Worker the worker's name: breakers are each worker's own.
	Gate   func() gate.Status
	Worker string
	// TasksPath is where the Asynq web UI is mounted.
	TasksPath string
	// ReadOnly leaves the forms out and refuses what they would send.
	ReadOnly bool
	// Secret signs the forms. It must be the same for all workers behind one address.
	Secret string
	Now    func() time.Time
	Log    *zap.Logger
}

// site is the page with all it reads from.
type site struct {
	Config
	payouts *salur.Client
	ledger  *ledger.Redis
	outbox  *ledger.Outbox
	queue   *wakeup.Queue
	tasks   *asynq.Inspector
	sign    signer
}

// New is the page. Who may see it is the caller's to decide, and that a request which acts comes from the page itself
// as far as headers tell; the forms have a proof of their own besides.
func New(cfg Config) http.Handler {
	s := &site{
		Config: cfg, payouts: salur.New(cfg.Redis), ledger: ledger.NewRedis(cfg.Redis), outbox: ledger.NewOutbox(cfg.Redis),
		queue: wakeup.New(cfg.Redis), sign: newSigner(cfg.Secret),
	}
	s.tasks = s.queue.Inspector
	mux := http.NewServeMux()
	for pattern, answer := range map[string]func(*http.Request) (page, error){
		"GET " + Path + "{$}":     s.overview,
		"GET " + Path + "list":    s.list,
		"GET " + Path + "payout":  s.payout,
		"GET " + Path + "holds":   s.holds,
		"GET " + Path + "reasons": s.reasons,
		"POST " + Path + "payout": s.act(s.actOnPayout),
		"POST " + Path + "holds":  s.act(s.actOnHolds),
		Path:                      s.lost,
	} {
		mux.HandleFunc(pattern, s.serve(answer))
	}
	mux.HandleFunc("GET "+stylePath, style)
	return secured(mux)
}

// serve answers with a page, or with one that tells what went wrong.
func (s *site) serve(answer func(*http.Request) (page, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		p, err := answer(r)
		var done *doneError
		switch {
		case errors.As(err, &done):
			done.redirect(w, r)
			return
		case err != nil:
			p = s.failed(r, err)
		}
		s.write(w, r, p)
	}
}

// failed is the page of an error. Whatever is not the visitor's is Redis's, or on the way to it.
func (s *site) failed(r *http.Request, err error) page {
	var told *toldError
	if !errors.As(err, &told) {
		told = &toldError{status: http.StatusServiceUnavailable, title: "Redis cannot be read", err: err, text: "Redis cannot be read just now, so there is nothing to show. " +
			"Payouts wait unharmed, and the workers go on by themselves when it is back; reload this page then."}
	}
	if told.err != nil && r.Context().Err() == nil { // else the visitor has left
		s.Log.Error("a page could not be shown", zap.String("path", r.URL.Path), zap.Error(told.err))
	}
	return page{status: told.status, template: "failed", Title: told.title, Data: told.text}
}

func (s *site) lost(*http.Request) (page, error) {
	return page{}, &toldError{status: http.StatusNotFound, title: "No such page",
		text: "There is nothing at this address. See the overview, or search for a reference above."}
}

// toldError is what a visitor is told. err is what was logged beside it, nil when it is no fault of ours.
type toldError struct {
	status      int
	title, text string
	err         error
}

func (e *toldError) Error() string { return e.title + ": " + e.text }
