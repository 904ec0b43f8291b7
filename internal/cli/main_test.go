package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"runtime"
	"runtime/debug"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"
	"github.com/spf13/cobra"

	"github.com/salur-id/salur/internal/config"
	"github.com/salur-id/salur/internal/intake"
	"github.com/salur-id/salur/internal/payout"
)

// program is a program whose command "do" fails with err.
func program(err error) *cobra.Command {
	root := &cobra.Command{Use: "prog", Short: "what it is"}
	do := &cobra.Command{Use: "do REF", Args: OneArg, RunE: func(c *cobra.Command, args []string) error {
		if asJSON, _ := c.Flags().GetBool("json"); asJSON {
			return errors.Join(PrintJSON(c.OutOrStdout(), map[string]string{"ref": args[0]}), err)
		}
		fmt.Fprintln(c.OutOrStdout(), "did", args[0])
		return err
	}}
	do.Flags().Bool("json", false, "")
	do.Flags().String("customer", "", "")
	do.Flags().Int("limit", 1, "")
	do.Flags().Duration("wait", 0, "")
	need := &cobra.Command{Use: "need", RunE: func(*cobra.Command, []string) error { return nil }}
	need.Flags().String("ref", "", "")
	if err := need.MarkFlagRequired("ref"); err != nil {
		panic(err)
	}
	group := &cobra.Command{Use: "group"}
	group.AddCommand(&cobra.Command{Use: "one", RunE: func(*cobra.Command, []string) error { return nil }})
	early := &cobra.Command{Use: "early", RunE: func(*cobra.Command, []string) error { return nil },
		PersistentPreRunE: func(*cobra.Command, []string) error { return err }}
	both := &cobra.Command{Use: "both", RunE: func(*cobra.Command, []string) error { return nil }}
	both.AddCommand(&cobra.Command{Use: "one", RunE: func(*cobra.Command, []string) error { return nil }})
	root.AddCommand(do, need, group, early, both)
	return root
}

func TestMainTellsErrors(t *testing.T) {
	t.Parallel()
	info, _ := debug.ReadBuildInfo()
	refused := &net.OpError{Op: "dial", Net: "tcp", Err: errors.New("connection refused")}
	for _, tc := range []struct {
		name   string
		args   string
		err    error
		code   Code
		stdout string
		stderr string
	}{
		{"done", "do A", nil, 0, "did A\n", ""},
		{"done in JSON", "do <A> --json", nil, 0, "{\"ref\":\"<A>\"}\n", ""},
		{"internal", "do A", errors.New("out of luck"), 1, "did A\n", "prog: out of luck\n"},
		{"error beside JSON", "do A --json", errors.New("out of luck"), 1, "{\"ref\":\"A\"}\n", "prog: out of luck\n"},
		{"one line per problem", "do A", config.Error{{Key: "A", Fix: "unset it"}, {Key: "B", Fix: "set it"}}, 2, "did A\n",
			"prog: A: unset it\nprog: B: set it\n"},
		{"conflict", "do A", Fail(Conflict, errors.New("exists")), 3, "did A\n", "prog: exists\n"},
		{"unreachable", "do A", refused, 4, "did A\n", "prog: dial tcp: connection refused\n"},
		{"before the command", "early", refused, 4, "", "prog: dial tcp: connection refused\n"},
		{"unknown flag", "do A --nope", nil, 2, "", "prog: unknown flag: --nope; see prog do --help\n"},
		{"flag without value", "do A --customer", nil, 2, "", "prog: flag needs an argument: --customer; see prog do --help\n"},
		{"argument missing", "do", nil, 2, "", "prog: takes one argument: prog do REF [flags]\n"},
		{"flag missing", "need", nil, 2, "", "prog: required flag(s) \"ref\" not set\n"},
		{"unknown command", "62811742234", nil, 2, "", "prog: unknown command \"****234\"; see prog --help\n"},
		{"mistyped command with its flags", "nee --ref A", nil, 2, "", "prog: unknown command \"nee\"; did you mean prog need? see prog --help\n"},
		{"letters swapped", "nede", nil, 2, "", "prog: unknown command \"nede\"; did you mean prog need? see prog --help\n"},
		{"mistyped command of what runs by itself", "both oen --json", nil, 2, "", "prog: unknown command \"oen\"; did you mean prog both one? see prog both --help\n"},
		{"help about nothing", "help nonsense", nil, 2, "", "prog: unknown command \"nonsense\"; see prog --help\n"},
		{"help about nothing of a group", "help group two", nil, 2, "", "prog: unknown command \"two\"; see prog group --help\n"},
		{"mistyped flag", "do A --jsno", nil, 2, "", "prog: unknown flag: --jsno; did you mean --json? see prog do --help\n"},
		{"number as flag", "do --62811742234", nil, 2, "", "prog: unknown flag: --****234; see prog do --help\n"},
		{"one dash", "do -customer=62811742234", nil, 2, "", "prog: flags begin with two dashes, such as --json; see prog do --help\n"},
		{"no number", "do A --limit abc", nil, 2, "", "prog: --limit \"abc\": is not a whole number; write for example --limit 50\n"},
		{"number in the wrong flag", "do A --limit 62811742234x", nil, 2, "", "prog: --limit \"****34x\": is not a whole number; write for example --limit 50\n"},
		{"too great a number", "do A --limit 99999999999999999999", nil, 2, "", "prog: --limit \"****999\": is out of range; write a smaller whole number\n"},
		{"duration without unit", "do A --wait 5", nil, 2, "", "prog: --wait \"5\": needs a unit; write --wait 5s\n"},
		{"no duration", "do A --wait long", nil, 2, "", "prog: --wait \"long\": is not a duration; write for example --wait 30s\n"},
		{"neither true nor false", "do A --json=ja", nil, 2, "", "prog: --json \"ja\": is neither true nor false; write --json alone, or --json=false\n"},
		{"mistyped command", "nee", nil, 2, "", "prog: unknown command \"nee\"; did you mean prog need? see prog --help\n"},
		{"no command", "", nil, 2, "", "prog: choose a command; see prog --help\n"},
		{"no command of a group", "group", nil, 2, "", "prog: choose a command; see prog group --help\n"},
		{"unknown command of a group", "group two", nil, 2, "", "prog: unknown command \"two\"; see prog group --help\n"},
		{"version", "--version", nil, 0, "prog version " + version("", "", info) + "\n", ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			var stdout, stderr strings.Builder
			code := Main(t.Context(), program(tc.err), strings.Fields(tc.args), strings.NewReader(""), &stdout, &stderr)
			if Code(code) != tc.code || stdout.String() != tc.stdout || stderr.String() != tc.stderr {
				t.Errorf("code %d, stdout %q, stderr %q", code, stdout.String(), stderr.String())
			}
		})
	}
}

func TestHelpIsAResult(t *testing.T) {
	t.Parallel()
	for _, args := range []string{"--help", "do --help", "group --help", "group one --help", "help", "help do", "help group one"} {
		var stdout, stderr strings.Builder
		code := Main(t.Context(), program(nil), strings.Fields(args), nil, &stdout, &stderr)
		if Code(code) != Done || !strings.Contains(stdout.String(), "Usage:") || stderr.String() != "" {
			t.Errorf("%s: code %d, stdout %q, stderr %q", args, code, stdout.String(), stderr.String())
		}
	}
}

func TestMainPassesStreamsAndContext(t *testing.T) {
	t.Parallel()
	type key struct{}
	root := &cobra.Command{Use: "prog", RunE: func(c *cobra.Command, _ []string) error {
		b, err := io.ReadAll(c.InOrStdin())
		fmt.Fprint(c.OutOrStdout(), string(b), c.Context().Value(key{}))
		fmt.Fprint(c.ErrOrStderr(), "progress")
		return err
	}}
	var stdout, stderr strings.Builder
	code := Main(context.WithValue(t.Context(), key{}, "!"), root, nil, strings.NewReader("in"), &stdout, &stderr)
	if Code(code) != Done || stdout.String() != "in!" || stderr.String() != "progress" {
		t.Errorf("code %d, stdout %q, stderr %q", code, stdout.String(), stderr.String())
	}
}

func TestCodeOf(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name string
		err  error
		want Code
	}{
		{"nothing", nil, Done},
		{"anything", errors.New("x"), Internal},
		{"interrupted", context.Canceled, Internal},
		{"own code", Fail(NotFound, errors.New("x")), NotFound},
		{"own code wins", Fail(Conflict, config.Error{{Key: "A"}}), Conflict},
		{"configuration", config.Error{{Key: "A"}}, Invalid},
		{"fields", payout.InvalidError{{Field: "ref"}}, Invalid},
		{"bad row", fmt.Errorf("line 1: %w", payout.InvalidError{{Field: "ref"}}), Invalid},
		{"header", intake.HeaderError{"x"}, Invalid},
		{"dial", &net.OpError{Op: "dial", Err: errors.New("x")}, Unreachable},
		{"own server cannot listen", &net.OpError{Op: "listen", Err: errors.New("x")}, Internal},
		{"name", &net.DNSError{Err: "no such host"}, Unreachable},
		{"deadline", context.DeadlineExceeded, Unreachable},
		{"connection closed", io.EOF, Unreachable},
		{"pool", redis.ErrPoolTimeout, Unreachable},
	} {
		for _, err := range []error{tc.err, wrap(tc.err)} {
			if got := CodeOf(err); got != tc.want {
				t.Errorf("%s: %v is %d, want %d", tc.name, err, got, tc.want)
			}
		}
	}
	if got := Fail(Conflict, io.EOF); got.Error() != "EOF" || !errors.Is(got, io.EOF) {
		t.Errorf("%v hides its cause", got)
	}
}

func wrap(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("doing it: %w", err)
}

func TestVersion(t *testing.T) {
	t.Parallel()
	build := func(settings ...debug.BuildSetting) *debug.BuildInfo { return &debug.BuildInfo{Settings: settings} }
	revision := debug.BuildSetting{Key: "vcs.revision", Value: "0123456789abcdef0123"}
	for _, tc := range []struct {
		release, commit string
		info            *debug.BuildInfo
		want            string
	}{
		{"", "", nil, "devel, commit unknown"},
		{"", "", build(), "devel, commit unknown"},
		{"", "", build(debug.BuildSetting{Key: "vcs.modified", Value: "true"}), "devel, commit unknown"},
		{"", "", build(revision, debug.BuildSetting{Key: "vcs.modified", Value: "false"}), "devel, commit 0123456789ab"},
		{"", "", build(revision, debug.BuildSetting{Key: "vcs.modified", Value: "true"}), "devel, commit 0123456789ab-dirty"},
		{"v1.2.3", "abcdef", build(revision), "v1.2.3, commit abcdef"},
	} {
		if got, want := version(tc.release, tc.commit, tc.info), tc.want+", "+runtime.Version(); got != want {
			t.Errorf("version(%q, %q, %v) = %q, want %q", tc.release, tc.commit, tc.info, got, want)
		}
	}
}
