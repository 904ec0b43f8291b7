package sandbox_test

import (
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/salur-id/salur/internal/money"
	"github.com/salur-id/salur/internal/sandbox"
)

// quick are the presets that do not keep the line open.
func quick() []string {
	var names []string
	for _, n := range sandbox.Numbers() {
		if n.Preset != "" && !strings.Contains(n.Preset, "hang") && n.Preset != "pay_late" {
			names = append(names, n.Preset)
		}
	}
	return names
}

// Whatever is asked in whatever order: the books add up after each step, no reference is credited
// twice, and a wallet that was told "paid" has the money.
func TestBooksProperty(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		now := time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC)
		b := setupWith(t, func(c *sandbox.Config) { c.Now, c.BankFee = func() time.Time { return now }, money.Rupiah(550) })
		ref := rapid.SampledFrom([]string{"R-1", "R-2", "R-3"})
		customer := rapid.SampledFrom([]string{good, "6281234509876", "628996647679", "628121111111", "628551008794", "628999000014", "628999000017", "628999000022"})
		amount := rapid.SampledFrom([]string{"1.00", "0.01", "12000000.00", "20000000.00", "20000000.01", "1000000000000.00"})
		account := rapid.SampledFrom([]string{goodAccount, "81398055100", "8121111111", "8551008794", "628999000014", "628999000017", "628999000022"})
		target := rapid.OneOf(
			rapid.Custom(func(rt *rapid.T) sandbox.Target {
				return sandbox.Target{Account: "014/" + account.Draw(rt, "account")}
			}),
			rapid.Custom(func(rt *rapid.T) sandbox.Target { return sandbox.Target{Ref: ref.Draw(rt, "ref")} }),
			rapid.Custom(func(rt *rapid.T) sandbox.Target { return sandbox.Target{Customer: customer.Draw(rt, "customer")} }),
		)
		credited := map[string]sandbox.Credit{}
		rt.Repeat(map[string]func(*rapid.T){
			"topUp": func(rt *rapid.T) {
				r, sum := ref.Draw(rt, "ref"), amount.Draw(rt, "amount")
				h := b.topUp(r, customer.Draw(rt, "customer"), sum)
				if h.code() != "2003800" || h.fields["referenceNo"] == nil {
					return
				}
				if h.fields["amount"].(map[string]any)["value"] != sum || h.fields["partnerReferenceNo"] != r {
					return // a foreign echo
				}
				for _, c := range b.State().Credits {
					if c.Ref == r && c.Amount.Value() == sum {
						return
					}
				}
				rt.Fatalf("%s was answered 2003800 without a credit", r)
			},
			"transfer": func(rt *rapid.T) {
				r, sum := ref.Draw(rt, "ref"), amount.Draw(rt, "amount")
				info := rapid.SampledFrom([]string{"", `,"needNotify":true`}).Draw(rt, "info")
				h := b.do(request(transferPath, transferBody(r, account.Draw(rt, "account"), sum, info)))
				if h.code() != "2004300" || h.fields["partnerReferenceNo"] != r || h.fields["referenceNo"] == nil {
					return
				}
				for _, c := range b.State().Credits {
					if c.Ref == r && c.Amount.Value() == sum && c.Fee == money.Rupiah(550) {
						return
					}
				}
				rt.Fatalf("%s was answered 2004300 without a credit", r)
			},
			"inquire":     func(rt *rapid.T) { b.inquire(ref.Draw(rt, "ref")) },
			"inquireBank": func(rt *rapid.T) { b.inquireBank(ref.Draw(rt, "ref")) },
			"askBank": func(rt *rapid.T) {
				b.do(request(bankPath, bankInquiryBody(good, account.Draw(rt, "account"), amount.Draw(rt, "amount"))))
			},
			"random": func(rt *rapid.T) {
				if err := b.Apply(sandbox.Plan{Random: &sandbox.Random{Seed: rapid.Uint64().Draw(rt, "seed"), Share: 0.5, Presets: quick()}}); err != nil {
					rt.Fatal(err)
				}
			},
			"account": func(rt *rapid.T) { b.account(customer.Draw(rt, "customer"), amount.Draw(rt, "amount")) },
			"behave": func(rt *rapid.T) {
				b.behave(target.Draw(rt, "target"), rapid.SampledFrom(quick()).Draw(rt, "preset"), rapid.IntRange(0, 2).Draw(rt, "times"))
			},
			"late": func(rt *rapid.T) {
				late := sandbox.Behaviour{Sends: []sandbox.Send{{Times: 1, Pay: sandbox.PayLate, DelayMillis: 1500, Answer: sandbox.Empty, Then: rapid.SampledFrom([]string{"", "04"}).Draw(rt, "then")}}}
				if err := b.SetBehaviour(target.Draw(rt, "target"), late); err != nil {
					rt.Fatal(err)
				}
			},
			"wait": func(*rapid.T) { now = now.Add(time.Second) },
			"fund": func(rt *rapid.T) {
				if err := b.SetDeposit(money.Rupiah(rapid.Int64Range(0, 50_000_000).Draw(rt, "deposit"))); err != nil {
					rt.Fatal(err)
				}
			},
			"": func(rt *rapid.T) {
				st := b.State()
				if err := st.Check(); err != nil {
					rt.Fatal(err)
				}
				if st.Deposit.Cents() < 0 {
					rt.Fatalf("the deposit is %s", st.Deposit)
				}
				for name, w := range st.Wallets {
					if w.Cents() < 0 || !strings.Contains(name, "/") && w.Cents() > money.Rupiah(21_000_000).Cents() {
						rt.Fatalf("a wallet holds %s", w)
					}
				}
				for _, c := range st.Credits { // a credit never changes, but for being taken back once
					was, known := credited[c.Ref]
					credited[c.Ref] = c
					if was.RefundedAt.IsZero() {
						was.RefundedAt = c.RefundedAt
					}
					if known && was != c {
						rt.Fatalf("a credit changed from %+v to %+v", was, c)
					}
				}
				if len(credited) != len(st.Credits) {
					rt.Fatal("a credit has gone")
				}
			},
		})
	})
}
