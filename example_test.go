package salur_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"time"

	"github.com/salur-id/salur"
)

// Hand one payout over and wait for its end.
func Example() {
	ctx := context.Background()
	rdb := redisWithWorkers() // redis.NewClient(…), or any other client of go-redis
	defer rdb.Close()

	client := salur.New(rdb)
	receipt, err := client.Enqueue(ctx, salur.Payout{
		Ref: "PAY-1", Customer: "62811742234", Amount: salur.Rupiah(10_000),
	})
	if err != nil {
		log.Print(err)
		return
	}
	fmt.Println(receipt.Ref, receipt.State)

	tx, err := client.Wait(ctx, "PAY-1")
	if err != nil {
		log.Print(err)
		return
	}
	fmt.Println(tx.State, tx.Amount, "to", tx.Customer)
	// Output:
	// PAY-1 queued
	// succeeded IDR 10000.00 to ****234
}

// Each error has its own answer. Enqueue is safe to call again in every case.
func ExampleClient_Enqueue() {
	ctx := context.Background()
	rdb := redisWithWorkers()
	defer rdb.Close()
	client := salur.New(rdb)

	payouts := []salur.Payout{
		{Ref: "PAY-1", Customer: "62811742234", Amount: salur.Rupiah(10_000)},
		{Ref: "PAY-1", Customer: "62811742234", Amount: salur.Rupiah(10_000)}, // the same again
		{Ref: "PAY-1", Customer: "62811742234", Amount: salur.Rupiah(99_999)}, // another one
		{Ref: "PAY-2", Customer: "0811742234", Amount: salur.Cents(-1)},
		{Kind: salur.Bank, Ref: "PAY-3", Customer: "62811742234", Amount: salur.Rupiah(50_000), BankCode: "014", Account: "2460888509"},
	}
	for _, p := range payouts {
		receipt, err := client.Enqueue(ctx, p)
		var invalid *salur.InvalidError
		switch {
		case errors.As(err, &invalid):
			for _, f := range invalid.Fields {
				fmt.Printf("%s: correct %s (%s): %s\n", p.Ref, f.Field, f.Value, f.Fix)
			}
		case errors.Is(err, salur.ErrConflict):
			fmt.Printf("%s: %v; a new payout needs a reference of its own\n", p.Ref, err)
		case errors.Is(err, salur.ErrUnavailable):
			fmt.Printf("%s: not known whether it was accepted; call again\n", p.Ref)
		case receipt.Duplicate:
			fmt.Printf("%s: accepted before\n", p.Ref)
		default:
			fmt.Printf("%s: accepted\n", p.Ref)
		}
	}
	// Output:
	// PAY-1: accepted
	// PAY-1: accepted before
	// PAY-1: the reference exists with other content; a new payout needs a reference of its own
	// PAY-2: correct customer (****234): write it with 62 in place of the first 0, beginning with 628
	// PAY-2: correct amount (-0.01): must be more than zero, in IDR
	// PAY-3: accepted
}

// A payroll: hand all of it over, then read how each payout ended.
func ExampleClient_EnqueueAll() {
	ctx := context.Background()
	rdb := redisWithWorkers()
	defer rdb.Close()
	client := salur.New(rdb).As("payroll") // the name stands in each payout's history

	var payroll []salur.Payout
	for i, phone := range []string{"62811742234", "62812345678901"} {
		payroll = append(payroll, salur.Payout{Ref: fmt.Sprint("SALARY-2026-11-", i+1), Customer: phone, Amount: salur.Rupiah(5_000_000)})
	}
	results, err := client.EnqueueAll(ctx, payroll)
	if err != nil {
		log.Print(err)
		return
	}
	for _, r := range results {
		if r.Err != nil {
			log.Print(r.Ref, ": ", r.Err)
			continue
		}
		tx, err := client.Wait(ctx, r.Ref)
		fmt.Println(r.Ref, tx.State, tx.History[0].Detail, err)
	}
	// Output:
	// SALARY-2026-11-1 succeeded by payroll <nil>
	// SALARY-2026-11-2 succeeded by payroll <nil>
}

// Look at a whole list, page by page.
func ExampleClient_List() {
	ctx := context.Background()
	rdb := redisWithoutWorkers()
	defer rdb.Close()
	client := salur.New(rdb)
	for i := range 5 {
		_, _ = client.Enqueue(ctx, salur.Payout{Ref: fmt.Sprint("PAY-", i), Customer: "62811742234", Amount: salur.Rupiah(10_000)})
	}

	query := salur.Query{State: salur.Queued, Since: time.Now().AddDate(0, 0, -1), Limit: 2}
	for {
		page, err := client.List(ctx, query)
		if err != nil {
			log.Print(err)
			return
		}
		fmt.Println(len(page.Transactions), "on this page")
		if query.Cursor = page.Next; page.Next == "" {
			break
		}
	}
	// Output:
	// 2 on this page
	// 2 on this page
	// 1 on this page
}

// Be told of every outcome, each once in the whole group, for as long as the service runs.
func ExampleClient_Subscribe() {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	rdb := redisWithWorkers()
	defer rdb.Close()
	client := salur.New(rdb)
	go enqueueSoon(client, rdb, "PAY-1")

	for ctx.Err() == nil {
		err := client.Subscribe(ctx, "bookkeeping", func(_ context.Context, e salur.Event) error {
			if e.To.Final() {
				fmt.Println(e.Ref, e.To, e.Amount, e.ReferenceNo)
				cancel() // a service would go on
			}
			return nil // the event is done with; with an error it comes again
		})
		if errors.Is(err, salur.ErrUnavailable) {
			time.Sleep(time.Second) // Redis is away; nothing is missed
		}
	}
	// Output:
	// PAY-1 succeeded IDR 10000.00 2026112100001
}
