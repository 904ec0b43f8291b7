package main

import (
	"errors"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/salur-id/salur"
	"github.com/salur-id/salur/internal/payout"
)

// flagError tells of a flag that cannot be read without repeating what stands in it: that
// may be a phone number, as in -customer=62811742234, where pflag would show it.
func flagError(c *cobra.Command, err error) error {
	var unknown *pflag.NotExistError
	var value *pflag.InvalidValueError
	switch {
	case errors.As(err, new(*pflag.InvalidSyntaxError)),
		errors.As(err, &unknown) && unknown.GetSpecifiedShortnames() != "":
		return refuse("flags begin with two dashes, such as --json; see %s --help", c.CommandPath())
	case errors.As(err, &value) && value.GetFlag().Value.Type() == "int64":
		return refuse("--%s: use a whole number in digits without separators, such as 1000", value.GetFlag().Name)
	case errors.As(err, &value): // the others that are checked while reading are true or false
		return refuse("--%s: use it alone, or with =true or =false", value.GetFlag().Name)
	}
	return refuse("%w; see %s --help", err, c.CommandPath())
}

// noArgs refuses arguments without repeating them, for the same reason.
func noArgs(c *cobra.Command, args []string) error {
	if len(args) > 0 {
		return refuse("every value needs its flag, such as --ref R; see %s --help", c.CommandPath())
	}
	return nil
}

// flagNames are the fields of a payout that have another name as a flag.
var flagNames = map[string]string{
	"fundType": "fund-type", "chargeTarget": "charge-target", "customerId": "customer-id", "notAfter": "not-after",
	"bankCode": "bank-code", "accountName": "account-name",
}

// asFlags gives the fields in an InvalidError the names of their flags.
func asFlags(err error) error {
	var fields payout.InvalidError
	var public *salur.InvalidError
	switch {
	case errors.As(err, &public):
		for _, f := range public.Fields {
			fields = append(fields, payout.FieldError(f))
		}
	case !errors.As(err, &fields):
		return err
	}
	var inTexts []string
	for field, flag := range flagNames {
		inTexts = append(inTexts, field, "--"+flag)
	}
	names := strings.NewReplacer(inTexts...)
	for i, f := range fields {
		if flag, ok := flagNames[f.Field]; ok {
			fields[i].Field = flag
		}
		fields[i].Field = "--" + fields[i].Field
		fields[i].Fix = names.Replace(f.Fix)
	}
	return fields
}
