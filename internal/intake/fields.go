package intake

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/salur-id/salur/internal/nearest"
	"github.com/salur-id/salur/internal/payout"
)

// fieldNames are the names of payout.Instruction in its own order: a JSONL field and a CSV column are called the same,
// and a new one is known here by itself.
var fieldNames = payout.FieldNames()

// required are the fields without which there is no payout.
var required = []string{"ref", "customer", "amount"}

// unknownField is what to say of a name that no field has. A name with digits is masked:
// where a header has been forgotten it is somebody's phone number.
func unknownField(name string) string {
	if near, ok := nearest.Name(name, fieldNames); ok {
		return fmt.Sprintf("%q does not exist; did you mean %q?", name, near)
	}
	if strings.ContainsAny(name, "0123456789") {
		name = payout.Mask(name)
	}
	return fmt.Sprintf("%.40q does not exist; use %s", name, strings.Join(fieldNames, ", "))
}

// scientific is what a spreadsheet makes of a long number: 6.28117E+10, or with a comma.
var scientific = regexp.MustCompile(`^[0-9]([.,][0-9]+)?[eE]\+[0-9]+$`)

// What to do about such a number, in a file and elsewhere.
const (
	mangled = "a spreadsheet has turned this number into scientific notation and its digits are lost; " +
		"format the column as text, enter the number again and export the file again"
	unfit = "is in scientific notation and may have lost digits; write all digits of it, in double quotes"
)

// zerosLost is payout.ZerosLost in the words of a file.
func zerosLost(in payout.Instruction) (fix string, lost bool) {
	code, lost := payout.ZerosLost(in.BankCode)
	return "a spreadsheet seems to have dropped the zeros of " + code + ", and perhaps those of account numbers too; " +
		"format both columns as text, enter the numbers again and export the file again", lost && in.Kind == string(payout.Bank)
}

// parse checks an instruction. A number that a spreadsheet has mangled gets a line of its
// own, also in ref, where it would be a legal reference: the long references of a whole
// payroll may all have become the same one. inFile is
// whether it is of a file, which people make with spreadsheets.
func parse(in payout.Instruction, inFile bool) (payout.Payout, error) {
	numbers := []payout.FieldError{
		{Field: "ref", Value: in.Ref}, {Field: "customer", Value: in.Customer}, {Field: "amount", Value: string(in.Amount)},
		{Field: "fee", Value: string(in.Fee)}, {Field: "customerId", Value: in.CustomerID},
		{Field: "bankCode", Value: in.BankCode}, {Field: "account", Value: in.Account},
	}
	var bad payout.InvalidError
	lost := map[string]bool{}
	fix := unfit
	if inFile {
		fix = mangled
	}
	for _, f := range numbers {
		if scientific.MatchString(f.Value) {
			lost[f.Field] = true
			shown := payout.Mask(f.Value)
			if f.Field == "ref" || f.Field == "amount" || f.Field == "fee" {
				shown = payout.Shown(f.Value)
			}
			bad = append(bad, payout.FieldError{Field: f.Field, Value: shown, Fix: fix})
		}
	}
	if fix, lostZeros := zerosLost(in); lostZeros && inFile {
		lost["bankCode"] = true
		bad = append(bad, payout.FieldError{Field: "bankCode", Value: in.BankCode, Fix: fix})
	}
	p, err := in.Parse()
	if len(bad) == 0 {
		return p, err
	}
	var others payout.InvalidError
	if errors.As(err, &others) {
		for _, f := range others {
			if !lost[f.Field] {
				bad = append(bad, f)
			}
		}
	}
	return payout.Payout{}, bad
}
