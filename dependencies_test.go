package salur_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/go/packages"
)

// Whoever imports the package gets these modules and no others: Redis, asynq with what it needs, and the API of OpenTelemetry,
// which is what a caller's span stands in a context by. None of its SDK.
func TestDependencies(t *testing.T) {
	t.Parallel()
	pkgs, err := packages.Load(&packages.Config{Mode: packages.NeedName | packages.NeedImports | packages.NeedDeps | packages.NeedModule}, ".")
	if err != nil || len(pkgs) != 1 {
		t.Fatalf("%v, %v", pkgs, err)
	}
	var modules []string
	packages.Visit(pkgs, func(p *packages.Package) bool {
		if p.Module != nil && !p.Module.Main && !slices.Contains(modules, p.Module.Path) {
			modules = append(modules, p.Module.Path)
		}
		return true
	}, nil)
	slices.Sort(modules)
	if diff := cmp.Diff([]string{
		"github.com/cespare/xxhash/v2",
		"github.com/google/uuid",
		"github.com/hibiken/asynq",
		"github.com/redis/go-redis/v9",
		"github.com/robfig/cron/v3",
		"github.com/spf13/cast",
		"go.opentelemetry.io/otel",
		"go.opentelemetry.io/otel/trace",
		"go.uber.org/atomic",
		"golang.org/x/sys",
		"golang.org/x/time",
		"google.golang.org/protobuf",
	}, modules); diff != "" {
		t.Errorf("what comes along has changed (-want +got):\n%s", diff)
	}
}
