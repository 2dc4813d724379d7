package linearizability

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"

	"example.com/chat/storage"
)

var (
	seedFlag  = flag.Uint64("linearizability.seed", 0, "the seed of the first history; 0: any")
	countFlag = flag.Int("linearizability.histories", 0, "histories a driver; 0: 10, with CI=true 40")
)

// patience is how long a history may take to be judged.
const patience = 20 * time.Second

func firstSeed() uint64 {
	if *seedFlag != 0 {
		return *seedFlag
	}
	return rand.Uint64()
}

func histories() int {
	switch {
	case *countFlag > 0:
		return *countFlag
	case os.Getenv("CI") == "true":
		return 40
	}
	return 10
}

func TestHistoriesAreLinearizable(t *testing.T) {
	for _, d := range drivers {
		t.Run(d.name, func(t *testing.T) {
			seed, n := firstSeed(), histories()
			undecided, overlaps, slowest := 0, 0, time.Duration(0)
			for i := range uint64(n) {
				history := record(t, seed+i, d.open(t), nil)
				overlaps += overlapping(history)
				start := time.Now()
				switch porcupine.CheckOperationsTimeout(rules(), history, patience) {
				case porcupine.Illegal:
					t.Fatalf("the history of seed %d is not linearizable:\n%s", seed+i, describe(history))
				case porcupine.Unknown:
					undecided++
					t.Logf("the history of seed %d was not judged within %v", seed+i, patience)
				}
				slowest = max(slowest, time.Since(start))
			}
			operations := n * callers * each
			t.Logf("%d histories of %d operations from seed %d on; %d%% of the operations overlapped another of their channel; judged within %v; undecided: %d",
				n, callers*each, seed, 100*overlaps/operations, slowest.Round(time.Millisecond), undecided)
			if undecided > max(1, n/20) {
				t.Errorf("%d of %d histories were not judged", undecided, n)
			}
			if overlaps < operations/2 {
				t.Errorf("only %d of %d operations overlapped: little was tested", overlaps, operations)
			}
		})
	}
}

// describe lists the operations of the channel whose history cannot be, in the
// order of their calls.
func describe(history []porcupine.Operation) string {
	var text strings.Builder
	for _, part := range rules().Partition(history) {
		if porcupine.CheckOperationsTimeout(rules(), part, patience) != porcupine.Illegal {
			continue
		}
		slices.SortFunc(part, func(a, b porcupine.Operation) int { return int(a.Call - b.Call) })
		for _, op := range part {
			fmt.Fprintf(&text, "%4d to %4d  caller %2d  %v -> %v\n", op.Call, op.Return, op.ClientId, op.Input, op.Output)
		}
	}
	return text.String()
}

// TestABrokenStoreIsNoticed shows that the check can fail: on stores that break
// their contract now and then, histories are not linearizable.
func TestABrokenStoreIsNoticed(t *testing.T) {
	for name, fault := range map[string]func(storage.Store) storage.Store{
		"old snapshots": func(s storage.Store) storage.Store { return &staleStore{Store: s} },
		"lost updates":  func(s storage.Store) storage.Store { return &lossyStore{Store: s} },
		"no changes":    func(s storage.Store) storage.Store { return unchangingStore{s} },
	} {
		for _, d := range drivers {
			t.Run(name+"/"+d.name, func(t *testing.T) {
				seed := firstSeed()
				for i := range uint64(10) {
					if porcupine.CheckOperationsTimeout(rules(), record(t, seed+i, d.open(t), fault), patience) == porcupine.Illegal {
						t.Logf("noticed in history %d", i+1)
						return
					}
				}
				t.Errorf("10 histories from seed %d on look linearizable", seed)
			})
		}
	}
}

// TestEachChangeIsNoticed shows that no action can be left undone unnoticed: a
// model that forgets what it changes does not fit the histories.
func TestEachChangeIsNoticed(t *testing.T) {
	const most = 100
	seed := firstSeed()
	var recorded [][]porcupine.Operation
	for forgotten := send; forgotten <= markRead; forgotten++ {
		t.Run(forgotten.String(), func(t *testing.T) {
			for i := range most {
				if i == len(recorded) {
					recorded = append(recorded, record(t, seed+uint64(i), drivers[0].open(t), nil))
				}
				if porcupine.CheckOperationsTimeout(forgetful(forgotten), recorded[i], patience) == porcupine.Illegal {
					t.Logf("noticed in history %d", i+1)
					return
				}
			}
			t.Errorf("%d histories from seed %d on fit without it", most, seed)
		})
	}
}
