package chat_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const modulePath = "example.com/chat"

func ours(path string) bool { return path == modulePath || strings.HasPrefix(path, modulePath+"/") }

// TestTheCoreNeedsFewModules: a program that imports the root package gets no
// test library, and of other people's code only what is named here.
func TestTheCoreNeedsFewModules(t *testing.T) {
	packages := packagesOf(t)
	allowed := []string{
		"go.etcd.io/bbolt", "go.etcd.io/bbolt/", "github.com/google/uuid", "github.com/yuin/goldmark", "github.com/yuin/goldmark/",
		"golang.org/x/net/html", "golang.org/x/net/html/atom", "golang.org/x/net/html/charset", "golang.org/x/net/idna",
		"golang.org/x/sys/", "golang.org/x/text/", // x/text comes with charset and idna
	}
	for _, path := range packages[modulePath].Deps {
		p := packages[path]
		switch {
		case path == "testing" || strings.HasPrefix(path, "testing/"):
			t.Errorf("the root package reaches %s", path)
		case path == "unsafe" || path == "C" || p.Standard || ours(path):
		case !slices.ContainsFunc(allowed, func(a string) bool {
			return path == a || strings.HasSuffix(a, "/") && strings.HasPrefix(path, a)
		}):
			t.Errorf("the root package reaches %s, which is not one of %s", path, strings.Join(allowed, ", "))
		}
	}
}

// TestWhatPackagesImport has each part of the library know only what it is to
// know.
func TestWhatPackagesImport(t *testing.T) {
	packages := packagesOf(t)
	for _, path := range []string{modulePath + "/chattest", modulePath + "/storage/storagetest"} {
		for _, imported := range packages[path].Imports {
			if !packages[imported].Standard && !ours(imported) {
				t.Errorf("%s imports %s; it is to need nothing of others", path, imported)
			}
		}
	}
	for path, p := range packages {
		if !ours(path) {
			continue
		}
		for _, imported := range p.Imports {
			switch {
			case path == modulePath+"/storage" && !packages[imported].Standard:
				t.Errorf("%s imports %s; the seam needs only the standard library", path, imported)
			case strings.HasPrefix(path, modulePath+"/storage") && ours(imported) && !strings.HasPrefix(imported, modulePath+"/storage"):
				t.Errorf("%s imports %s; a driver knows nothing of chat", path, imported)
			case strings.HasPrefix(path, modulePath+"/internal/") && imported == modulePath:
				t.Errorf("%s imports the root package", path)
			case imported == "go.etcd.io/bbolt" && path != modulePath+"/storage/boltstore":
				t.Errorf("%s imports bbolt", path)
			}
		}
	}
}

// TestNothingHappensOnImport: no package runs code when it is imported, and none
// keeps state that two Apps of one program would share.
func TestNothingHappensOnImport(t *testing.T) {
	packages := packagesOf(t)
	seen := 0
	for _, path := range slices.Sorted(maps.Keys(packages)) {
		if !ours(path) || len(packages[path].GoFiles) == 0 {
			continue
		}
		seen++
		files := token.NewFileSet()
		c := &stateChecker{t: t, files: files, info: &types.Info{
			Uses: map[*ast.Ident]types.Object{}, Defs: map[*ast.Ident]types.Object{}, Selections: map[*ast.SelectorExpr]*types.Selection{},
		}}
		var parsed []*ast.File
		for _, name := range packages[path].GoFiles {
			file, err := parser.ParseFile(files, filepath.Join(packages[path].Dir, name), nil, 0)
			if err != nil {
				t.Fatal(err)
			}
			parsed = append(parsed, file)
		}
		config := types.Config{Importer: newImporter(t, files)}
		pkg, err := config.Check(path, files, parsed, c.info)
		if err != nil {
			t.Fatal(err)
		}
		c.pkg = pkg
		for _, file := range parsed {
			c.check(file)
		}
	}
	if seen < 10 {
		t.Errorf("only %d packages were checked", seen)
	}
}

// TestChangedStateIsNoticed shows that the check of the test above can fail.
func TestChangedStateIsNoticed(t *testing.T) {
	const source = `package p
import "sync"
var (
	list   []int
	byName = map[string]int{}
	count  int
	lock   sync.Mutex
	fine   = map[string]int{"a": 1}
	queue  = make(chan int)
)
func init() {}
func f() int {
	list = append(list, 1)
	byName["a"]++
	_ = &count
	lock.Lock()
	local := fine["a"]
	local++
	return local + <-queue
}`
	files := token.NewFileSet()
	file, err := parser.ParseFile(files, "p.go", source, 0)
	if err != nil {
		t.Fatal(err)
	}
	c := &stateChecker{files: files, info: &types.Info{
		Uses: map[*ast.Ident]types.Object{}, Defs: map[*ast.Ident]types.Object{}, Selections: map[*ast.SelectorExpr]*types.Selection{},
	}}
	config := types.Config{Importer: newImporter(t, files)}
	if c.pkg, err = config.Check("p", files, []*ast.File{file}, c.info); err != nil {
		t.Fatal(err)
	}
	c.check(file)
	found := strings.Join(c.problems, "\n")
	for _, name := range []string{"init", "list", "byName", "count", "lock", "queue"} {
		if !strings.Contains(found, name) {
			t.Errorf("%s is not noticed in:\n%s", name, found)
		}
	}
	if strings.Contains(found, "fine") {
		t.Errorf("what never changes is found:\n%s", found)
	}
}

// stateChecker finds what a package does on import, and package variables that
// change. Without t it collects.
type stateChecker struct {
	t        *testing.T
	files    *token.FileSet
	pkg      *types.Package
	info     *types.Info
	problems []string
}

func (c *stateChecker) report(at token.Pos, name, what string) {
	problem := c.files.Position(at).String() + ": " + name + " " + what
	c.problems = append(c.problems, problem)
	if c.t != nil {
		c.t.Error(problem)
	}
}

func (c *stateChecker) check(file *ast.File) {
	for _, decl := range file.Decls {
		switch decl := decl.(type) {
		case *ast.FuncDecl:
			if decl.Recv == nil && decl.Name.Name == "init" {
				c.report(decl.Pos(), "init", "runs on import")
			}
		case *ast.GenDecl:
			c.checkVars(decl)
		}
	}
	ast.Inspect(file, func(node ast.Node) bool {
		switch node := node.(type) {
		case *ast.AssignStmt:
			if node.Tok != token.DEFINE {
				c.changes(node.Lhs...)
			}
		case *ast.IncDecStmt:
			c.changes(node.X)
		case *ast.RangeStmt:
			if node.Tok == token.ASSIGN {
				c.changes(node.Key, node.Value)
			}
		case *ast.UnaryExpr:
			if node.Op == token.AND {
				c.changes(node.X)
			}
		case *ast.CallExpr:
			c.checkCall(node)
		}
		return true
	})
}

// checkVars finds variables whose type is there to be changed.
func (c *stateChecker) checkVars(decl *ast.GenDecl) {
	if decl.Tok != token.VAR {
		return
	}
	for _, spec := range decl.Specs {
		for _, name := range spec.(*ast.ValueSpec).Names {
			v, ok := c.info.Defs[name].(*types.Var)
			if !ok {
				continue
			}
			_, isChannel := v.Type().Underlying().(*types.Chan)
			if text := v.Type().String(); isChannel || strings.HasPrefix(text, "sync.") || strings.HasPrefix(text, "sync/atomic.") {
				c.report(name.Pos(), name.Name, "is of the type "+text)
			}
		}
	}
}

// checkCall finds calls that change their receiver or first argument.
func (c *stateChecker) checkCall(call *ast.CallExpr) {
	switch fun := call.Fun.(type) {
	case *ast.Ident:
		_, isBuiltin := c.info.Uses[fun].(*types.Builtin)
		if isBuiltin && (fun.Name == "delete" || fun.Name == "clear" || fun.Name == "copy") {
			c.changes(call.Args[0])
		}
	case *ast.SelectorExpr:
		s := c.info.Selections[fun]
		if s == nil || s.Kind() != types.MethodVal {
			return
		}
		receiver := s.Obj().(*types.Func).Signature().Recv().Type()
		_, byPointer := receiver.(*types.Pointer)
		_, isPointer := s.Recv().Underlying().(*types.Pointer)
		if byPointer && !isPointer { // x.Method() is (&x).Method()
			c.changes(fun.X)
		}
	}
}

// changes reports the package variables among what is changed.
func (c *stateChecker) changes(targets ...ast.Expr) {
	for _, target := range targets {
		if name := c.root(target); name != nil {
			if v, ok := c.info.Uses[name].(*types.Var); ok && v.Parent() == c.pkg.Scope() {
				c.report(name.Pos(), name.Name, "is changed")
			}
		}
	}
}

// root is the variable that an expression is a part of.
func (c *stateChecker) root(e ast.Expr) *ast.Ident {
	for {
		switch x := e.(type) {
		case *ast.Ident:
			return x
		case *ast.ParenExpr:
			e = x.X
		case *ast.StarExpr:
			e = x.X
		case *ast.IndexExpr:
			e = x.X
		case *ast.SliceExpr:
			e = x.X
		case *ast.SelectorExpr:
			e = x.X
		default:
			return nil
		}
	}
}
