package sandbox_test

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/salur-id/salur/internal/money"
	"github.com/salur-id/salur/internal/sandbox"
)

func transferBody(ref, account, amount, info string) string {
	return fmt.Sprintf(`{"partnerReferenceNo":%q,"customerNumber":"62811742234","accountType":null,"beneficiaryAccountNumber":%q,"beneficiaryBankCode":"014",`+
		`"amount":{"value":%q,"currency":"IDR"},"additionalInfo":{"fundType":"MERCHANT_WITHDRAW_FOR_CORPORATE","externalDivisionId":null,"chargeTarget":null%s}}`,
		ref, account, amount, info)
}

func (b *testBundle) transfer(ref, account, amount string) heard {
	b.t.Helper()
	return b.do(request(transferPath, transferBody(ref, account, amount, "")))
}

func (b *testBundle) inquireBank(ref string) heard {
	b.t.Helper()
	return b.do(request(bankStatus, fmt.Sprintf(`{"originalPartnerReferenceNo":%q,"serviceCode":"00"}`, ref)))
}

func bankInquiryBody(number, account, amount string) string {
	return fmt.Sprintf(`{"partnerReferenceNo":"R-1","customerNumber":%q,"beneficiaryAccountNumber":%q,"amount":{"value":%q,"currency":"IDR"},`+
		`"additionalInfo":{"fundType":"MERCHANT_WITHDRAW_FOR_CORPORATE","beneficiaryBankCode":"014","accountType":null}}`, number, account, amount)
}

// The rows of DANA's sandbox fixtures, by their names there.
func TestMagicBankAccountInquiry(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		body          string
		change        func(*http.Request)
		code, message string
	}{
		"InquiryBankAccountValidDataAmount":    {bankInquiryBody(good, goodAccount, "50000.00"), nil, "2004200", "Success"},
		"InquiryBankAccountInsufficientFund":   {bankInquiryBody(good, goodAccount, "50000000000.00"), nil, "4034214", "Insufficient Fund"},
		"InquiryBankAccountInactiveAccount":    {bankInquiryBody(good, "81298055132", "50000.00"), nil, "4034218", "Inactive Account Merchant"},
		"InquiryBankAccountInvalidMerchant":    {bankInquiryBody("0855100800", "855100800", "1000.00"), nil, "4044208", "Invalid Merchant"},
		"InquiryBankAccountInvalidCard":        {bankInquiryBody(good, "815919191", "50000.00"), nil, "4044211", "Invalid Card/Account/Customer Number/Virtual Account"},
		"InquiryBankAccountInvalidFieldFormat": {strings.Replace(bankInquiryBody(good, goodAccount, "50000.00"), "IDR", "USD", 1), nil, "4004201", "Invalid Field Format"},
		"InquiryBankAccountMissingMandatoryField": {strings.Replace(bankInquiryBody(good, goodAccount, "50000.00"), "MERCHANT_WITHDRAW_FOR_CORPORATE", "", 1), nil,
			"4004202", "Invalid Mandatory Field additionalInfo.fundType"},
		"InquiryBankAccountUnauthorizedSignature": {bankInquiryBody(good, goodAccount, "50000.00"),
			func(r *http.Request) {
				r.Header.Set("X-SIGNATURE", "85be817c55b2c135157c7e89f52499bf0c25ad6eeebe04a986e8c862561b19a5")
			},
			"4014200", "Unauthorized. Invalid Signature"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			r := request(bankPath, tc.body)
			r.Header.Set("X-Debug-Mode", "true") // as dana-java sends it
			if tc.change != nil {
				tc.change(r)
			}
			h := b.do(r)
			expectCode(t, h, tc.code)
			expectField(t, h, "responseMessage", tc.message)
			expectField(t, h, "partnerReferenceNo", "R-1")
			if _, told := h.fields["additionalInfo"]; told && tc.code != "2004200" {
				t.Errorf("a refusal has additionalInfo: %s", h.body)
			}
			if st := b.books(); len(st.Credits) != 0 || len(st.Transactions) != 0 {
				t.Errorf("an inquiry left a trace in the books: %+v", st)
			}
		})
	}
}

func TestMagicTransfer(t *testing.T) {
	t.Parallel()
	paid := money.Rupiah(50000)
	for name, tc := range map[string]struct {
		body          string
		change        func(*http.Request)
		code, message string
		status        string
		paid          money.Amount
	}{
		"DisbursementBankValidAccount":           {transferBody("R-1", goodAccount, "50000.00", `,"needNotify":false`), nil, "2004300", "Success", "00", paid},
		"DisbursementBankValidAccountInProgress": {transferBody("R-1", goodAccount, "50000.00", `,"needNotify":true`), nil, "2024300", "Request In Progress", "00", paid},
		"DisbursementBankInsufficientFund":       {transferBody("R-1", goodAccount, "1000000000000.00", ""), nil, "4034314", "Insufficient Fund", "06", money.Amount{}},
		"DisbursementBankUnauthorizedSignature":  {transferBody("R-1", goodAccount, "100.00", ""), func(r *http.Request) { r.Header.Set("X-SIGNATURE", "xyzu") }, "4014300", "Unauthorized. Invalid Signature", "07", money.Amount{}},
		"DisbursementBankMissingMandatoryField":  {strings.Replace(transferBody("", "", "100.00", ""), `"partnerReferenceNo":"",`, "", 1), nil, "4004302", "Invalid Mandatory Field beneficiaryAccountNumber", "07", money.Amount{}},
		"DisbursementBankInvalidFieldFormat":     {strings.Replace(transferBody("R-1", goodAccount, "1000.00", ""), "IDR", "USD", 1), nil, "4004301", "Invalid Field Format", "07", money.Amount{}},
		"DisbursementBankInvalidMandatoryFieldFormat": {strings.Replace(transferBody("R-1", goodAccount, "1000.00", ""), "IDR", "USD", 1), func(r *http.Request) { r.Header.Set("X-SIGNATURE", "") },
			"4004302", "Invalid Mandatory Field X-SIGNATURE", "07", money.Amount{}},
		"DisbursementBankSuspectedFraud":  {transferBody("R-1", "82298055100", "100.00", ""), nil, "4034303", "Suspected Fraud", "06", money.Amount{}},
		"DisbursementBankGeneralError":    {transferBody("R-1", "8121111111", "10.00", ""), nil, "5004300", "General Error", "06", money.Amount{}},
		"DisbursementBankUnknownError":    {transferBody("R-1", "8551008794", "100.00", ""), nil, "5004301", "Internal Server Error", "07", money.Amount{}},
		"DisbursementBankInactiveAccount": {transferBody("R-1", "81398055100", "100.00", ""), nil, "4034318", "Inactive Account Merchant", "06", money.Amount{}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			r := request(transferPath, tc.body)
			if tc.change != nil {
				tc.change(r)
			}
			h := b.do(r)
			expectCode(t, h, tc.code)
			expectField(t, h, "responseMessage", tc.message)
			if got := b.inquireBank("R-1").statusOf(); got != tc.status {
				t.Errorf("status %s, want %s", got, tc.status)
			}
			b.wallet("014/"+goodAccount, tc.paid)
		})
	}
}

func TestDisbursementBankInconsistentRequest(t *testing.T) {
	t.Parallel()
	b := setup(t)
	expectCode(t, b.transfer("R-1", goodAccount, "50000.00"), "2004300")
	h := b.transfer("R-1", goodAccount, "12.00")
	expectCode(t, h, "4044318")
	expectField(t, h, "responseMessage", "Inconsistent Request")
	expectCode(t, b.topUp("R-1", good, "50000.00"), "4043818") // a reference is one disbursement, whichever its door
}

func TestTransferToBankInquiryStatus(t *testing.T) {
	t.Parallel()
	b := setup(t)
	sent := b.transfer("R-1", goodAccount, "50000.00")
	h := b.inquireBank("R-1")
	expectCode(t, h, "2000000")
	for path, want := range map[string]string{
		"responseMessage": "Successful", "originalPartnerReferenceNo": "R-1", "serviceCode": "00", "latestTransactionStatus": "00",
		"transactionStatusDesc": "Success", "amount.value": "50000.00", "originalReferenceNo": sent.fields["referenceNo"].(string),
	} {
		expectField(t, h, path, want)
	}
	expectCode(t, b.inquireBank("test123123"), "4040001")
	expectCode(t, b.inquire("R-1"), "4043901") // which asks about top-ups
	h = b.do(request(bankStatus, `{"originalPartnerReferenceNo":"R-1","serviceCode":"43"}`))
	expectCode(t, h, "4000001")
	expectField(t, h, "responseMessage", "Invalid Field Format serviceCode")
}

// On a merchant whose deposit would do, the limit of a transfer refuses.
func TestTransferLimit(t *testing.T) {
	t.Parallel()
	b := setupWith(t, func(c *sandbox.Config) { c.Deposit = money.Rupiah(2_000_000_000_000) })
	h := b.transfer("R-1", goodAccount, "1000000000000.00")
	expectCode(t, h, "4034302")
	expectField(t, h, "responseMessage", "Exceed limit per transaction")
	h = b.do(request(bankPath, bankInquiryBody(good, goodAccount, "1000000000.00")))
	expectCode(t, h, "4034202")
	expectField(t, h, "responseMessage", "Exceed Transaction Amount Limit")
}

// The fee that an inquiry quotes is the fee that a transfer costs, and it counts for the deposit.
func TestBankFee(t *testing.T) {
	t.Parallel()
	b := setupWith(t, func(c *sandbox.Config) { c.BankFee, c.Deposit = money.Rupiah(550), money.Rupiah(50_549) })
	ask := func() heard { return b.do(request(bankPath, bankInquiryBody(good, goodAccount, "50000.00"))) }
	expectCode(t, ask(), "4034214")
	expectCode(t, b.transfer("R-1", goodAccount, "50000.00"), "4034314")
	if err := b.SetDeposit(money.Rupiah(50_550)); err != nil {
		t.Fatal(err)
	}
	h := ask()
	expectCode(t, h, "2004200")
	expectField(t, h, "additionalInfo.feeAmount.value", "550.00")
	b.behave(sandbox.Target{Ref: "R-2"}, "refund", 0)
	expectCode(t, b.transfer("R-2", goodAccount, "50000.00"), "2004300")
	if st := b.books(); st.Deposit != money.Rupiah(0) || st.Credits[0].Fee != money.Rupiah(550) {
		t.Errorf("books %+v", st)
	}
	b.wallet("014/"+goodAccount, money.Rupiah(50_000))
	if got := b.inquireBank("R-2").statusOf(); got != "04" {
		t.Errorf("status %s", got)
	}
	if st := b.books(); st.Deposit != st.Opening {
		t.Errorf("after the refund: %+v", st)
	}
	free := setup(t)
	expectField(t, free.do(request(bankPath, bankInquiryBody(good, goodAccount, "50000.00"))), "additionalInfo.feeAmount.value", "0.00")
}

// An inquiry's good answer has every field that DANA's clients insist on.
func TestBankInquiryFields(t *testing.T) {
	t.Parallel()
	h := setup(t).do(request(bankPath, bankInquiryBody("0855100800", goodAccount, "1000.00")))
	expectCode(t, h, "4044208")
	h = setup(t).do(request(bankPath, bankInquiryBody(good, "82298055100", "1000.00")))
	expectCode(t, h, "2004200") // fraud is suspected of a transfer only
	for path, want := range map[string]string{
		"beneficiaryAccountNumber": "82298055100", "beneficiaryAccountName": "ACCOUNT HOLDER", "beneficiaryBankCode": "014",
		"amount.value": "1000.00", "amount.currency": "IDR", "additionalInfo.feeAmount.currency": "IDR",
	} {
		expectField(t, h, path, want)
	}
	if !uuid.MatchString(h.fields["referenceNo"].(string)) {
		t.Errorf("referenceNo %v is no UUID", h.fields["referenceNo"])
	}
}

var uuid = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)

// A replay hears the first result, refusals included, though their reason has gone.
func TestTransferReplay(t *testing.T) {
	t.Parallel()
	b := setup(t)
	if err := b.SetDeposit(money.Rupiah(100)); err != nil {
		t.Fatal(err)
	}
	refused := b.transfer("R-1", goodAccount, "50000.00")
	expectCode(t, refused, "4034314")
	expectField(t, refused, "additionalInfo.resultMsg", "BALANCE_NOT_ENOUGH")
	failed := b.transfer("R-2", "8121111111", "50.00")
	expectCode(t, failed, "5004300")
	if err := b.SetDeposit(money.Rupiah(1_000_000)); err != nil {
		t.Fatal(err)
	}
	paid := b.transfer("R-3", goodAccount, "50000.00")
	expectCode(t, paid, "2004300")
	expectField(t, paid, "referenceNumber", paid.fields["referenceNo"].(string))
	for range 2 {
		for ref, first := range map[string]heard{"R-1": refused, "R-3": paid} {
			if again := b.transfer(ref, goodAccount, "50000.00"); again.body != first.body || again.status != first.status {
				t.Errorf("%s: replayed %s, first %s", ref, again.body, first.body)
			}
		}
		if again := b.transfer("R-2", "8121111111", "50.00"); again.body != failed.body {
			t.Errorf("replayed %s, first %s", again.body, failed.body)
		}
	}
	h := b.inquireBank("R-1")
	expectField(t, h, "latestTransactionStatus", "06")
	if no, _ := h.fields["originalReferenceNo"].(string); len(no) != 37 {
		t.Errorf("originalReferenceNo %q of an order that is found", no)
	}
	b.wallet("014/"+goodAccount, money.Rupiah(50_000))
}

// An inquiry about a reference that was never sent follows its script, whatever the door.
func TestBankInquiryBeforeTransfer(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.plan(`{"behaviours":[{"ref":"R-1","behaviour":{"inquiries":[{"times":2,"answer":"429xx00"}]}}]}`)
	for _, want := range []string{"4290000", "4290000", "4040001"} {
		expectCode(t, b.inquireBank("R-1"), want)
	}
	expectCode(t, b.transfer("R-1", goodAccount, "10.00"), "2004300")
	expectCode(t, b.inquireBank("R-1"), "2000000")
	expectCode(t, b.inquire("R-1"), "4043901")
}

// Ten identical transfers, and ten top-ups, at once: one result for all, one credit.
func TestIdenticalAtOnce(t *testing.T) {
	t.Parallel()
	for name, send := range map[string]func(b *testBundle) heard{
		"transfer": func(b *testBundle) heard { return b.transfer("R-1", goodAccount, "50000.00") },
		"topUp":    func(b *testBundle) heard { return b.topUp("R-1", good, "50000.00") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			answers := make([]heard, 10)
			var all sync.WaitGroup
			for i := range answers {
				all.Go(func() { answers[i] = send(b) })
			}
			all.Wait()
			for _, h := range answers {
				if h.status != 200 || h.fields["referenceNo"] != answers[0].fields["referenceNo"] {
					t.Errorf("answered %s", h.body)
				}
			}
			if n := len(b.books().Credits); n != 1 {
				t.Errorf("%d credits", n)
			}
		})
	}
}

// Every preset does to a bank account of its number what it does to a customer.
func TestPresetsServeTransfers(t *testing.T) {
	t.Parallel()
	b := setup(t)
	expectCode(t, b.transfer("R-1", "628999000003", "10.00"), "closed")
	if got := b.inquireBank("R-1").statusOf(); got != "00" {
		t.Errorf("paid and dropped: status %s", got)
	}
	expectCode(t, b.transfer("R-2", "628999000012", "10.00"), "4294300")
	expectCode(t, b.transfer("R-2", "628999000012", "10.00"), "2004300")
	expectCode(t, b.transfer("R-3", "628999000014", "10.00"), "2024300")
	for _, want := range []string{"02", "02", "00"} {
		if got := b.inquireBank("R-3").statusOf(); got != want {
			t.Errorf("status %s, want %s", got, want)
		}
	}
	behaviour, _ := sandbox.Preset("server_error", 1)
	if err := b.SetBehaviour(sandbox.Target{Account: "014/" + goodAccount}, behaviour); err != nil {
		t.Fatal(err)
	}
	expectCode(t, b.transfer("R-4", goodAccount, "10.00"), "5004301")
	expectCode(t, b.transfer("R-4", goodAccount, "10.00"), "2004300")
	b.books()
}
