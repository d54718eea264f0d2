package arch

import (
	"go/ast"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestOnePackageCommentPerPackage(t *testing.T) {
	comments := map[string][]string{}
	for _, f := range sources(t) {
		if f.isTest() {
			continue
		}
		if _, ok := comments[f.folder]; !ok {
			comments[f.folder] = nil
		}
		if f.Doc != nil {
			comments[f.folder] = append(comments[f.folder], f.name)
			start := "Package " + f.Name.Name + " "
			if f.Name.Name == "main" {
				continue
			}
			assert.True(t, strings.HasPrefix(f.Doc.Text(), start), "%s/%s: the package comment begins with %q", f.folder, f.name, start)
		}
	}
	for folder, names := range comments {
		assert.Len(t, names, 1, "package comments of %s", folder)
	}
}

func TestExportedNamesHaveComments(t *testing.T) {
	for _, f := range sources(t) {
		if f.isTest() || f.Name.Name == "main" {
			continue
		}
		for _, decl := range f.Decls {
			switch d := decl.(type) {
			case *ast.FuncDecl:
				assert.True(t, d.Doc != nil || !d.Name.IsExported() || !exportedReceiver(d), "%s: %s has no comment", f.at(d), d.Name.Name)
			case *ast.GenDecl:
				for _, spec := range d.Specs {
					if s, ok := spec.(*ast.TypeSpec); ok {
						assert.True(t, d.Doc != nil || s.Doc != nil || !s.Name.IsExported(), "%s: %s has no comment", f.at(s), s.Name.Name)
					}
				}
			}
		}
	}
}

// exportedReceiver tells whether d is a function, or a method of an exported type.
func exportedReceiver(d *ast.FuncDecl) bool {
	if d.Recv == nil {
		return true
	}
	typ := d.Recv.List[0].Type
	for {
		switch t := typ.(type) {
		case *ast.StarExpr:
			typ = t.X
		case *ast.IndexExpr:
			typ = t.X
		case *ast.IndexListExpr:
			typ = t.X
		case *ast.Ident:
			return t.IsExported()
		default:
			return false
		}
	}
}

func TestGoroutinesOnlyThroughTask(t *testing.T) {
	for _, f := range sources(t) {
		if f.isTest() || under(f.folder, "gocore/base/task", "gocore/comm/channel/channeltest") {
			continue
		}
		ast.Inspect(f.File, func(n ast.Node) bool {
			if _, ok := n.(*ast.GoStmt); ok {
				assert.Fail(t, "go statement", "%s: start it with task.Group.Go, which recovers its panic and joins it", f.at(n))
			}
			return true
		})
	}
}

// forbidden are the names that write to file descriptors 1 and 2, by package.
var forbidden = map[string][]string{
	"os":  {"Stdout", "Stderr"},
	"fmt": {"Print", "Printf", "Println"},
}

func TestNothingWritesToStandardOutput(t *testing.T) {
	for _, f := range sources(t) {
		if f.isTest() || under(f.folder, "gocore/cmd") {
			continue
		}
		ast.Inspect(f.File, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.SelectorExpr:
				of, ok := n.X.(*ast.Ident)
				if !ok {
					return true
				}
				for _, name := range forbidden[of.Name] {
					assert.NotEqual(t, name, n.Sel.Name, "%s: %s.%s writes to a descriptor that is Python's: use base/events", f.at(n), of.Name, name)
				}
			case *ast.CallExpr:
				if of, ok := n.Fun.(*ast.Ident); ok {
					assert.False(t, of.Name == "print" || of.Name == "println", "%s: %s writes to standard error", f.at(n), of.Name)
				}
			}
			return true
		})
	}
}
