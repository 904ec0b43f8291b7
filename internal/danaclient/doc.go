// Package danaclient talks to DANA's disbursement APIs. It signs a request, sends it once,
// and turns whatever comes back into a statemachine.Outcome.
//
// It never retries, waits or decides about money: one call is one HTTP exchange, and all
// that call can say is in the Exchange it returns. An answer that cannot be read with
// certainty is Unknown, because money may have moved. Two calls may take more exchanges,
// none of which moves money twice: one that DANA did not look at because its token had
// ended (token.go), and an inquiry of a bank account (bank_account_inquiry.go).
//
// Each API is two files: its request (topup.go) and its answers (topup_codes.go), the
// latter a table to be held beside DANA's page; snap_codes.go has the standard's rows that
// no page has. The balance check (balance.go) is no SNAP API and stands alone, and so does
// the handler of DANA's notifies (notify.go).
package danaclient
