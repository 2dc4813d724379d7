package chat_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"example.com/chat"
	"example.com/chat/internal/faultstore"
	"example.com/chat/storage"
	"example.com/chat/storage/memstore"
)

// beginDay opens a chat on a store for a day.
func beginDay(t *testing.T, store storage.Store) *day {
	t.Helper()
	d := &day{ctx: t.Context(), prefix: "day-", told: &dayReceiver{}, sleep: time.Sleep}
	app, err := chat.New(store, d.told.options())
	if err != nil {
		t.Fatal(err)
	}
	d.app = app
	return d
}

// run goes through the day on a store that does what it is told.
func (d *day) run(t *testing.T) {
	t.Helper()
	for _, step := range daySteps() {
		d.begin()
		if err := step.do(d); err != nil {
			t.Errorf("%s: %v", step.name, err)
		}
	}
}

// end does the work that is left, and looks whether all is well.
func (d *day) end(t *testing.T) {
	t.Helper()
	for range 5 { // after a failure it waits, longer each time
		time.Sleep(time.Minute)
		if err := runDueWork(d); err != nil {
			t.Error(err)
		}
	}
	report, err := d.app.Verify(d.ctx, nil)
	if err != nil || len(report.Problems) > 0 {
		t.Errorf("Verify finds %+v (%v)", report.Problems, err)
	}
}

// undisturbed is the record of a day on which nothing fails, and the number of
// keys that it leaves in the store.
func undisturbed(t *testing.T) (record dayRecord, keys int) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		store := memstore.New()
		d := beginDay(t, store)
		d.run(t)
		d.end(t)
		record, keys = d.record(), countKeys(t, store)
		if posted := strings.Count(strings.Join(record.lines, "\n"), " posted to "); posted < 10 {
			t.Errorf("%d callbacks were posted on that day", posted)
		}
		for user, told := range record.events {
			if len(told) < 10 {
				t.Errorf("%q is told only %q", user, told)
			}
		}
	})
	if t.Failed() {
		t.FailNow()
	}
	return record, keys
}

func countKeys(t *testing.T, s storage.Store) (n int) {
	t.Helper()
	err := s.View(t.Context(), func(r storage.Reader) error {
		_, entries, err := r.Read(nil, []storage.Range{{}})
		n = len(entries[0])
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// TestEveryCallOfADayFailsOnce runs the day again and again, each time with
// another call of the store failing: the step that is hit answers the store's
// error, or copes with it; made again by its caller, it leaves everything as on
// the undisturbed day. A commit fails in two ways: nothing is stored, or all of
// it is and its caller gets an error all the same. Without CI=true, every 17th
// call fails: all of them take minutes.
//
// Work that is done side by side may look once more or less at what is due: of
// a thousand days a few have a call more than the others, or one less. One that
// is over before the call that is to fail is begun anew.
func TestEveryCallOfADayFailsOnce(t *testing.T) {
	want, keys := undisturbed(t)
	ops := callsOfADay(t)
	every, first := 1, 0
	if os.Getenv("CI") != "true" || testing.Short() || raceDetector {
		every = 17
		first = rand.IntN(every)
		t.Logf("every %d-th call fails, from call %d", every, first+1)
	}
	kinds, days := map[faultstore.Op]int{}, make([][]func(*testing.T), 4)
	add := func(n int, stored bool) {
		part := &days[n%len(days)]
		*part = append(*part, func(t *testing.T) {
			failed := false
			for tries := 0; !failed && tries < 10; tries++ {
				failed = runFailingDay(t, n, stored, want, keys)
			}
			if !failed {
				t.Error("ten days were over before that call")
			}
			if t.Failed() {
				t.Fatalf("call %d failed, %s; stored: %v", n, ops[n-1], stored)
			}
		})
	}
	for i := first; i < len(ops); i += every {
		add(i+1, false)
		if kinds[ops[i]]++; ops[i] == faultstore.Commit {
			add(i+1, true)
		}
	}
	t.Logf("%d steps, %d calls of the store; made to fail: %v, commits twice", len(daySteps()), len(ops), kinds)
	for _, op := range []faultstore.Op{"View", "Update", "Read", "Put", "Insert", "Delete", "Commit"} {
		if kinds[op] == 0 && every == 1 {
			t.Errorf("the day makes no call of the kind %s", op)
		}
	}
	for i, part := range days {
		t.Run(fmt.Sprint("part ", i+1), func(t *testing.T) {
			t.Parallel()
			for _, day := range part {
				day(t)
			}
		})
	}
}

// callsOfADay is the calls of the store on the shortest of a few days.
func callsOfADay(t *testing.T) (shortest []faultstore.Op) {
	t.Helper()
	for range 5 {
		var ops []faultstore.Op
		synctest.Test(t, func(t *testing.T) {
			store := faultstore.NewFailing(memstore.New(), func(_ int, op faultstore.Op) faultstore.Outcome {
				ops = append(ops, op)
				return faultstore.Succeed
			})
			beginDay(t, store).run(t)
		})
		if shortest == nil || len(ops) < len(shortest) {
			shortest = ops
		}
	}
	return shortest
}

// runFailingDay is the day with the n-th call of the store failing. It says
// whether there was an n-th call; if not, it has checked nothing.
func runFailingDay(t *testing.T, n int, stored bool, want dayRecord, keys int) (failed bool) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		inner := memstore.New()
		store := faultstore.NewFailing(inner, faultstore.Nth(n, stored))
		d := &day{ctx: t.Context(), prefix: "day-", told: &dayReceiver{}, sleep: time.Sleep}
		f := &failingDay{day: d, store: store}
		open := func(d *day) (err error) {
			d.app, err = chat.New(store, d.told.options())
			return err
		}
		if err := f.call(open); err != nil {
			if err := open(d); err != nil {
				t.Fatalf("New: %v", err)
			}
		}
		for _, step := range daySteps() {
			d.begin()
			if err := f.step(step); err != nil {
				t.Errorf("%s: %v", step.name, err)
			}
		}
		if failed = store.Failed() == 1; !failed {
			return
		}
		d.end(t)
		got := d.record()
		got.repeated = f.repeated
		if f.unanswered > 0 {
			got.lines[f.unanswered-1] = want.lines[f.unanswered-1]
		}
		if diff := want.differs(got); diff != "" {
			t.Errorf("it is not as on the undisturbed day (-want +got):\n%s", diff)
		}
		if n := countKeys(t, inner); n != keys {
			t.Errorf("the store has %d keys, on the undisturbed day %d", n, keys)
		}
	})
	return failed
}

// failingDay is a day whose caller makes a step again that fails.
type failingDay struct {
	*day
	store      *faultstore.Failing
	unanswered int // number of the step whose answer its caller never got
	repeated   bool
}

// call makes a call, and checks the error of one that was hit.
func (f *failingDay) call(do func(*day) error) error {
	before := f.store.Failed()
	err := do(f.day)
	if err == nil || f.store.Failed() == before {
		return err
	}
	var e *chat.Error
	if !errors.Is(err, faultstore.ErrInjected) || !errors.As(err, &e) || e.Kind != nil || e.Op == "" {
		return fmt.Errorf("a call of the store failed, and it answers %#v (%w)", err, errHidden)
	}
	return err
}

// errHidden is a step's error that does not say what is the matter.
var errHidden = errors.New("the store's error is hidden")

// step makes a step, again if it fails by the store. The second time may answer
// that it is done already, if it is.
func (f *failingDay) step(step dayStep) error {
	failed, commits := f.store.Failed(), f.store.Commits()
	err := f.call(step.do)
	if err == nil || f.store.Failed() == failed || errors.Is(err, errHidden) {
		return err
	}
	if step.done != nil {
		if done, err := step.done(f.day); done || err != nil {
			f.unanswered = len(f.starts)
			return err
		}
	}
	hasStored := f.store.Commits() > commits
	f.repeated = f.repeated || hasStored
	err = step.do(f.day)
	if step.again != nil && hasStored {
		f.unanswered = len(f.starts)
		return refused(err, step.again)
	}
	return err
}

// TestDaysOnBadStores has several days at the same time in one chat, on stores
// that run the function of every Update twice, take their time, or both: each
// goes as it goes alone and undisturbed.
func TestDaysOnBadStores(t *testing.T) {
	want, _ := undisturbed(t)
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	delayed := func(s storage.Store) storage.Store { return faultstore.Delayed(s, time.Second, seed) }
	for name, bad := range map[string]func(storage.Store) storage.Store{
		"twice":             faultstore.Twice,
		"delayed":           delayed,
		"delayed and twice": func(s storage.Store) storage.Store { return faultstore.Twice(delayed(s)) },
	} {
		const days = 4
		synctest.Test(t, func(t *testing.T) {
			first := beginDay(t, bad(memstore.New()))
			all := make([]*day, days)
			together(days, func(i int) {
				all[i] = &day{app: first.app, ctx: first.ctx, prefix: fmt.Sprintf("day%d-", i), told: first.told, sleep: time.Sleep}
				all[i].run(t)
			})
			first.end(t)
			together(days, func(i int) {
				if diff := want.differs(all[i].record()); diff != "" {
					t.Errorf("%s: day %d is not as the undisturbed one (-want +got):\n%s", name, i, diff)
				}
			})
		})
	}
}
