package chat_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// withMounts runs the rest of the test in a process of its own that may mount
// file systems; what is mounted goes with the process. See inProcess.
func withMounts(t *testing.T) bool {
	t.Helper()
	attr := &syscall.SysProcAttr{Unshareflags: syscall.CLONE_NEWNS}
	if os.Geteuid() != 0 { // who is root in a name space of their own may mount in it
		asUser(attr, 0)
	}
	return inProcess(t, attr)
}

// withoutPrivileges runs the rest of the test in a process to which what root
// may do is forbidden. See inProcess.
func withoutPrivileges(t *testing.T) bool {
	t.Helper()
	attr := &syscall.SysProcAttr{}
	asUser(attr, 1000) // a name space in which root is an ordinary user
	return inProcess(t, attr)
}

// asUser gives the process a name space in which its user has another number.
func asUser(attr *syscall.SysProcAttr, id int) {
	attr.Cloneflags |= syscall.CLONE_NEWUSER
	attr.UidMappings = []syscall.SysProcIDMap{{ContainerID: id, HostID: os.Getuid(), Size: 1}}
	attr.GidMappings = []syscall.SysProcIDMap{{ContainerID: id, HostID: os.Getgid(), Size: 1}}
}

// inProcess runs the test once more in a process of its own. It answers true in
// there, where the test goes on, and false to the caller, where it ends.
func inProcess(t *testing.T, attr *syscall.SysProcAttr) bool {
	t.Helper()
	const env = "CHAT_TEST_IN_PROCESS"
	if os.Getenv(env) == t.Name() {
		return true
	}
	cmd := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v")
	cmd.Env = append(os.Environ(), env+"="+t.Name(), "TMPDIR="+t.TempDir())
	cmd.SysProcAttr = attr
	out, err := cmd.CombinedOutput()
	_, ran := errors.AsType[*exec.ExitError](err)
	switch {
	case err != nil && !ran:
		cannotRun(t, err.Error())
	case strings.Contains(string(out), "--- SKIP: "):
		cannotRun(t, string(out))
	case err != nil || !strings.Contains(string(out), "--- PASS: "+t.Name()):
		t.Fatalf("%v\n%s", err, out)
	}
	t.Logf("%s", out)
	return false
}

// cannotRun skips a test; where root runs the checks of a change it fails, as
// it is to run there.
func cannotRun(t *testing.T, why string) {
	t.Helper()
	if os.Geteuid() == 0 && os.Getenv("CI") == "true" {
		t.Fatalf("no name space with file systems of its own: %s", why)
	}
	t.Skipf("skipped: no name space with file systems of its own: %s", why)
}

// mountTmpfs mounts a file system in memory of a size such as "4m".
func mountTmpfs(t *testing.T, size string) (dir string) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "disk")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "mode=0777,size="+size); err != nil {
		t.Skipf("mount: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// remount makes a file system read-only, or not.
func remount(t *testing.T, dir string, readOnly bool) {
	t.Helper()
	flags := uintptr(syscall.MS_REMOUNT)
	if readOnly {
		flags |= syscall.MS_RDONLY
	}
	if err := syscall.Mount("tmpfs", dir, "tmpfs", flags, ""); err != nil {
		t.Fatal(err)
	}
}
