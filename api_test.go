package salur_test

import (
	"flag"
	"fmt"
	"go/types"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/go/packages"
)

var update = flag.Bool("update", false, "write testdata/api.txt anew")

// The exported API is held to a file: whoever changes a line of it breaks somebody's build or JSON.
// Lines may be added (go test . -run TestAPI -update).
func TestAPI(t *testing.T) {
	t.Parallel()
	pkgs, err := packages.Load(&packages.Config{Mode: packages.NeedTypes | packages.NeedImports | packages.NeedDeps}, ".")
	if err != nil || len(pkgs) != 1 || len(pkgs[0].Errors) > 0 {
		t.Fatalf("%v, %v", pkgs, err)
	}
	got := strings.Join(exported(pkgs[0].Types), "\n") + "\n"
	if strings.Contains(got, "/internal/") {
		t.Errorf("an internal type shows:\n%s", got)
	}
	if *update {
		if err := os.WriteFile("testdata/api.txt", []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile("testdata/api.txt")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("the exported API is not as in testdata/api.txt (-file +code):\n%s", diff)
	}
}

// exported is a line for each name, field and method that another module can use.
func exported(pkg *types.Package) (lines []string) {
	full := func(p *types.Package) string {
		if p == pkg {
			return ""
		}
		return p.Path()
	}
	for _, name := range pkg.Scope().Names() {
		o := pkg.Scope().Lookup(name)
		if !o.Exported() {
			continue
		}
		switch o := o.(type) {
		case *types.Const:
			lines = append(lines, fmt.Sprintf("%s = %s", types.ObjectString(o, full), o.Val()))
		case *types.TypeName:
			named := o.Type().(*types.Named)
			if s, ok := named.Underlying().(*types.Struct); ok {
				lines = append(lines, "type "+name+" struct")
				for i := range s.NumFields() {
					if f := s.Field(i); f.Exported() {
						lines = append(lines, strings.TrimSpace(fmt.Sprintf("%s.%s %s %s", name, f.Name(), types.TypeString(f.Type(), full), s.Tag(i))))
					}
				}
			} else {
				lines = append(lines, types.ObjectString(o, full))
			}
			for m := range types.NewMethodSet(types.NewPointer(named)).Methods() {
				if m.Obj().Exported() && len(m.Index()) == 1 {
					lines = append(lines, types.ObjectString(m.Obj(), full))
				}
			}
		default:
			lines = append(lines, types.ObjectString(o, full))
		}
	}
	slices.Sort(lines)
	return lines
}
