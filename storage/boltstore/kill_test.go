package boltstore

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"example.com/chat/storage"
)

// TestKill kills a process in the middle of its Updates, several times, and
// looks for each one it had acknowledged.
func TestKill(t *testing.T) {
	if path := os.Getenv("KILL_TEST"); path != "" {
		writeForever(path)
		return
	}
	path := filepath.Join(t.TempDir(), "test.db")
	var acknowledged []string
	for round := range 4 {
		cmd := exec.Command(os.Args[0], "-test.run=^TestKill$")
		cmd.Env = append(os.Environ(), "KILL_TEST="+path)
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(out)
		for n := 0; lines.Scan(); n++ {
			key, ok := strings.CutPrefix(lines.Text(), "stored ")
			if !ok {
				continue
			}
			acknowledged = append(acknowledged, key)
			if n == 50+30*round {
				if err := cmd.Process.Kill(); err != nil {
					t.Fatal(err)
				}
			}
		}
		_ = cmd.Wait() // it was killed
		check := func(r storage.Reader) error {
			_, entries, err := r.Read(nil, []storage.Range{{}})
			if err != nil {
				return err
			}
			recs, err := r.Tail([][]byte{[]byte("log")}, storage.Position{}, 0)
			if err != nil {
				return err
			}
			_, trimmed := logSpanOf(r).Trimmed.Numbers()
			if int(trimmed)+len(recs) != len(entries[0]) || round > 0 && trimmed == 0 {
				return fmt.Errorf("%d keys are stored and %d records, %d are trimmed", len(entries[0]), len(recs), trimmed)
			}
			for _, key := range acknowledged {
				if v, err := storage.Get(r, []byte(key)); v == nil {
					return fmt.Errorf("key %s was acknowledged and is lost (%v)", key, err)
				}
			}
			return nil
		}
		s, err := Open(path, nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.View(t.Context(), check); err != nil {
			t.Error(err)
		}
		checkLogs(t, s)
		if round%2 == 1 { // it is killed again before it was ever closed
			kill(t, s)
			continue
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if len(acknowledged) < 200 {
		t.Errorf("only %d Updates were acknowledged", len(acknowledged))
	}
}

// writeForever stores keys in several goroutines and prints each that is
// stored. Every now and then it trims all but the newest records.
func writeForever(path string) {
	s, err := Open(path, nil)
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	var wg sync.WaitGroup
	for i := range 4 {
		wg.Go(func() {
			for n := 0; ; n++ {
				key := fmt.Sprintf("%d-%d-%d", os.Getpid(), i, n)
				err := s.Update(context.Background(), "s", func(tx storage.Txn) error {
					if err := tx.Append([]byte("log"), []byte(key)); err != nil {
						return err
					}
					if _, newest := logSpanOf(tx).Newest.Numbers(); n%10 == 9 {
						if err := tx.TrimLogs(storage.PositionAt(0, max(newest, 20)-20)); err != nil {
							return err
						}
					}
					return tx.Insert([]byte(key), make([]byte, 500))
				})
				if err != nil {
					fmt.Println(err)
					os.Exit(1)
				}
				fmt.Println("stored " + key)
			}
		})
	}
	wg.Wait()
}
