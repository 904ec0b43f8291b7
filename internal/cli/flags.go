package cli

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/salur-id/salur/internal/nearest"
	"github.com/salur-id/salur/internal/payout"
)

// flagError explains a flag that cannot be read: which, what stands there, and how to write it. pflag would show a phone number,
// as in -customer=62811742234, and the words of package strconv.
func flagError(c *cobra.Command, err error) error {
	var unknown *pflag.NotExistError
	var value *pflag.InvalidValueError
	switch {
	case c.HasSubCommands() && len(c.Flags().Args()) > 0: // the mistake is the command, not the flags that it would have had
		return unknownCommand(c, c.Flags().Args())
	case errors.As(err, new(*pflag.InvalidSyntaxError)),
		errors.As(err, &unknown) && unknown.GetSpecifiedShortnames() != "":
		err = errors.New("flags begin with two dashes, such as --json")
	case unknown != nil:
		var names []string
		c.Flags().VisitAll(func(f *pflag.Flag) { names = append(names, f.Name) })
		name := unknown.GetSpecifiedName()
		err = fmt.Errorf("unknown flag: --%s", word(name))
		if near, ok := nearest.Name(name, names); ok {
			return Fail(Invalid, fmt.Errorf("%w; did you mean --%s? see %s --help", err, near, c.CommandPath()))
		}
	case errors.As(err, &value):
		name := value.GetFlag().Name
		return Fail(Invalid, fmt.Errorf("--%s %q: %s", name, word(value.GetValue()), howTo(name, value)))
	}
	return Fail(Invalid, fmt.Errorf("%w; see %s --help", err, c.CommandPath()))
}

// howTo is how to write the value of a flag.
func howTo(name string, value *pflag.InvalidValueError) string {
	switch value.GetFlag().Value.Type() {
	case "bool":
		return fmt.Sprintf("is neither true nor false; write --%s alone, or --%s=false", name, name)
	case "duration":
		if digits := value.GetValue(); strings.Trim(digits, "0123456789") == "" && digits != "" {
			return fmt.Sprintf("needs a unit; write --%s %ss", name, payout.Shown(digits))
		}
		return fmt.Sprintf("is not a duration; write for example --%s 30s", name)
	}
	if errors.Is(value, strconv.ErrRange) {
		return "is out of range; write a smaller whole number"
	}
	return fmt.Sprintf("is not a whole number; write for example --%s 50", name)
}

// unknownCommand refuses what is no command.
func unknownCommand(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	var names []string
	for _, sub := range c.Commands() {
		names = append(names, sub.Name())
	}
	suggestion := ""
	if name, close := nearest.Name(args[0], names); close {
		suggestion = fmt.Sprintf("did you mean %s %s? ", c.CommandPath(), name)
	}
	return Fail(Invalid, fmt.Errorf("unknown command %q; %ssee %s --help", word(args[0]), suggestion, c.CommandPath()))
}

// word is what was typed in place of a command, a flag or its value, as an error names it. One with many digits may be a phone or
// an account number whose flag was forgotten.
func word(typed string) string {
	digits := 0
	for _, r := range typed {
		if r >= '0' && r <= '9' {
			digits++
		}
	}
	if digits > 6 {
		return payout.Mask(typed)
	}
	return payout.Shown(typed)
}
