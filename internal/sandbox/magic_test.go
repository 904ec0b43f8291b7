package sandbox_test

import (
	"strings"
	"testing"
	"testing/synctest"

	"github.com/salur-id/salur/internal/money"
)

// The rows of DANA's sandbox fixtures, by their names there.
func TestMagicTopUp(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name, customer, amount           string
		code, message, resultMsg, status string
		paid                             money.Amount
	}{
		{"Valid", good, "1.00", "2003800", "Successful", "", "00", money.Rupiah(1)},
		{"Timeout", "628551005454", "1.00", "closed", "", "", "00", money.Rupiah(1)},
		{"FrozenAccount", "628996647679", "1.00", "4033805", "Do Not Honor", "PAYEE_USER_STATUS_DISABLE", "06", money.Amount{}},
		{"FrozenAtInquiry", "628123456667", "1.00", "4033805", "Do Not Honor", "PAYEE_USER_STATUS_DISABLE", "06", money.Amount{}},
		{"Unregistered", "628152768647", "1.00", "4033805", "Do Not Honor", "PAYEE_USER_NOT_EXIST", "06", money.Amount{}},
		{"ExceedAmountLimit", good, "21000000.00", "4033802", "Exceed maximum limit amount", "EXCEED_BALANCE_LIMIT", "06", money.Amount{}},
		{"JustOverLimit", good, "20000000.01", "4033802", "Exceed maximum limit amount", "EXCEED_BALANCE_LIMIT", "06", money.Amount{}},
		{"AtLimit", good, "20000000.00", "2003800", "Successful", "", "00", money.Rupiah(20_000_000)},
		{"InternalServerError", "628551008794", "1.00", "5003801", "Internal Server Error", "", "4043901", money.Amount{}},
		{"InternalGeneralError", "628121111111", "1.00", "5003800", "General Error", "", "06", money.Amount{}},
		{"InsufficientFund", good, "1000000000000.00", "4033814", "Insufficient Fund", "BALANCE_NOT_ENOUGH", "06", money.Amount{}},
		{"AnotherGoodCustomer", "6281234509876", "2.50", "2003800", "Successful", "", "00", money.FromCents(250)},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) { // a hang takes no real time in here
				b := setup(t)
				h := b.topUp("R-1", tc.customer, tc.amount)
				expectCode(t, h, tc.code)
				expectField(t, h, "responseMessage", tc.message)
				expectField(t, h, "additionalInfo.resultMsg", tc.resultMsg)
				if !h.closed {
					expectField(t, h, "partnerReferenceNo", "R-1")
					expectField(t, h, "customerNumber", tc.customer)
					expectField(t, h, "amount.value", tc.amount)
				}
				b.wallet(tc.customer, tc.paid)
				if got := b.inquire("R-1").statusOf(); got != tc.status {
					t.Errorf("status %s, want %s", got, tc.status)
				}
			})
		})
	}
}

func TestMagicAccountInquiry(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ name, customer, amount, code, message, resultMsg string }{
		{"ValidData", good, "1.00", "2003700", "Successful", ""},
		{"FrozenAccount", "628123456667", "1.00", "4033705", "Do Not Honor", "PAYEE_USER_STATUS_DISABLE"},
		{"UnregisteredAccount", "628152768647", "1.00", "4033705", "Do Not Honor", "PAYEE_USER_NOT_EXIST"},
		{"ExceededLimit", good, "210000000.00", "4033702", "Exceed maximum limit amount", "EXCEED_BALANCE_LIMIT"},
		{"InsufficientFund", good, "1000000000000.00", "4033714", "Insufficient Fund", "BALANCE_NOT_ENOUGH"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			h := b.account(tc.customer, tc.amount)
			expectCode(t, h, tc.code)
			expectField(t, h, "responseMessage", tc.message)
			expectField(t, h, "customerNumber", tc.customer)
			expectField(t, h, "additionalInfo.resultMsg", tc.resultMsg)
			if st := b.books(); len(st.Credits) != 0 || len(st.Transactions) != 0 {
				t.Errorf("an inquiry left a trace in the books: %+v", st)
			}
		})
	}
}

// A good answer has every field that DANA's clients insist on; maxAmount is the room that is left.
func TestAccountInquiryFields(t *testing.T) {
	t.Parallel()
	b := setup(t)
	expectCode(t, b.topUp("R-1", good, "20000000.00"), "2003800")
	h := b.account(good, "1000.00")
	expectCode(t, h, "2003700")
	for path, want := range map[string]string{
		"customerName": "DNID sXX", "customerMonthlyInLimit": "20000000", "feeType": "Service fee",
		"minAmount.value": "0.00", "maxAmount.value": "1000000.00", "amount.value": "1000.00", "feeAmount.value": "0.00",
	} {
		expectField(t, h, path, want)
	}
	expectField(t, b.account("6281234509876", "1.00"), "maxAmount.value", "20000000.00")
	expectCode(t, b.account(good, "1000000.01"), "4033702")
}

// The wallet's ceiling counts what is already in it, and the deposit pays amount and fee.
func TestWalletCeilingAndDeposit(t *testing.T) {
	t.Parallel()
	b := setup(t)
	expectCode(t, b.topUp("R-1", good, "20000000.00"), "2003800")
	expectCode(t, b.topUp("R-2", good, "1000000.01"), "4033802")
	expectCode(t, b.topUp("R-3", good, "1000000.00"), "2003800")
	expectCode(t, b.topUp("R-4", good, "0.01"), "4033802")
	b.wallet(good, money.Rupiah(21_000_000))

	if err := b.SetDeposit(money.Rupiah(101)); err != nil {
		t.Fatal(err)
	}
	expectCode(t, b.topUp("R-5", "6281234509876", "100.01"), "4033814") // 101.01 with the fee
	expectCode(t, b.topUp("R-6", "6281234509876", "100.00"), "2003800")
	if left := b.books().Deposit; left != money.Rupiah(0) {
		t.Errorf("%s left", left)
	}
}

func TestPayeeByCustomerID(t *testing.T) {
	t.Parallel()
	b := setup(t)
	body := strings.Replace(topUpBody("R-1", "620000000000", "5.00"), `"fundType"`, `"customerId":"216610000000000001","fundType"`, 1)
	h := b.do(request(topUpPath, body))
	expectCode(t, h, "2003800")
	expectField(t, h, "customerNumber", "620000000000")
	b.wallet("216610000000000001", money.Rupiah(5))
}
