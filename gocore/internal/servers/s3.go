package servers

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
)

// S3 starts an S3 server with an empty bucket, sets the test's environment to its credentials, and returns the URL of the
// bucket and the folder in which it lies.
func S3(t testing.TB) (url, folder string) {
	t.Helper()
	path := program(t, "versitygw")
	root := t.TempDir()
	folder = filepath.Join(root, "bucket")
	if err := os.Mkdir(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("AWS_ACCESS_KEY_ID", "pycylon")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "a secret of the tests")
	t.Setenv("AWS_REGION", "us-east-1")
	port := start(t, func(port int) *exec.Cmd {
		cmd := exec.Command(path, "--port", "127.0.0.1:"+strconv.Itoa(port), "--quiet", "posix", "--nometa", root)
		cmd.Env = append(os.Environ(), "ROOT_ACCESS_KEY=pycylon", "ROOT_SECRET_KEY=a secret of the tests")
		return cmd
	})
	return fmt.Sprintf("s3://bucket/jobs?endpoint=http://127.0.0.1:%d", port), folder
}
