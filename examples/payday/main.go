// Command payday is an example: a small service that pays the people of a company once a month. It
// shows the three things that a service does with payouts: hand them over under references that it
// can work out again, look how they stand, and be told how they end.
//
//	POST /paydays/2026-11   hands the month's salaries over; repeating it is safe
//	GET  /paydays/2026-11   how they stand
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"regexp"
	"strings"
	"syscall"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/salur-id/salur"
)

// Person is one of the company's people, as in people.json.
type Person struct {
	ID     string `json:"id"`
	Phone  string `json:"phone"`
	Salary int64  `json:"salary"` // rupiah
}

func main() {
	log.SetFlags(0)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx); err != nil {
		log.Print(err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	people, err := readPeople(os.Getenv("PEOPLE"))
	if err != nil {
		return err
	}
	options, err := redis.ParseURL(os.Getenv("REDIS_URL"))
	if err != nil {
		return fmt.Errorf("REDIS_URL: %w", err)
	}
	// A producer wants to know soon that Redis is away.
	options.DialTimeout, options.ReadTimeout, options.DialerRetries, options.ContextTimeoutEnabled = time.Second, 2*time.Second, 1, true
	rdb := redis.NewClient(options)
	defer rdb.Close()

	p := &payday{client: salur.New(rdb).As("payday"), people: people}
	listener, err := net.Listen("tcp", os.Getenv("LISTEN"))
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /paydays/{month}", p.pay)
	mux.HandleFunc("GET /paydays/{month}", p.show)
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	log.Printf("payday listens on %s", listener.Addr())

	told := make(chan struct{})
	go func() {
		defer close(told)
		p.follow(ctx)
	}()
	go func() {
		<-ctx.Done()
		_ = server.Shutdown(context.WithoutCancel(ctx))
	}()
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	<-told
	return nil
}

func readPeople(file string) ([]Person, error) {
	b, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("PEOPLE: %w", err)
	}
	var people []Person
	if err := json.Unmarshal(b, &people); err != nil {
		return nil, fmt.Errorf("PEOPLE %s: %w", file, err)
	}
	return people, nil
}

type payday struct {
	client *salur.Client
	people []Person
}

// ref is a salary's reference. It follows from what is paid and nothing else: no counter, no clock,
// no random number. So this service can forget everything and still pays nobody twice.
func ref(month, id string) string { return "SALARY-" + month + "-" + id }

var months = regexp.MustCompile(`^20\d\d-(0[1-9]|1[0-2])$`)

// pay hands a month's salaries over.
func (p *payday) pay(w http.ResponseWriter, r *http.Request) {
	month := r.PathValue("month")
	if !months.MatchString(month) {
		http.Error(w, "use a month such as 2026-11", http.StatusBadRequest)
		return
	}
	payouts := make([]salur.Payout, len(p.people))
	for i, person := range p.people {
		payouts[i] = salur.Payout{
			Ref: ref(month, person.ID), Customer: person.Phone, Amount: salur.Rupiah(person.Salary), Notes: "Salary " + month,
		}
	}
	results, err := p.client.EnqueueAll(r.Context(), payouts)
	if err != nil { // Redis is away or nearly full: nothing was handed over
		unavailable(w, err)
		return
	}
	var answer struct {
		Accepted, Before int
		Refused          map[string]string
	}
	answer.Refused = map[string]string{}
	for i, result := range results {
		switch {
		case errors.Is(result.Err, salur.ErrUnavailable): // this one may have been accepted or not
			unavailable(w, result.Err)
			return
		case result.Err != nil: // a phone number that is none, or a salary that was changed after payday
			answer.Refused[p.people[i].ID] = result.Err.Error()
		case result.Duplicate:
			answer.Before++
		default:
			answer.Accepted++
		}
	}
	reply(w, answer)
}

// unavailable asks the caller to repeat the request, which is safe: references stay the same.
func unavailable(w http.ResponseWriter, err error) {
	log.Print(err)
	w.Header().Set("Retry-After", "5")
	http.Error(w, "try again in a moment; nobody is paid twice", http.StatusServiceUnavailable)
}

// show tells how a month's salaries stand. It needs no books of its own: the references are known.
func (p *payday) show(w http.ResponseWriter, r *http.Request) {
	refs := make([]string, len(p.people))
	for i, person := range p.people {
		refs[i] = ref(r.PathValue("month"), person.ID)
	}
	found, err := p.client.GetMany(r.Context(), refs)
	if err != nil {
		unavailable(w, err)
		return
	}
	states := map[string]string{}
	for i, person := range p.people {
		if tx, ok := found[refs[i]]; ok {
			states[person.ID] = strings.TrimSpace(string(tx.State) + " " + string(tx.Reason))
		}
	}
	reply(w, states)
}

// follow is told of every outcome, each by one instance of this service, and makes up for the time
// while none ran. Here the people's office would send its mails.
func (p *payday) follow(ctx context.Context) {
	for ctx.Err() == nil {
		err := p.client.Subscribe(ctx, "payday", func(_ context.Context, e salur.Event) error {
			if !strings.HasPrefix(e.Ref, "SALARY-") {
				return nil // not ours
			}
			switch e.To {
			case salur.Succeeded, salur.Failed, salur.Refunded, salur.Review:
				log.Print(strings.TrimSpace(fmt.Sprintf("%s %s %s %s", e.Ref, e.To, e.Amount, e.Reason)))
			}
			return nil
		})
		if ctx.Err() == nil {
			log.Print(err)
			time.Sleep(time.Second) // Redis is away; what happens meanwhile comes afterwards
		}
	}
}

func reply(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v) // a caller that has gone needs no answer
}
