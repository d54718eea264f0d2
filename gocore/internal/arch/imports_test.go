package arch

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

// rule is what the packages of a folder may import of this module.
type rule struct {
	folder string
	may    []string // folders, and what lies below them
	reason string
}

// rules are tried in order: the first whose folder holds a package is the one.
var rules = []rule{
	{"gocore/base", []string{"gocore/base"},
		"the base is below everything and knows nothing of tables or networks"},
	{"gocore/comm/channel/channeltest", []string{"gocore/base", "gocore/comm", "gocore/internal/leak"},
		"the conformance suite that the channels' tests run"},
	{"gocore/comm", []string{"gocore/base", "gocore/comm"},
		"how ranks talk doesn't depend on what they compute: bytes only, so that it can be tested and changed alone"},
	{"gocore/plan", []string{"gocore/base", "gocore/engine/column", "gocore/engine/compute", "gocore/engine/function"},
		"a plan is pure: it knows types, their casts and functions, and neither executes nor communicates"},
	{"gocore/engine/column", []string{"gocore/base"},
		"the lowest package of the engine"},
	{"gocore/engine/radix", []string{"gocore/base"},
		"kernels over plain slices"},
	{"gocore/engine/grid", nil,
		"kernels over plain slices"},
	{"gocore/engine/table", []string{"gocore/base", "gocore/engine/column"},
		"rows are columns and nothing else"},
	{"gocore/engine/hashing", []string{"gocore/base", "gocore/engine/column"},
		"part of the wire protocol: it must not change with an operator"},
	{"gocore/engine/compute", []string{"gocore/base", "gocore/engine/column", "gocore/engine/hashing"},
		"kernels know columns and the hash of their values, not batches, pipelines or queries"},
	{"gocore/engine/function", []string{"gocore/base", "gocore/engine/column", "gocore/engine/compute"},
		"functions are names and types of kernels: plans bind them, expressions call them"},
	{"gocore/engine/encoding", []string{"gocore/base", "gocore/engine/column", "gocore/engine/table", "gocore/engine/compute"},
		"a format is used by operators and files, not the other way round"},
	{"gocore/engine/spill", []string{"gocore/base"},
		"files of bytes: what lies in them is their writer's"},
	{"gocore/engine/exec", []string{"gocore/base", "gocore/engine/column", "gocore/engine/table", "gocore/engine/spill"},
		"pipelines run any operator and know none"},
	{"gocore/engine/expr", []string{"gocore/base", "gocore/engine/column", "gocore/engine/table", "gocore/engine/compute", "gocore/engine/function"},
		"expressions work on a batch, in whatever pipeline"},
	{"gocore/engine", []string{"gocore/base", "gocore/engine"},
		"how one rank computes doesn't depend on other ranks; plans are lowered to operators above, in dist"},
	{"gocore/dist", []string{"gocore/base", "gocore/comm", "gocore/engine", "gocore/plan"},
		"the only place where both wings meet"},
	{"gocore/session", []string{"gocore/base", "gocore/comm", "gocore/engine", "gocore/plan", "gocore/dist"},
		"an open environment is below the C ABI"},
	{"gocore/cmd", []string{"gocore/base", "gocore/comm"},
		"programs run services that need no engine"},
	{"gocore/internal/servers", nil,
		"real servers, which know nothing of what is tested"},
	{"gocore/internal/natlab", []string{"gocore/base"},
		"a laboratory of networks, not of the code under test"},
	{"gocore/internal", []string{"gocore/base", "gocore/engine", "gocore/internal"},
		"helpers of tests"},
	{"export", []string{"gocore/base", "gocore/session", "gocore/engine/column", "gocore/engine/table", "gocore/engine/compute", "gocore/comm/rendezvous", "gocore/comm/trust"},
		"the C ABI translates: tables, errors, sessions and services, never operators or plans"},
}

func ruleFor(folder string) *rule {
	for i := range rules {
		if under(folder, rules[i].folder) {
			return &rules[i]
		}
	}
	return nil
}

func TestImportArrows(t *testing.T) {
	for _, f := range sources(t) {
		r := ruleFor(f.folder)
		if !assert.NotNil(t, r, "%s: no rule says what this package may import: add one here and to ARCHITECTURE.md", f.folder) {
			continue
		}
		for _, path := range f.imports() {
			if f.isTest() || !under(path, "gocore", "export") {
				continue // tests put together what they like
			}
			assert.True(t, under(path, r.may...) || path == f.folder,
				"%s/%s imports %s, but %s may import only %s: %s", f.folder, f.name, path, r.folder, strings.Join(r.may, ", "), r.reason)
		}
	}
}

// ban is an import that only some folders may have.
type ban struct {
	path    string // or what lies below it, up to another ban
	allowed []string
	tests   bool // tests everywhere may, too
	reason  string
}

var bans = []ban{
	{"C", []string{"export"}, false,
		"one C boundary: its guard against forked children and panics must stand before every entry"},
	{"github.com/apache/arrow/go/v17/arrow/array", []string{"export", "gocore/engine/fileio"}, true,
		"arrow's arrays are for where data enters, leaves or is read from files; the engine has columns off Go's heap"},
	{"github.com/apache/arrow/go/v17/arrow/compute", nil, false,
		"its kernels give wrong answers in v17 (equal on bool, take of structs) and allocate on Go's heap: use engine/compute"},
	{"github.com/apache/arrow/go/v17/parquet", nil, false,
		"it brings thrift, grpc and protobuf: 25 MB of library"},
	{"testing", []string{"gocore/internal", "gocore/comm/channel/channeltest"}, true,
		"it registers flags and grows the library"},
	{"github.com/stretchr/testify", []string{"gocore/internal", "gocore/comm/channel/channeltest"}, true,
		"for tests"},
	{"os/signal", []string{"gocore/cmd"}, true,
		"SIGINT is Python's: a library that takes it breaks Ctrl-C"},
	{"log", []string{"export"}, true,
		"it writes to file descriptor 2, which is Python's, and dies of SIGPIPE where that is closed: use base/events"},
	{"log/slog", []string{"gocore/comm/rendezvous", "gocore/cmd", "export"}, true,
		"for servers, to a handler that their program gives them; what an environment tells goes to base/events"},
	{"net/http", []string{"gocore/comm/store/s3", "gocore/cmd"}, true,
		"it grows the library by megabytes: programs serve figures, the library hands them out"},
	{"github.com/prometheus", []string{"gocore/cmd"}, true,
		"it grows the library by megabytes: programs serve figures, the library hands them out"},
}

// banOn returns the ban on an import: the most specific one.
func banOn(path string) (on *ban) {
	for i := range bans {
		if b := &bans[i]; under(path, b.path) && (on == nil || len(b.path) > len(on.path)) {
			on = b
		}
	}
	return on
}

func TestBannedImports(t *testing.T) {
	for _, f := range sources(t) {
		for _, path := range f.imports() {
			if b := banOn(path); b != nil && !under(f.folder, b.allowed...) && !(b.tests && f.isTest()) {
				assert.Fail(t, "banned import", "%s/%s imports %s: %s", f.folder, f.name, path, b.reason)
			}
		}
	}
}

// The rules themselves: each matches what it is about, so that a folder that is renamed doesn't go unguarded.
func TestRulesMatch(t *testing.T) {
	folders := map[string]bool{}
	for _, f := range sources(t) {
		folders[f.folder] = true
	}
	for _, r := range rules {
		found := false
		for folder := range folders {
			found = found || under(folder, r.folder)
		}
		assert.True(t, found, "no package lies in %s", r.folder)
		assert.NotEmpty(t, r.reason, r.folder)
	}
	assert.Equal(t, "gocore/engine/column", ruleFor("gocore/engine/column").folder)
	assert.Equal(t, "gocore/engine", ruleFor("gocore/engine/columnar").folder, "a name that begins like another")
	assert.Nil(t, ruleFor("elsewhere"))
}
