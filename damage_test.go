package chat_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"example.com/chat"
	"example.com/chat/storage/boltstore"
)

// outcome is what a chat makes of a damaged file.
type outcome string

const (
	outcomeRefused outcome = "refused"       // it does not open
	outcomeError   outcome = "error"         // a read or Verify answers an error
	outcomeFound   outcome = "found"         // all reads answer, some wrongly, and Verify finds it
	outcomeRight   outcome = "right answers" // nothing is different
	outcomeSilent  outcome = "silent"        // a read is wrong, and nothing says so
	outcomePanic   outcome = "panic"         // a call panics
	outcomeDead    outcome = "dead"          // the process ends
	outcomeHang    outcome = "hang"          // it does not end
)

// damageCase is one way to damage a file: cut to a length, or one bit changed.
type damageCase struct {
	File   string // what its name ends in, see chatFiles
	Length int    // of the file; 0: as it is
	Bit    int    // to change, counted from the file's first; below 0: none
}

// chatFiles are what the names of a chat's files end in: the file itself, and
// what it has not taken in yet when its process is killed.
var chatFiles = []string{"", "-journal0", "-journal1"}

func (c damageCase) apply(content []byte) []byte {
	if c.Length > 0 {
		return content[:c.Length]
	}
	content = bytes.Clone(content)
	content[c.Bit/8] ^= 1 << (c.Bit % 8)
	return content
}

func (c damageCase) String() string {
	if c.Length > 0 {
		return fmt.Sprintf("%s cut to %d bytes", c.File, c.Length)
	}
	return fmt.Sprintf("%s: bit %d of byte %d changed", c.File, c.Bit%8, c.Bit/8)
}

// damagePlan is what the child process is told.
type damagePlan struct {
	Dir   string
	Cases []damageCase
}

const damageEnv = "CHAT_DAMAGE_PLAN"

// TestDamagedFile damages the file of a day in hundreds of ways. None may have a
// call panic or hang: what is wrong with the file is an error. bbolt's pages
// have no checksums, so a bit that changes within a value may change what is
// read; how often that goes unnoticed is counted, and bounded.
func TestDamagedFile(t *testing.T) {
	if plan := os.Getenv(damageEnv); plan != "" {
		damageChild(plan)
		return
	}
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	closed, killed, begun := t.TempDir(), t.TempDir(), t.TempDir()
	size := dayInFile(t, closed, dayClosed)[""]
	sizeKilled := dayInFile(t, killed, dayKilled)[""]
	sizeJournal := dayInFile(t, begun, dayBegun)["-journal0"]
	perPage, perPageOfJournal := 12, 3
	if testing.Short() || raceDetector {
		perPage, perPageOfJournal = 1, 1
	}
	for _, group := range []struct {
		name      string
		dir       string
		cases     []damageCase
		maxSilent int // in a hundred
		maxDead   int // in a hundred
	}{
		{"cut", closed, damageCuts(size), 0, 0},
		{"bits", closed, damageBits("", size, perPage, seed), 8, 0},
		// Of the pages that what is in the journal changes bbolt frees as many more
		// as their heads say, be it millions: those of the first pages are looked at.
		{"bits of a file whose process was killed", killed, damageBits("", sizeKilled, perPage, seed+1), 8, 2},
		// What is damaged last of all may never have been on the disk.
		{"bits of a journal", begun, damageBits("-journal0", sizeJournal, perPageOfJournal, seed+2), 3, 0},
	} {
		counts := map[outcome]int{}
		for i, result := range damageRun(t, group.dir, group.cases) {
			counts[result.outcome]++
			switch result.outcome {
			case outcomePanic:
				t.Errorf("%v: %s: %s", group.cases[i], result.outcome, result.detail)
			case outcomeDead, outcomeHang, outcomeSilent:
				t.Logf("%v: %s: %s", group.cases[i], result.outcome, result.detail)
			}
		}
		t.Logf("%s: %d ways to damage a file: %v", group.name, len(group.cases), counts)
		if len(group.cases) < 100 {
			continue // too few to say how many in a hundred
		}
		if n := counts[outcomeSilent]; n*100 > group.maxSilent*len(group.cases) {
			t.Errorf("%s: %d of %d go unnoticed, more than %d in a hundred", group.name, n, len(group.cases), group.maxSilent)
		}
		if n := counts[outcomeDead] + counts[outcomeHang]; n*100 > group.maxDead*len(group.cases) {
			t.Errorf("%s: %d of %d end the process or never end, more than %d in a hundred", group.name, n, len(group.cases), group.maxDead)
		}
		if counts[outcomeRefused]+counts[outcomeError] == 0 {
			t.Errorf("%s: nothing is ever noticed", group.name)
		}
	}
}

// What became of the process in which a day was.
const (
	dayClosed = iota // it closed the file
	dayKilled        // it was killed after the file was closed, opened and written to once more
	dayBegun         // it was killed, and the day is in a journal
)

// dayInFile runs the day on a file and leaves what there is then, with what
// everybody reads beside it. It returns how much of each file has been used.
func dayInFile(t *testing.T, dir string, became int) map[string]int {
	t.Helper()
	path := filepath.Join(dir, "good.db")
	store, err := boltstore.Open(path, &boltstore.Options{NoSync: true})
	if err != nil {
		t.Fatal(err)
	}
	d := beginDay(t, store)
	d.sleep = nil
	d.run(t)
	contents := readFiles(t, path)
	if err := errors.Join(d.app.Close(), store.Close()); err != nil {
		t.Fatal(err)
	}
	switch became {
	case dayClosed:
		contents = readFiles(t, path)
	case dayKilled:
		app, err := chat.Open(path, &chat.Options{NoBackground: true})
		if err != nil {
			t.Fatal(err)
		}
		if err := app.UpsertUsers(t.Context(), chat.User{ID: "late"}); err != nil {
			t.Fatal(err)
		}
		contents = readFiles(t, path)
		if err := app.Close(); err != nil {
			t.Fatal(err)
		}
	}
	sizes := map[string]int{}
	page := os.Getpagesize()
	for name, content := range contents {
		used := (len(bytes.TrimRight(content, "\x00")) + page - 1) / page * page
		if sizes[name] = used; name == "" {
			// Without the empty pages at the end that the file has grown by in advance.
			contents[name] = content[:used]
		}
	}
	copied := filepath.Join(dir, "copy.db")
	writeFiles(t, path, contents)
	writeFiles(t, copied, contents)
	reads, err := damageReads(copied)
	if err != nil || reads.problems > 0 {
		t.Fatalf("the file that is not damaged has %d problems (%v)", reads.problems, err)
	}
	b, err := json.Marshal(reads.lines)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "reads.json"), b, 0o600); err != nil {
		t.Fatal(err)
	}
	return sizes
}

// readFiles reads the files of a chat that are there.
func readFiles(t *testing.T, path string) map[string][]byte {
	t.Helper()
	contents, err := readChatFiles(path)
	if err != nil {
		t.Fatal(err)
	}
	return contents
}

func readChatFiles(path string) (map[string][]byte, error) {
	contents := map[string][]byte{}
	for _, name := range chatFiles {
		content, err := os.ReadFile(path + name)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		contents[name] = content
	}
	return contents, nil
}

func writeFiles(t *testing.T, path string, contents map[string][]byte) {
	t.Helper()
	for name, content := range contents {
		if err := os.WriteFile(path+name, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// damageCuts cuts a file at the ends of its pages and between.
func damageCuts(size int) (cases []damageCase) {
	page := os.Getpagesize()
	for at := page / 2; at < size; at += page / 2 {
		for _, length := range []int{at - 1, at, at + 100} {
			if length < size {
				cases = append(cases, damageCase{Length: length, Bit: -1})
			}
		}
	}
	return cases
}

// damageBits changes some random bits of each page of a file, half of them in its
// first bytes: there lies what bbolt goes by.
func damageBits(file string, size, perPage int, seed uint64) (cases []damageCase) {
	random := rand.New(rand.NewPCG(seed, 0))
	page := os.Getpagesize()
	for start := 0; start < size; start += page {
		for i := range perPage {
			within := page
			if i%2 == 0 {
				within = 128
			}
			cases = append(cases, damageCase{File: file, Bit: 8*start + random.IntN(8*within)})
		}
	}
	return cases
}

type damageResult struct {
	outcome outcome
	detail  string
}

// damageRun has child processes try all cases: one after the other, a new one
// after each that dies.
func damageRun(t *testing.T, dir string, cases []damageCase) (results []damageResult) {
	t.Helper()
	for len(results) < len(cases) {
		results = append(results, damageProcess(t, dir, cases[len(results):])...)
	}
	return results
}

// damageProcess is one child's results; if it dies the last is how.
func damageProcess(t *testing.T, dir string, cases []damageCase) (results []damageResult) {
	t.Helper()
	plan, err := json.Marshal(damagePlan{dir, cases})
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "plan.json")
	if err := os.WriteFile(file, plan, 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(os.Args[0], "-test.run=^TestDamagedFile$")
	cmd.Env = append(os.Environ(), damageEnv+"="+file)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	const patience = time.Minute // for one case
	hangs := false
	watch := time.AfterFunc(patience, func() {
		hangs = true
		_ = cmd.Process.Signal(syscall.SIGQUIT) // it says where it hangs
		time.AfterFunc(patience, func() { _ = cmd.Process.Kill() })
	})
	for lines := bufio.NewScanner(out); lines.Scan(); watch.Reset(patience) {
		what, detail, ok := strings.Cut(lines.Text(), "\t")
		if ok {
			results = append(results, damageResult{outcome(what), detail})
		}
	}
	watch.Stop()
	err = cmd.Wait()
	switch {
	case len(results) == len(cases):
	case hangs:
		results = append(results, damageResult{outcomeHang, stderr.String()})
	default:
		results = append(results, damageResult{outcomeDead, fmt.Sprintf("%v: %.300s", err, stderr.String())})
	}
	return results
}

// damageChild tries the cases of a plan and prints a line for each.
func damageChild(file string) {
	fatal := func(err error) {
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	var plan damagePlan
	b, err := os.ReadFile(file)
	fatal(err)
	fatal(json.Unmarshal(b, &plan))
	contents, err := readChatFiles(filepath.Join(plan.Dir, "good.db"))
	fatal(err)
	b, err = os.ReadFile(filepath.Join(plan.Dir, "reads.json"))
	fatal(err)
	var want []string
	fatal(json.Unmarshal(b, &want))
	for _, c := range plan.Cases {
		path := filepath.Join(plan.Dir, "damaged.db")
		// Another file, if one that panicked has left the last one open.
		for _, name := range chatFiles {
			if err := os.Remove(path + name); !errors.Is(err, fs.ErrNotExist) {
				fatal(err)
			}
			content, ok := contents[name]
			if !ok {
				continue
			}
			if name == c.File {
				content = c.apply(content)
			}
			fatal(os.WriteFile(path+name, content, 0o600))
		}
		result := damageTry(path, want)
		fmt.Printf("%s\t%s\n", result.outcome, strconv.QuoteToASCII(result.detail))
	}
}

// damageTry opens a file and reads all there is in it.
func damageTry(path string, want []string) (result damageResult) {
	defer func() {
		if r := recover(); r != nil {
			result = damageResult{outcomePanic, fmt.Sprintf("%v %.1500s", r, debug.Stack())}
		}
	}()
	reads, err := damageReads(path)
	switch {
	case reads.lines == nil:
		return damageResult{outcomeRefused, err.Error()}
	case err != nil || slices.ContainsFunc(reads.lines, saysStorage):
		return damageResult{outcomeError, fmt.Sprint(err)}
	}
	differ := ""
	for i, line := range reads.lines {
		if i >= len(want) || line != want[i] {
			differ = line
			break
		}
	}
	switch {
	case reads.problems > 0:
		return damageResult{outcomeFound, fmt.Sprintf("%d problems", reads.problems)}
	case differ == "" && len(want) == len(reads.lines):
		return damageResult{outcomeRight, ""}
	}
	return damageResult{outcomeSilent, fmt.Sprintf("%.100s", differ)}
}

// saysStorage tells the line of a read that the store has failed.
func saysStorage(line string) bool { return strings.Contains(line, ": storage: ") }

// fileReads is what is read of a file.
type fileReads struct {
	lines    []string // nil: it does not open
	problems int
}

// damageReads opens a file, reads what everybody reads, and verifies.
func damageReads(path string) (fileReads, error) {
	ctx := context.Background()
	app, err := chat.Open(path, &chat.Options{NoBackground: true})
	if err != nil {
		return fileReads{}, err
	}
	d := &day{app: app, ctx: ctx, prefix: "day-", told: &dayReceiver{}}
	reads := fileReads{lines: d.reads()}
	report, err := app.Verify(ctx, nil)
	reads.problems = len(report.Problems)
	return reads, errors.Join(err, app.Close())
}
