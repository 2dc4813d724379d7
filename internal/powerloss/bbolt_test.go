package powerloss

import (
	"encoding/json"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

const bboltModule = "go.etcd.io/bbolt"

// change is a replacement in bbolt's source.
type change struct {
	old, new string
	times    int // how often old is there
}

// bboltChanges have bbolt tell testdata/record.go whatever it does to its file.
var bboltChanges = []change{
	{"db.ops.writeAt = db.file.WriteAt", "db.ops.writeAt = db.recordedWriteAt", 1},
	{"db.file.Truncate(int64(sz)); err != nil {\n\t\t\t\tlg.", "db.recordedTruncate(int64(sz)); err != nil {\n\t\t\t\tlg.", 1},
	{"err := db.file.Sync()", "err := db.recordedSync()", 1},
	{"func fdatasync(db *DB) error", "func unrecordedFdatasync(db *DB) error", 4}, // one is compiled
}

// storeChanges have boltstore tell testdata/journal.go what it does to journals,
// and make them short, so that they are used again and again.
var storeChanges = []change{
	{"j.file.WriteAt(", "recordedWriteAt(j.file, ", 3},
	{"syncData(j.file)", "recordedSync(j.file)", 1},
	{"file, err := os.OpenFile(path, os.O_CREATE", "file, err := recordedCreate(path, os.O_CREATE", 1},
	{"_ = os.Remove(path)", "_ = recordedRemove(path)", 1},
	{"syncDir(filepath.Dir(path))\n\t}\n\treturn js", "recordedSyncDir(filepath.Dir(path))\n\t}\n\treturn js", 1},
	{"sealed: 4 << 20, frame: 4 << 20", "sealed: 24 << 10, frame: 32 << 10", 1},
}

// buildChild compiles this test with a bbolt that records, and returns the
// program. go test -overlay refuses to replace files of the module cache: so all
// of bbolt appears in a directory that is not there, which takes the module's
// place. That the directory is always the same lets the build cache do its part.
func buildChild(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	root := filepath.Dir(output(t, "go", "env", "GOMOD"))
	here := filepath.Join(root, "internal", "powerloss", "testdata")
	appear := filepath.Join(here, "bbolt")
	files := changed(t, bboltChanges, output(t, "go", "list", "-m", "-f", "{{.Dir}}", bboltModule), appear, filepath.Join(dir, "bbolt"))
	files[filepath.Join(appear, "record.go")] = filepath.Join(here, "record.go")
	store := filepath.Join(root, "storage", "boltstore")
	maps.Copy(files, changed(t, storeChanges, store, store, filepath.Join(dir, "boltstore")))
	files[filepath.Join(store, "record.go")] = filepath.Join(here, "journal.go")
	overlay, err := json.Marshal(map[string]any{"Replace": files})
	if err != nil {
		t.Fatal(err)
	}
	overlayFile := filepath.Join(dir, "overlay.json")
	write(t, overlayFile, overlay)

	mod := filepath.Join(dir, "go.mod")
	write(t, mod, read(t, filepath.Join(root, "go.mod")))
	write(t, filepath.Join(dir, "go.sum"), read(t, filepath.Join(root, "go.sum")))
	output(t, "go", "mod", "edit", "-replace="+bboltModule+"="+appear, mod)

	child := filepath.Join(dir, "powerloss.test")
	output(t, "go", "test", "-c", "-vet=off", "-overlay="+overlayFile, "-modfile="+mod, "-o", child, ".")
	return child
}

// changed has the files of a package appear in a directory: what is changed from
// dir, where it is written to, and all else from where it is.
func changed(t *testing.T, changes []change, source, appear, dir string) map[string]string {
	t.Helper()
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	times := make([]int, len(changes))
	err := fs.WalkDir(os.DirFS(source), ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || strings.HasSuffix(name, "_test.go") {
			return err
		}
		from := filepath.Join(source, filepath.FromSlash(name))
		files[filepath.Join(appear, filepath.FromSlash(name))] = from
		if strings.Contains(name, "/") || !strings.HasSuffix(name, ".go") {
			return nil
		}
		text := string(read(t, from))
		for i, c := range changes {
			times[i] += strings.Count(text, c.old)
			text = strings.ReplaceAll(text, c.old, c.new)
		}
		write(t, filepath.Join(dir, name), []byte(text))
		files[filepath.Join(appear, name)] = filepath.Join(dir, name)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for i, c := range changes {
		if times[i] != c.times {
			t.Fatalf("%q is %d times in %s, want %d times: it has changed, and so must this test", c.old, times[i], source, c.times)
		}
	}
	return files
}

// output runs a command in this directory.
func output(t *testing.T, name string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Env = append(os.Environ(), "GOWORK=off")
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v\n%s%s", cmd, err, out, stderr.String())
	}
	return strings.TrimSpace(string(out))
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func write(t *testing.T, path string, data []byte) {
	t.Helper()
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
}
