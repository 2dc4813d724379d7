package powerloss

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
)

var (
	imagesFlag = flag.Int("powerloss.images", 3, "how many random images TestPowerLoss tries for each state of the disk")
	seedFlag   = flag.Uint64("powerloss.seed", 0, "seed of the random images; 0: a new one each time")
	replayFlag = flag.String("powerloss.recording", "", "a recording that a failed run left: replay it instead of a new one")
	readyFlag  = flag.Bool("powerloss.ready", false, "leave out images from before the first call of a caller")
)

// TestPowerLoss records a chat and takes the power away after every event. What
// is left opens, and holds every call that had returned. The same recording with
// a fault in it shows that the test finds what is lost.
func TestPowerLoss(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("skipped: on Windows bbolt changes the file's size elsewhere too, which is not recorded")
	}
	if testing.Short() {
		t.Skip("skipped: takes some seconds")
	}
	if _, err := exec.LookPath("go"); err != nil {
		needed(t, "there is no go command to build bbolt with a recorder")
	}
	seed := *seedFlag
	if seed == 0 {
		seed = rand.Uint64()
	}
	child := buildChild(t)
	events := recorded(t, child)
	t.Run("Sync", func(t *testing.T) { holds(t, child, events, seed) })
	for _, f := range faults {
		t.Run(f.name, func(t *testing.T) { loses(t, child, f.plant(slices.Clone(events)), seed) })
	}
	t.Run("NoSync", func(t *testing.T) { loses(t, child, recordChat(t, child, true), seed) })
}

// needed skips a test for lack of something that checks have to have.
func needed(t *testing.T, reason string) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatal(reason)
	}
	t.Skip("skipped: " + reason)
}

// recorded is the recording that is to be replayed.
func recorded(t *testing.T, child string) []event {
	t.Helper()
	if *replayFlag == "" {
		return recordChat(t, child, false)
	}
	events, err := readRecording(*replayFlag)
	if err != nil {
		t.Fatal(err)
	}
	return events
}

// tempDir is a directory in memory, where there is one.
func tempDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "powerloss")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

// judged has a child try the images of a recording. What it says is not empty;
// without an error it is how many they were.
func judged(t *testing.T, child string, events []event, images int, seed uint64, args ...string) (said string, err error) {
	t.Helper()
	dir := tempDir(t)
	recording := filepath.Join(dir, "recording")
	write(t, recording, encodeRecording(events))
	args = append(args, fmt.Sprint("-powerloss.seed=", seed), fmt.Sprint("-powerloss.images=", images))
	said, err = run(t, child, args, doVariable+"=judge", judgedVariable+"="+recording)
	if left, _ := filepath.Glob(recording + ".*"); len(left) > 0 {
		said = fmt.Sprintf("%s\nfailed, or about to be tried: %s", said, left)
	}
	return said, err
}

// holds wants all images to hold what they have to.
func holds(t *testing.T, child string, events []event, seed uint64) {
	said, err := judged(t, child, events, *imagesFlag, seed)
	if err == nil {
		t.Logf("seed %d: %s", seed, said)
		return
	}
	t.Errorf("%v: %.5000s", err, said)
	kept, err := os.CreateTemp("", "powerloss-recording")
	if err != nil {
		t.Fatal(err)
	}
	defer kept.Close()
	if _, err := kept.Write(encodeRecording(events)); err != nil {
		t.Fatal(err)
	}
	t.Logf("again: go test -run TestPowerLoss/Sync ./internal/powerloss -powerloss.recording=%s -powerloss.seed=%d -powerloss.images=%d", kept.Name(), seed, *imagesFlag)
}

// loses wants an image of a faulty recording to lack something, or to be damaged
// beyond use.
func loses(t *testing.T, child string, events []event, seed uint64) {
	said, err := judged(t, child, events, 1, seed, "-powerloss.ready")
	switch {
	case err == nil:
		t.Errorf("seed %d: nothing is lost: %s", seed, said)
	case !strings.HasPrefix(said, "prefix-") && !strings.Contains(said, bboltModule+"."): // it may panic over damage
		t.Errorf("seed %d: %v: %s", seed, err, said)
	default:
		said, _, _ = strings.Cut(said, "\n")
		t.Logf("found: %.200s", said)
	}
}
