package sandbox

import (
	"encoding/csv"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/salur-id/salur/internal/jakarta"
	"github.com/salur-id/salur/internal/money"
)

var settlementColumns = []string{
	"REQUEST_ID", "FUND_AMOUNT", "FUND_AMOUNT_CURRENCY", "CHARGE_AMOUNT", "FEE", "WHT", "VAT", "PAID_TOTAL_AMOUNT", "PAYER_ROLE_ID", "DEPOSIT_ACCOUNT_NO",
	"MERCHANT_NAME", "TRANSACTION_DATE", "SOURCE", "REPORT_DATE", "BENEFICIARY_BANK_ACCOUNT", "BENEFICIARY_BANK_NAME",
}

// movement is one row of a settlement report.
type movement struct {
	Credit
	at   time.Time
	back bool
}

// Settlement writes the books as DANA's settlement report of a day that is over has them: what was paid, with the fee as
// the whole charge, and what was taken back, as a reversal. The zero day is everything. Which time DANA dates a
// reversal by is not documented; here it is the reversal's own.
func (st State) Settlement(w io.Writer, merchantID string, day, now time.Time) error {
	var rows []movement
	for _, c := range st.Credits {
		rows = append(rows, movement{c, c.At, false})
		if !c.RefundedAt.IsZero() {
			rows = append(rows, movement{c, c.RefundedAt, true})
		}
	}
	rows = slices.DeleteFunc(rows, func(m movement) bool {
		return !day.IsZero() && (m.at.Before(day) || !m.at.Before(day.AddDate(0, 0, 1)))
	})
	slices.SortStableFunc(rows, func(a, b movement) int { return a.at.Compare(b.at) })
	out := csv.NewWriter(w)
	if err := out.Write(settlementColumns); err != nil {
		return err
	}
	for _, m := range rows {
		account := ""
		if _, number, bank := strings.Cut(m.Customer, "/"); bank {
			account = "****" + number[max(0, len(number)-4):]
		}
		bankName := ""
		if account != "" {
			bankName = "BANK OF THE SANDBOX"
		}
		fee, zero := m.signed(m.Fee), settled(money.Rupiah(0))
		if err := out.Write([]string{
			m.Ref, m.signed(m.Amount), money.IDR, fee, fee, zero, zero, m.signed(m.Amount.Add(m.Fee)), merchantID, "20070000000000000001",
			"Sandbox", m.at.In(jakarta.Zone).Format("20060102 15:04:05"), "Sandbox", now.In(jakarta.Zone).Format("20060102"), account, bankName,
		}); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}

func (m movement) signed(a money.Amount) string {
	if m.back {
		return settled(money.Rupiah(0).Sub(a))
	}
	return settled(a)
}

// settled is an amount as the report has it: 6000.0, and not 6000.00.
func settled(a money.Amount) string {
	text := a.Value()
	if strings.HasSuffix(text, "0") {
		return text[:len(text)-1]
	}
	return text
}

// getSettlement is the report over HTTP, under the name that DANA would give it.
func (s *Sandbox) getSettlement(w http.ResponseWriter, r *http.Request) {
	var day time.Time
	now := s.cfg.Now()
	name := now
	if text := r.URL.Query().Get("day"); text != "" {
		var err error
		if day, err = time.ParseInLocation(time.DateOnly, text, jakarta.Zone); err != nil {
			http.Error(w, wrong("day", text, "use a day such as 2026-12-31, or leave it out for everything").Error(), http.StatusBadRequest)
			return
		}
		name = day
	}
	w.Header().Set("Content-Type", "text/csv; charset=utf-8")
	w.Header().Set("Content-Disposition", fmt.Sprintf(`attachment; filename="MERCHANT_DANA_DISBURSEMENT_SETTLEMENT_REPORT_%s_%s.csv"`,
		s.cfg.MerchantID, name.In(jakarta.Zone).Format("20060102")))
	_ = s.State().Settlement(w, s.cfg.MerchantID, day, now) // whoever asked has gone
}
