package sandbox

import "slices"

// preset is a named misbehaviour with the number, customer's or bank account's, that has it
// built in.
type preset struct {
	number string
	name   string
	times  int // at the built-in number
	effect string
	make   func(times int) Behaviour
}

var presets = []preset{
	{"628999000001", "pay_and_hang", 1, "paid, but no answer in time", sends(Send{Answer: Hang})},
	{"628999000002", "hang_unpaid", 1, "no answer in time, and not paid", sends(Send{Pay: PayNever, Answer: Hang})},
	{"628999000003", "pay_and_drop", 1, "paid, but the line is closed without an answer", sends(Send{Answer: Drop})},
	{"628999000004", "drop_unpaid", 1, "the line is closed without an answer, and not paid", sends(Send{Pay: PayNever, Answer: Drop})},
	{"628999000005", "pay_late", 0, "no answer in time; paid 20 s later, not found until then", sends(Send{Pay: PayLate, DelayMillis: 20_000, Answer: Hang})},
	{"628999000006", "html_paid", 1, "paid, but the answer is a gateway's HTML page", sends(Send{Answer: HTML})},
	{"628999000007", "html_unpaid", 1, "a gateway's HTML page, and not paid", sends(Send{Pay: PayNever, Answer: HTML})},
	{"628999000008", "half_json_paid", 1, "paid, but the JSON of the answer breaks off", sends(Send{Answer: Half})},
	{"628999000009", "half_json_unpaid", 1, "JSON that breaks off, and not paid", sends(Send{Pay: PayNever, Answer: Half})},
	{"628999000010", "empty_paid", 1, "paid, but the answer is empty", sends(Send{Answer: Empty})},
	{"628999000011", "empty_unpaid", 1, "an empty answer, and not paid", sends(Send{Pay: PayNever, Answer: Empty})},
	{"628999000012", "throttle", 1, "4293800, and not paid", sends(Send{Pay: PayNever, Answer: "429xx00"})},
	{"628999000013", "server_error", 2, "5003801, and not paid", sends(Send{Pay: PayNever, Answer: "500xx01"})},
	{"628999000014", "in_progress", 2, "2023800; inquiries say 02, then paid", inquiries(Send{Pay: PayPending, Then: statusPaid}, Inquiry{Status: statusPaying})},
	{"628999000015", "in_progress_then_failed", 2, "2023800; inquiries say 03, then failed", inquiries(Send{Pay: PayPending, Then: statusFailed}, Inquiry{Status: statusPending})},
	{"628999000016", "not_found", 3, "paid, every send's line is closed; inquiries say not found, then 00", inquiries(Send{Answer: Drop}, Inquiry{Answer: "404xx01"})},
	{"628999000017", "refuse_after_paid", 1, "paid and the line closed; later sends are refused 4033802; the status says 00", func(times int) Behaviour {
		return Behaviour{Sends: []Send{{Times: times, Answer: Drop}, {Pay: PayNever, Answer: "403xx02"}}}
	}},
	{"628999000018", "foreign_ref", 1, "paid, but 2003800 names another reference", sends(Send{Answer: ForeignRef})},
	{"628999000019", "foreign_amount", 1, "paid, but 2003800 names another amount", sends(Send{Answer: ForeignAmount})},
	{"628999000020", "status_error", 2, "2023800; inquiries fail with 5003901, then 00", inquiries(Send{Pay: PayPending, Then: statusPaid}, Inquiry{Answer: "500xx01"})},
	{"628999000021", "status_html", 2, "2023800; inquiries get an HTML page, then 00", inquiries(Send{Pay: PayPending, Then: statusPaid}, Inquiry{Answer: HTML})},
	{"628999000022", "refund", 1, "paid and 2003800, then taken back: the first inquiry says 04", sends(Send{Then: statusRefunded})},
	{"628999000023", "cancelled", 1, "2023800, then cancelled: the first inquiry says 05", sends(Send{Pay: PayPending, Then: statusCancelled})},
}

// sends is a preset whose times are sends.
func sends(st Send) func(int) Behaviour {
	return func(times int) Behaviour {
		step := st // presets are made concurrently
		step.Times = times
		return Behaviour{Sends: []Send{step}}
	}
}

// inquiries is a preset whose times are inquiries; every send meets st.
func inquiries(st Send, in Inquiry) func(int) Behaviour {
	return func(times int) Behaviour {
		step := in
		step.Times = times
		return Behaviour{Sends: []Send{st}, Inquiries: []Inquiry{step}}
	}
}

// Preset is the named misbehaviour for the next times sends of a reference (inquiries for
// in_progress, in_progress_then_failed, not_found, status_error, status_html); 0 for all. It is false when
// Numbers lists no such name.
func Preset(name string, times int) (Behaviour, bool) {
	for _, p := range presets {
		if p.name == name {
			return p.make(times), true
		}
	}
	return Behaviour{}, false
}

var goodCustomer = &Behaviour{}

// InquiryPreset is an answer to account inquiries that no account of DANA's fixtures has: for an API by its name, or for who asks
// about the number, a customer's (37) or a bank account's (42).
type InquiryPreset struct{ Number, Preset, Effect string }

// inquiryPresets are the rows of DANA's code tables that only the exchange can cause, not the payee.
var inquiryPresets = []InquiryPreset{
	{"628999000101", "inquiry_invalid_customer_token", "401xx02"},
	{"628999000102", "inquiry_customer_token_not_found", "401xx04"},
	{"628999000103", "inquiry_merchant_limit", "403xx20"},
	{"628999000104", "inquiry_throttle", "429xx00"},
	{"628999000105", "inquiry_general_error", "500xx00"},
	{"628999000106", "inquiry_server_error", "500xx01"},
}

// InquiryPresets lists them; Effect is the responseCode, xx for the service code of the API that is asked.
func InquiryPresets() []InquiryPreset { return slices.Clone(inquiryPresets) }

var inquiryNumbers = func() map[string]Answer {
	m := map[string]Answer{}
	for _, p := range inquiryPresets {
		m[p.Number] = Answer(p.Effect)
	}
	return m
}()

func inquiryPreset(name string, times int) (Behaviour, bool) {
	for _, p := range inquiryPresets {
		if p.Preset == name {
			return Behaviour{Inquiries: []Inquiry{{Times: times, Answer: Answer(p.Effect)}}}, true
		}
	}
	return Behaviour{}, false
}

// builtIn are the behaviours of numbers that nobody has set, customers' and bank accounts' alike:
// the presets' numbers and those of DANA's own sandbox that are about the exchange and not
// about the payee.
var builtIn = func() map[string]*Behaviour {
	m := map[string]*Behaviour{
		"628551005454": {Sends: []Send{{Answer: Hang}}},
		"628551008794": {Sends: []Send{{Pay: PayNever, Answer: "500xx01"}}},
		"628121111111": {Sends: []Send{{Pay: PayFailed}}},
		// Bank accounts.
		"8551008794": {Sends: []Send{{Pay: PayNever, Answer: "500xx01"}}},
		"8121111111": {Sends: []Send{{Pay: PayFailed}}},
	}
	for _, p := range presets {
		b := p.make(p.times)
		m[p.number] = &b
	}
	return m
}()

// customers are the numbers of DANA's own sandbox whose accounts refuse money. Its fixtures use the
// first for top-ups and the other two for account inquiries; here each is the same to both.
var customers = map[string]string{
	"628996647679": "PAYEE_USER_STATUS_DISABLE",
	"628123456667": "PAYEE_USER_STATUS_DISABLE",
	"628152768647": "PAYEE_USER_NOT_EXIST",
}

// Account is a bank account number of DANA's own sandbox with a meaning, at any bank.
type Account struct{ Number, Effect string }

// Accounts lists them. The numbers of presets have their meaning as bank account numbers too.
func Accounts() []Account {
	return []Account{
		{"8121111111", "5004300 General Error, failed"},
		{"8551008794", "5004301 Internal Server Error, and not paid"},
		{"81298055132", "4034218 and 4034318 Inactive Account Merchant"},
		{"81398055100", "4034218 and 4034318 Inactive Account Merchant"},
		{"82298055100", "4034303 Suspected Fraud"},
		{"815919191", "4044211 and 4044311 Invalid Card/Account/Customer Number/Virtual Account"},
	}
}

// Number is a customer number with a meaning.
type Number struct {
	Customer string
	// Preset is the name to set the same behaviour with elsewhere; empty for DANA's own numbers.
	Preset string
	// Times is how many sends (or inquiries, see Preset) of a reference it lasts here; 0 for all.
	Times  int
	Effect string
}

// Numbers lists every customer number that is not simply a good customer: those of DANA's own
// sandbox first, then the misbehaving ones.
func Numbers() []Number {
	list := []Number{
		{"628551005454", "", 0, "paid, but no answer in time"},
		{"628551008794", "", 0, "5003801 Internal Server Error, and not paid"},
		{"628121111111", "", 0, "5003800 General Error, failed"},
		{"628996647679", "", 0, "frozen: 4033805 Do Not Honor"},
		{"628123456667", "", 0, "frozen: 4033705 and 4033805 Do Not Honor"},
		{"628152768647", "", 0, "not registered: 4033705 and 4033805 Do Not Honor"},
	}
	for _, p := range presets {
		list = append(list, Number{p.number, p.name, p.times, p.effect})
	}
	return list
}
