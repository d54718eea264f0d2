package arch

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// pathName is a source file that a text names in backquotes: "algorithm.go", "plan/keys.go".
var pathName = regexp.MustCompile("`((?:[a-z_]+/)*[a-z_]+\\.(?:go|py))`")

// testName is a test or fuzz target that a text names in backquotes.
var testName = regexp.MustCompile("`((?:Test|Fuzz)[A-Za-z]+)`")

// packageRow is a row of ARCHITECTURE.md's table of packages.
var packageRow = regexp.MustCompile("(?m)^\\| (`[a-z/`, ]+`) \\|")

// Files and packages that the documents name exist, but for those that are decided and not built.
func TestDocumentsNameWhatExists(t *testing.T) {
	base := root(t)
	var paths []string
	for _, top := range []string{"gocore", "export", "pycylon", "tests"} {
		require.NoError(t, filepath.WalkDir(filepath.Join(base, top), func(path string, _ fs.DirEntry, err error) error {
			relative, _ := filepath.Rel(base, path)
			paths = append(paths, "/"+filepath.ToSlash(relative))
			return err
		}))
	}
	exists := func(name string) bool {
		for _, path := range paths {
			if strings.HasSuffix(path, "/"+name) {
				return true
			}
		}
		return false
	}
	named := 0
	for _, document := range []string{"ARCHITECTURE.md", "CONTRIBUTING.md"} {
		text, err := os.ReadFile(filepath.Join(base, document))
		require.NoError(t, err)
		for _, name := range pathName.FindAllStringSubmatch(string(text), -1) {
			assert.True(t, name[1] == "_linux.go" || exists(name[1]), "%s names %s, which is gone", document, name[1])
		}
		for _, row := range packageRow.FindAllStringSubmatch(string(text), -1) {
			for _, name := range strings.Split(row[1], ", ") {
				named++
				name = strings.TrimSuffix(strings.Trim(name, "`"), "/")
				assert.True(t, name == "export" || exists("gocore/"+name), "%s names the package %s, which is gone", document, name)
			}
		}
	}
	assert.Greater(t, named, 20, "packages in the table")
}

// Tests that the architecture names, as evidence of what it says, exist.
func TestDocumentsNameTestsThatExist(t *testing.T) {
	base := root(t)
	text, err := os.ReadFile(filepath.Join(base, "ARCHITECTURE.md"))
	require.NoError(t, err)
	var tests strings.Builder
	require.NoError(t, filepath.WalkDir(filepath.Join(base, "gocore"), func(path string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		source, err := os.ReadFile(path)
		tests.Write(source)
		return err
	}))
	names := testName.FindAllStringSubmatch(string(text), -1)
	assert.Greater(t, len(names), 30, "the threat model's")
	for _, name := range names {
		assert.Contains(t, tests.String(), "func "+name[1]+"(", "ARCHITECTURE.md names the test %s, which is gone", name[1])
	}
}
