package arch

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const module = "github.com/pycylon/pycylon/"

// file is a parsed source file. Folder and Name are relative to the module's root.
type file struct {
	*ast.File
	folder, name string
	set          *token.FileSet
}

func (f *file) isTest() bool { return strings.HasSuffix(f.name, "_test.go") }

func (f *file) at(n ast.Node) string {
	return filepath.Join(f.folder, f.name) + ":" + strconv.Itoa(f.set.Position(n.Pos()).Line)
}

// imports returns the paths that f imports; those of this module without its name.
func (f *file) imports() []string {
	var paths []string
	for _, spec := range f.Imports {
		path, _ := strconv.Unquote(spec.Path.Value)
		paths = append(paths, strings.TrimPrefix(path, module))
	}
	return paths
}

// root returns the folder of go.mod.
func root(t *testing.T) string {
	t.Helper()
	folder, err := os.Getwd()
	require.NoError(t, err)
	for {
		if _, err := os.Stat(filepath.Join(folder, "go.mod")); err == nil {
			return folder
		}
		require.NotEqual(t, folder, filepath.Dir(folder), "no go.mod above the test")
		folder = filepath.Dir(folder)
	}
}

// sources parses every Go file of gocore and export, whatever its build constraints.
func sources(t *testing.T) []*file {
	t.Helper()
	base := root(t)
	var files []*file
	for _, top := range []string{"gocore", "export"} {
		err := filepath.WalkDir(filepath.Join(base, top), func(path string, entry fs.DirEntry, err error) error {
			switch {
			case err != nil && os.IsNotExist(err):
				return nil
			case err != nil:
				return err
			case entry.IsDir() && (entry.Name() == "testdata" || strings.HasPrefix(entry.Name(), ".")):
				return filepath.SkipDir
			case entry.IsDir() || !strings.HasSuffix(path, ".go"):
				return nil
			}
			set := token.NewFileSet()
			parsed, err := parser.ParseFile(set, path, nil, parser.ParseComments)
			if err != nil {
				return err
			}
			relative, err := filepath.Rel(base, path)
			if err != nil {
				return err
			}
			files = append(files, &file{parsed, filepath.ToSlash(filepath.Dir(relative)), filepath.Base(path), set})
			return nil
		})
		require.NoError(t, err)
	}
	require.Greater(t, len(files), 50, "the module's files")
	return files
}

// under tells whether path is one of folders or lies below one.
func under(path string, folders ...string) bool {
	return slices.ContainsFunc(folders, func(folder string) bool {
		return path == folder || strings.HasPrefix(path, folder+"/")
	})
}
