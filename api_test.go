package chat_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"go/importer"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var updateAPI = flag.Bool("update-api", false, "write the golden file of the exported API anew")

// exportedPackages are those that others may import.
var exportedPackages = []string{
	"example.com/chat",
	"example.com/chat/chattest",
	"example.com/chat/storage",
	"example.com/chat/storage/boltstore",
	"example.com/chat/storage/memstore",
	"example.com/chat/storage/storagetest",
	"example.com/chat/webhook",
}

// TestExportedAPIIsTheGoldenFile shows every change of the exported API as a
// change of a file, to be looked at as such.
func TestExportedAPIIsTheGoldenFile(t *testing.T) {
	var lines []string
	load := newImporter(t, token.NewFileSet())
	for _, path := range exportedPackages {
		pkg, err := load.Import(path)
		if err != nil {
			t.Fatal(err)
		}
		lines = append(lines, apiOf(pkg)...)
	}
	got := strings.Join(lines, "\n") + "\n"
	golden := filepath.Join("api", "chat.txt")
	if *updateAPI {
		if err := os.MkdirAll("api", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got, "\n"))
		t.Errorf("the exported API has changed (-%s +now); if that is meant, run go test -run API -update-api .\n%s", golden, diff)
	}
}

// listed is what the go command says of a package.
type listed struct {
	ImportPath string
	Dir        string
	Export     string // file with what the package exports
	Standard   bool
	GoFiles    []string
	Imports    []string
	Deps       []string
	Module     *struct{ Path string }
}

// listPackages asks the go command for all packages of the module and what they
// import, compiled, once for all tests.
var listPackages = sync.OnceValues(func() (map[string]*listed, error) {
	list := exec.Command("go", "list", "-export", "-deps",
		"-json=ImportPath,Dir,Export,Standard,GoFiles,Imports,Deps,Module", "./...")
	var problems bytes.Buffer
	list.Stderr = &problems
	out, err := list.Output()
	if err != nil {
		return nil, fmt.Errorf("go list: %w\n%s", err, problems.String())
	}
	packages := map[string]*listed{}
	for decoder := json.NewDecoder(bytes.NewReader(out)); ; {
		p := new(listed)
		if err := decoder.Decode(p); err == io.EOF {
			return packages, nil
		} else if err != nil {
			return nil, err
		}
		packages[p.ImportPath] = p
	}
})

func packagesOf(t *testing.T) map[string]*listed {
	t.Helper()
	packages, err := listPackages()
	if err != nil {
		t.Fatal(err)
	}
	return packages
}

// newImporter imports packages as they are compiled, which is quick.
func newImporter(t *testing.T, files *token.FileSet) types.Importer {
	t.Helper()
	packages := packagesOf(t)
	return importer.ForCompiler(files, "gc", func(path string) (io.ReadCloser, error) {
		p := packages[path]
		if p == nil || p.Export == "" {
			return nil, fmt.Errorf("package %q is not among the imports of this module", path)
		}
		return os.Open(p.Export)
	})
}

// apiOf is what a package exports, a line a fact.
func apiOf(pkg *types.Package) []string {
	a := &apiWriter{pkg: pkg}
	for _, name := range pkg.Scope().Names() {
		object := pkg.Scope().Lookup(name)
		if !object.Exported() {
			continue
		}
		switch object := object.(type) {
		case *types.Const:
			a.add("const %s %s = %s", name, a.text(object.Type()), object.Val().ExactString())
		case *types.Var:
			a.add("var %s %s", name, a.text(object.Type()))
		case *types.Func:
			a.add("func %s%s", name, a.signature(object.Type()))
		case *types.TypeName:
			a.typeName(object)
		}
	}
	slices.Sort(a.lines)
	return a.lines
}

type apiWriter struct {
	pkg   *types.Package
	lines []string
}

func (a *apiWriter) add(format string, args ...any) {
	a.lines = append(a.lines, fmt.Sprintf("pkg %s, ", a.pkg.Path())+fmt.Sprintf(format, args...))
}

func (a *apiWriter) text(t types.Type) string {
	return types.TypeString(t, func(other *types.Package) string {
		if other == a.pkg {
			return ""
		}
		return other.Name()
	})
}

// signature is a function's parameters and results, without their names.
func (a *apiWriter) signature(t types.Type) string {
	unnamed := func(tuple *types.Tuple) *types.Tuple {
		var vars []*types.Var
		for v := range tuple.Variables() {
			vars = append(vars, types.NewParam(token.NoPos, nil, "", v.Type()))
		}
		return types.NewTuple(vars...)
	}
	s := t.(*types.Signature)
	plain := types.NewSignatureType(nil, nil, nil, unnamed(s.Params()), unnamed(s.Results()), s.Variadic())
	parameters := ""
	if s.TypeParams().Len() > 0 {
		parameters = a.typeParams(s.TypeParams())
	}
	return parameters + strings.TrimPrefix(a.text(plain), "func")
}

func (a *apiWriter) typeParams(list *types.TypeParamList) string {
	var names []string
	for p := range list.TypeParams() {
		names = append(names, p.Obj().Name()+" "+a.text(p.Constraint()))
	}
	return "[" + strings.Join(names, ", ") + "]"
}

func (a *apiWriter) typeName(object *types.TypeName) {
	name := object.Name()
	if object.IsAlias() {
		a.add("type %s = %s", name, a.text(types.Unalias(object.Type())))
		return
	}
	named := object.Type().(*types.Named)
	if named.TypeParams().Len() > 0 {
		name += a.typeParams(named.TypeParams())
	}
	switch under := named.Underlying().(type) {
	case *types.Struct:
		a.add("type %s struct", name)
		for i := range under.NumFields() {
			a.field(name, under.Field(i), under.Tag(i))
		}
	case *types.Interface:
		a.add("type %s interface", name)
		for m := range under.ExplicitMethods() {
			a.add("type %s interface, %s%s", name, m.Name(), a.signature(m.Type()))
		}
		for e := range under.EmbeddedTypes() {
			a.add("type %s interface, embedded %s", name, a.text(e))
		}
	default:
		a.add("type %s %s", name, a.text(under))
	}
	for m := range named.Methods() {
		if !m.Exported() {
			continue
		}
		receiver := a.text(m.Signature().Recv().Type())
		a.add("method (%s) %s%s", receiver, m.Name(), a.signature(m.Type()))
	}
}

func (a *apiWriter) field(owner string, field *types.Var, tag string) {
	if !field.Exported() {
		return
	}
	text := field.Name() + " " + a.text(field.Type())
	if field.Embedded() {
		text = "embedded " + a.text(field.Type())
	}
	if tag != "" {
		text += " `" + tag + "`"
	}
	a.add("type %s struct, %s", owner, text)
}
