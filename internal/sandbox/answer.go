package sandbox

// Causes: a responseCode without its service code, that is HTTP status and case.
const (
	successful      = "20000"
	inProgress      = "20200"
	badRequest      = "40000"
	fieldFormat     = "40001"
	missingField    = "40002"
	unauthorized    = "40100"
	invalidToken    = "40101"
	overLimit       = "40302"
	suspectedFraud  = "40303"
	doNotHonor      = "40305"
	noFunds         = "40314"
	inactive        = "40318"
	notFound        = "40401"
	invalidMerchant = "40408"
	invalidAccount  = "40411"
	inconsistent    = "40418"
	generalError    = "50000"
	internalServer  = "50001"
)

// messages are those seen on DANA's wire; where they differ from its documentation, the wire wins.
var messages = map[string]string{
	successful:      "Successful",
	inProgress:      "Request In Progress",
	badRequest:      "Bad Request",
	fieldFormat:     "Invalid Field Format",
	missingField:    "Invalid Mandatory Field",
	unauthorized:    "Unauthorized.",
	invalidToken:    "Invalid Token (B2B)",
	"40102":         "Invalid Customer Token",
	"40104":         "Customer Token Not Found",
	overLimit:       "Exceed maximum limit amount",
	suspectedFraud:  "Suspected Fraud",
	doNotHonor:      "Do Not Honor",
	noFunds:         "Insufficient Fund",
	"40315":         "Transaction Not Permitted.",
	inactive:        "Inactive Card/Account/Customer",
	"40320":         "Merchant Limit Exceed",
	notFound:        "Transaction Not Found",
	"40403":         "Bank Not Supported By Switch",
	invalidMerchant: "Invalid Merchant",
	invalidAccount:  "Invalid Card/Account/Customer Number/Virtual Account",
	inconsistent:    "Inconsistent Request",
	"42900":         "Too Many Requests",
	generalError:    "General Error",
	internalServer:  "Internal Server Error",
	"50400":         "Timeout",
	reusedID:        "Conflict",
}

// reply is a SNAP answer: responseCode, responseMessage and the API's own fields.
type reply map[string]any

// newReply starts an answer of an API with a cause; suffix ends its message.
func newReply(service, cause, suffix string) reply {
	code := cause[:3] + service + cause[3:]
	return reply{"responseCode": code, "responseMessage": message(code) + suffix}
}

// ownMessages are those that one API words its own way.
var ownMessages = map[string]string{
	"2004200": "Success",
	"2004300": "Success",
	"4034202": "Exceed Transaction Amount Limit",
	"4034302": "Exceed limit per transaction",
	"4034218": "Inactive Account Merchant",
	"4034318": "Inactive Account Merchant",
}

// message is the wording of a responseCode, empty for one that DANA's tables do not have.
func message(code string) string {
	if own := ownMessages[code]; own != "" {
		return own
	}
	return messages[code[:3]+code[5:]]
}

// with adds a field, unless it is an empty text: DANA leaves those out.
func (r reply) with(name string, value any) reply {
	if value != "" {
		r[name] = value
	}
	return r
}

// because adds DANA's inner reason, which tells apart refusals that share a code.
func (r reply) because(resultMsg string) reply {
	info := map[string]string{}
	if resultMsg != "" {
		info["resultMsg"] = resultMsg
	}
	return r.with("additionalInfo", info)
}
