package powerloss

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// What a child does, and the rest of its environment.
const (
	doVariable        = "CHAT_POWERLOSS_DO"        // live or judge
	recordingVariable = "CHAT_POWERLOSS_RECORDING" // testdata/record.go writes to it where it is set
	killVariable      = "CHAT_POWERLOSS_KILL"      // the process ends when a frame, or a header, is written and not synced
	judgedVariable    = "CHAT_POWERLOSS_JUDGED"    // the recording that is judged
	fileVariable      = "CHAT_POWERLOSS_FILE"
	lifeVariable      = "CHAT_POWERLOSS_LIFE"
	noSyncVariable    = "CHAT_POWERLOSS_NOSYNC"
)

// TestMain is what a child begins with.
func TestMain(m *testing.M) {
	flag.Parse()
	var err error
	switch do := os.Getenv(doVariable); do {
	case "":
		os.Exit(m.Run())
	case "live":
		err = live()
	case "judge":
		err = judge(os.Getenv(judgedVariable))
	default:
		err = fmt.Errorf("no child does %q", do)
	}
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
}

// run runs a child, and returns what it says.
func run(t *testing.T, child string, args []string, environment ...string) (string, error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), child, args...)
	cmd.Env = append(os.Environ(), environment...)
	out, err := cmd.CombinedOutput()
	return strings.TrimSpace(string(out)), err
}

// recordChat has a chat recorded, each of its lives by a process of its own, and
// returns the events.
func recordChat(t *testing.T, child string, noSync bool) []event {
	t.Helper()
	dir := t.TempDir()
	file, recording := filepath.Join(dir, "chat.db"), filepath.Join(dir, "recording")
	for life := range lives {
		environment := []string{
			doVariable + "=live", recordingVariable + "=" + recording, fileVariable + "=" + file, lifeVariable + "=" + fmt.Sprint(life),
		}
		if noSync {
			environment = append(environment, noSyncVariable+"=true")
		}
		if out, err := run(t, child, nil, environment...); err != nil {
			t.Fatalf("life %d: %v\n%s", life, err, out)
		}
	}
	events, err := readRecording(recording)
	if err != nil {
		t.Fatal(err)
	}
	checkComplete(t, events, file)
	return events
}

// checkComplete replays all events: that must make the file that was written, or
// something was done to it that is not recorded.
func checkComplete(t *testing.T, events []event, file string) {
	t.Helper()
	var d disk
	for _, e := range events {
		d.do(e)
	}
	left := d.all()
	if !bytes.Equal(left[boltFile], read(t, file)) {
		t.Fatal("the recording does not make the file that was written")
	}
	names := namesOf(file)
	for i, name := range names[1:] {
		if _, err := os.Stat(name); left[i+1] != nil || !errors.Is(err, fs.ErrNotExist) {
			t.Fatalf("%s is left (%v)", name, err)
		}
	}
}
