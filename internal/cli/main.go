package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
)

// Main runs a program and returns its exit Code, ready for os.Exit. Results go to stdout;
// an error is told once on stderr, as "NAME: message", one such line per line of the
// message.
//
// Commands return their errors from RunE. What goes wrong before a command's RunE has
// begun (a flag, an argument, a missing command) is the caller's usage: Invalid.
func Main(ctx context.Context, root *cobra.Command, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	root.SilenceUsage, root.SilenceErrors = true, true
	root.CompletionOptions.DisableDefaultCmd = true
	root.Version = Version()
	root.SetIn(stdin)
	root.SetOut(stdout)
	root.SetErr(stderr)
	root.SetArgs(args)
	root.SetFlagErrorFunc(flagError)
	root.InitDefaultHelpCmd()
	begun := false
	prepare(root, &begun)

	err := root.ExecuteContext(ctx)
	code := CodeOf(err)
	if code == Internal && !begun {
		code = Invalid
	}
	if err != nil {
		for line := range strings.SplitSeq(err.Error(), "\n") {
			if line = strings.TrimSpace(line); line != "" {
				fmt.Fprintf(stderr, "%s: %s\n", root.Name(), escaped(line))
			}
		}
	}
	return int(code)
}

// prepare makes every command say that it has begun, because cobra's own errors have no
// type to tell them by. A command that only has subcommands asks for one; cobra would
// print help and call that success.
func prepare(c *cobra.Command, begun *bool) {
	for _, sub := range c.Commands() {
		prepare(sub, begun)
		if sub.Name() == "help" { // cobra's own calls it success when there is no such command
			sub.Args = func(help *cobra.Command, args []string) error {
				about, rest, err := help.Root().Find(args)
				if err != nil {
					return err
				}
				return unknownCommand(about, rest)
			}
		}
	}
	if c.HasSubCommands() {
		c.Args = unknownCommand
	}
	if c.HasSubCommands() && !c.Runnable() {
		c.FParseErrWhitelist.UnknownFlags = true // the mistake is the command, not the flags that it would have had
		c.RunE = func(c *cobra.Command, _ []string) error {
			return Fail(Invalid, errors.New("choose a command; see "+c.CommandPath()+" --help"))
		}
	}
	if run := c.RunE; run != nil {
		c.RunE = func(c *cobra.Command, args []string) error {
			*begun = true
			return run(c, args)
		}
	}
}
