package cli

import (
	"fmt"

	"github.com/spf13/cobra"
)

// NoArgs is for commands that take flags alone. It does not repeat what it refuses, as cobra's own would: that may be a phone
// number whose flag was forgotten.
func NoArgs(c *cobra.Command, args []string) error {
	if len(args) > 0 {
		return Fail(Invalid, fmt.Errorf("takes no arguments, and every value needs its flag; see %s --help", c.CommandPath()))
	}
	return nil
}

// OneArg is for commands about one thing, and says how the command is written.
func OneArg(c *cobra.Command, args []string) error {
	if len(args) != 1 {
		return Fail(Invalid, fmt.Errorf("takes one argument: %s", c.UseLine()))
	}
	return nil
}

// AtMostOneArg is for commands about one thing or, by a flag, about all.
func AtMostOneArg(c *cobra.Command, args []string) error {
	if len(args) > 1 {
		return Fail(Invalid, fmt.Errorf("takes one argument at most: %s", c.UseLine()))
	}
	return nil
}

// SomeArgs is for commands about one thing or several.
func SomeArgs(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return Fail(Invalid, fmt.Errorf("takes one argument or more: %s", c.UseLine()))
	}
	return nil
}
