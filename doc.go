// Package salur hands payouts to Salur's workers, which pay them through DANA, and tells how
// they ended.
//
// A Client works on the Redis that the workers work on, over a connection that the caller
// owns; it needs no credentials of DANA. Enqueue accepts a payout, Get looks one up, Wait
// waits for its end, Subscribe reads every transition as a member of a group of consumers.
//
//	client := salur.New(rdb)
//	receipt, err := client.Enqueue(ctx, salur.Payout{
//		Ref: "PAY-1", Customer: "62811742234", Amount: salur.Rupiah(10_000),
//	})
//
// # One reference is one payout for ever
//
// Ref is the idempotency key, here and at DANA (partnerReferenceNo). The same payout may be
// enqueued again at any time, by anyone: nobody is paid twice. So the answer to every
// ErrUnavailable is to make the same call again, until it tells. Never make a new reference
// for a payout whose fate is not known.
//
// # Compatibility
//
// The exported API and the JSON of its types stay compatible: fields and methods are added,
// none is changed or taken away. New values of Kind, State and Reason may appear.
package salur
