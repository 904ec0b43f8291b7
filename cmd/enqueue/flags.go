package main

import (
	"errors"
	"strings"

	"github.com/spf13/cobra"

	"github.com/salur-id/salur"
	"github.com/salur-id/salur/internal/payout"
)

// noArgs refuses arguments without repeating them: one may be a phone number whose flag was forgotten.
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
