// Package danaclient talks to DANA's SNAP API. It signs a request, sends it once, and turns
// whatever comes back into a statemachine.Outcome.
//
// It never retries, waits or decides about money: one call is one HTTP exchange, and all
// that call can say is in the Exchange it returns. An answer that cannot be read with
// certainty is Unknown, because money may have moved.
//
// Each API is two files: its request (topup.go) and its answers (topup_codes.go), the
// latter a table to be held beside DANA's page. Another API is two more such files.
package danaclient
