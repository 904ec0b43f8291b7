package sandbox_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
)

// The cases of DANA's published test scripts for payouts to DANA customers and for the status of
// transfers, by their names there, with the bodies of its fixtures. Those of the other two bank
// APIs are in bank_test.go.

const invalidSignature = "85be817c55b2c135157c7e89f52499bf0c25ad6eeebe04a986e8c862561b19a5"

func official37(customer, amount string) string {
	return fmt.Sprintf(`{"customerNumber":%q,"amount":{"value":%q,"currency":"IDR"},"transactionDate":"2030-05-01T00:46:43+07:00",`+
		`"additionalInfo":{"fundType":"AGENT_TOPUP_FOR_USER_SETTLE","externalDivisionId":null,"chargeTarget":null,"customerId":null}}`, customer, amount)
}

func official38(customer, amount string) string {
	return fmt.Sprintf(`{"partnerReferenceNo":"R-1","customerNumber":%q,"amount":{"value":%q,"currency":"IDR"},"feeAmount":{"value":"1.00","currency":"IDR"},`+
		`"transactionDate":"2030-05-01T00:46:43+07:00","sessionId":null,"categoryId":"6","notes":null,`+
		`"additionalInfo":{"fundType":"AGENT_TOPUP_FOR_USER_SETTLE","externalDivisionId":null,"chargeTarget":null,"customerId":null}}`, customer, amount)
}

func official39(ref, service string) string {
	return fmt.Sprintf(`{"originalPartnerReferenceNo":%q,"originalReferenceNo":null,"originalExternalId":null,"serviceCode":%q,"additionalInfo":null}`, ref, service)
}

func TestOfficialCases(t *testing.T) {
	t.Parallel()
	header := func(name, value string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Set(name, value) }
	}
	top := official38(good, "1.00")
	paid, refused := []string{topUpPath, top}, []string{topUpPath, official38(good, "21000000.00")}
	sent := []string{transferPath, transferBody("R-1", goodAccount, "50000.00", `,"needNotify":false`)}
	for name, tc := range map[string]struct {
		before     []string // a request that comes first: path and body
		path, body string
		change     func(*http.Request)
		code       string // and message
		fields     map[string]string
	}{
		"InquiryCustomerValidData": {nil, accountPath, official37(good, "1.00"), nil, "2003700 Successful", nil},
		"InquiryCustomerFrozenAccount": {nil, accountPath, official37("628123456667", "1.00"), nil, "4033705 Do Not Honor",
			map[string]string{"customerNumber": "628123456667", "additionalInfo.resultMsg": "PAYEE_USER_STATUS_DISABLE"}},
		"InquiryCustomerUnregisteredAccount": {nil, accountPath, official37("628152768647", "1.00"), nil, "4033705 Do Not Honor",
			map[string]string{"customerNumber": "628152768647", "additionalInfo.resultMsg": "PAYEE_USER_NOT_EXIST"}},
		"InquiryCustomerExceededLimit": {nil, accountPath, official37(good, "210000000.00"), nil, "4033702 Exceed maximum limit amount",
			map[string]string{"additionalInfo.resultMsg": "EXCEED_BALANCE_LIMIT"}},
		"InquiryCustomerUnauthorizedSignature": {nil, accountPath, official37(good, "210000.00"), header("X-SIGNATURE", invalidSignature),
			"4013700 Unauthorized. Invalid Signature", nil},

		"TopUpCustomerValid": {nil, topUpPath, top, nil, "2003800 Successful",
			map[string]string{"partnerReferenceNo": "R-1", "customerNumber": good, "amount.value": "1.00"}},
		"TopUpCustomerTimeout":              {nil, topUpPath, official38("628551005454", "1.00"), nil, "closed", nil},
		"TopUpCustomerFrozenAccount":        {nil, topUpPath, official38("628996647679", "1.00"), nil, "4033805 Do Not Honor", nil},
		"TopUpCustomerExceedAmountLimit":    {nil, topUpPath, official38(good, "21000000.00"), nil, "4033802 Exceed maximum limit amount", nil},
		"TopUpCustomerInternalServerError":  {nil, topUpPath, official38("628551008794", "1.00"), nil, "5003801 Internal Server Error", nil},
		"TopUpCustomerInternalGeneralError": {nil, topUpPath, official38("628121111111", "1.00"), nil, "5003800 General Error", nil},
		"TopUpCustomerInsufficientFund": {nil, topUpPath, official38(good, "1000000000000.00"), nil, "4033814 Insufficient Fund",
			map[string]string{"additionalInfo.resultMsg": "BALANCE_NOT_ENOUGH"}},
		"TopUpCustomerMissingMandatoryField": {nil, topUpPath, strings.Replace(top, `"customerNumber":"`+good+`",`, "", 1), nil,
			"4003802 Invalid Mandatory Field customerNumber", nil},
		"TopUpCustomerUnauthorizedSignature": {nil, topUpPath, top, header("X-SIGNATURE", "invalid_signature"), "4013800 Unauthorized. Invalid Signature", nil},
		"TopUpCustomerInvalidFieldFormat":    {nil, topUpPath, strings.ReplaceAll(top, "IDR", "USD"), nil, "4003801 Invalid Field Format", nil},
		"TopUpCustomerInconsistentRequest":   {paid, topUpPath, official38(good, "12.00"), nil, "4043818 Inconsistent Request", nil},
		"TopUpCustomerIdempotent": {paid, topUpPath, top, nil, "2003800 Successful",
			map[string]string{"referenceNo": "20000101" + // the first one, on the day that it is in here
				strings.Repeat("0", 28) + "1"}},

		"InquiryTopUpStatusValidPaid": {paid, statusPath, official39("R-1", "38"), nil, "2003900 Successful",
			map[string]string{"latestTransactionStatus": "00", "transactionStatusDesc": "Success", "serviceCode": "38", "amount.value": "1.00"}},
		"InquiryTopUpStatusValidFail": {refused, statusPath, official39("R-1", "38"), nil, "2003900 Successful",
			map[string]string{"latestTransactionStatus": "06", "transactionStatusDesc": "Failed"}},
		"InquiryTopUpStatusInvalidFieldFormat": {paid, statusPath, official39("R-1", "ab"), nil, "4003901 Invalid Field Format serviceCode",
			map[string]string{"serviceCode": "ab"}},
		"InquiryTopUpStatusMissingMandatoryField": {paid, statusPath, official39("R-1", "38"), header("X-TIMESTAMP", ""),
			"4003902 Invalid Mandatory Field X-TIMESTAMP", nil},
		"InquiryTopUpStatusUnauthorizedSignature": {paid, statusPath, official39("R-1", "38"), header("X-SIGNATURE", invalidSignature),
			"4013900 Unauthorized. Invalid Signature", nil},
		"InquiryTopUpStatusNotFoundTransaction": {paid, statusPath, official39("test123123", "38"), nil, "4043901 Transaction Not Found", nil},

		"TransferToBankInquiryStatusSuccessful": {sent, bankStatus, official39("R-1", "00"), nil, "2000000 Successful",
			map[string]string{"serviceCode": "00", "latestTransactionStatus": "00", "amount.value": "50000.00"}},
		"TransferToBankInquiryStatusTransactionNotFound": {sent, bankStatus, official39("test123123", "00"), nil, "4040001 Transaction Not Found", nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) { // a hang takes no real time in here
				b := setup(t)
				if tc.before != nil {
					b.do(request(tc.before[0], tc.before[1]))
				}
				r := request(tc.path, tc.body)
				if tc.change != nil {
					tc.change(r)
				}
				h := b.do(r)
				code, message, _ := strings.Cut(tc.code, " ")
				expectCode(t, h, code)
				expectField(t, h, "responseMessage", message)
				for path, want := range tc.fields {
					expectField(t, h, path, want)
				}
				b.books()
			})
		})
	}
}
