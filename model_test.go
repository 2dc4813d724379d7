package chat_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"example.com/chat"
	"example.com/chat/internal/model"
	"example.com/chat/storage"
	"example.com/chat/storage/boltstore"
	"example.com/chat/storage/memstore"
)

var (
	modelSeed   = flag.Uint64("model.seed", 0, "seed of TestModel; 0: a new one each time")
	modelShrink = flag.Duration("model.shrink", 25*time.Second, "how long TestModel may look for a shorter script that fails")
	modelSteps  = flag.Int("model.steps", 0, "steps of TestModel on each driver; 0: a few thousand, or 20,000 where CI=true and no race is looked for")
)

// TestModel has random users do random things, beside a naive model of the chat
// that keeps plain lists and filters them. After each step what the step answered
// and what those concerned see must be what the model says.
func TestModel(t *testing.T) {
	seed := *modelSeed
	if seed == 0 {
		seed = uint64(time.Now().UnixNano())
	}
	ci := os.Getenv("CI") == "true" && !raceDetector
	for _, d := range []struct {
		driver modelDriver
		steps  int
	}{
		{modelDriver{name: "memstore", fakeClock: true}, 2000},
		{modelDriver{name: "boltstore", bolt: true}, 2000},
		{modelDriver{name: "boltstore with a fake clock", bolt: true, fakeClock: true}, 1000},
	} {
		steps := d.steps
		if ci {
			steps = 20000
		}
		if *modelSteps > 0 {
			steps = *modelSteps
		}
		t.Run(d.driver.name, func(t *testing.T) {
			t.Parallel()
			d.driver.counts = newModelCounts()
			t.Logf("go test -run TestModel -model.seed=%d -model.steps=%d .", seed, steps)
			generator := model.NewGenerator(rand.New(rand.NewPCG(seed, 0)), d.driver.fakeClock)
			var script []model.Step
			failure := d.driver.play(t, func(w *model.World) (model.Step, bool) {
				if len(script) == steps {
					return model.Step{}, false
				}
				s := generator.Next(w)
				script = append(script, s)
				return s, true
			})
			t.Logf("%d steps\n%s", len(script), d.driver.counts)
			if failure == "" {
				if missing := d.driver.counts.missing(d.driver.fakeClock); len(script) >= 20000 && len(missing) > 0 {
					t.Errorf("in %d steps there was none of: %s", len(script), strings.Join(missing, ", "))
				}
				return
			}
			d.driver.counts = nil
			t.Errorf("after %d steps: %s", len(script), failure)
			if *modelShrink == 0 {
				return
			}
			// Most failures are still there to be seen in the end, which is found out faster.
			d.driver.looksLater = true
			d.driver.looksLater = d.driver.replay(t, script) != ""
			short := model.Shrink(script, time.Now().Add(*modelShrink), func(steps []model.Step) bool {
				return d.driver.replay(t, steps) != ""
			})
			t.Errorf("a script of %d steps fails:\n%s%s", len(short), model.Script(short), d.driver.replay(t, short))
		})
	}
}

// modelDriver is a store, and a clock, to run the chat on.
type modelDriver struct {
	name      string
	bolt      bool
	fakeClock bool

	looksLater bool         // nobody looks before all steps are done
	counts     *modelCounts // if set, what the steps come to is counted in it
}

// modelRun is one run of engine and model beside each other.
type modelRun struct {
	t      *testing.T
	driver modelDriver
	path   string
	store  storage.Store
	app    *chat.App
	world  *model.World

	background bool
	steps      int
	last       model.Step
	newest     map[*model.Channel]time.Time // the newest time in each channel
	returned   *chat.Message                // by the call of this step
	patched    []chat.User                  // the same
	moderator  *modelModerates
	phone      modelPhone
	seen       *modelCounts

	followers []*modelFollower
	reading   *modelReading    // nil: nobody is
	deletions map[chat.CID]int // how often a channel was deleted
	marks     int              // among the events
}

// replay plays a list of steps, and says what differed.
func (d modelDriver) replay(t *testing.T, steps []model.Step) string {
	next := 0
	return d.play(t, func(*model.World) (model.Step, bool) {
		if next == len(steps) {
			return model.Step{}, false
		}
		next++
		return steps[next-1], true
	})
}

// play runs the steps that next thinks of, and says what differed; nothing if all
// is as it should be.
func (d modelDriver) play(t *testing.T, next func(*model.World) (model.Step, bool)) (failure string) {
	r := &modelRun{t: t, driver: d, world: model.New(), newest: map[*model.Channel]time.Time{}, seen: newModelCounts()}
	r.world.MaxForMe, r.world.MaxMutes = 5, 3
	r.deletions, r.moderator = map[chat.CID]int{}, &modelModerates{}
	r.followers = newModelFollowers(r)
	if d.bolt {
		dir, err := os.MkdirTemp(t.TempDir(), "")
		if err != nil {
			t.Fatal(err)
		}
		r.path = filepath.Join(dir, "chat.db")
	} else {
		r.store = memstore.New() // outside of any bubble, so that it outlives each
	}
	if d.counts != nil {
		r.seen = d.counts
	}
	if !d.fakeClock {
		failure, _ = r.run(model.Step{On: true}, next)
		return failure
	}
	// Each bubble's clock starts anew: that is how it is set back.
	for first, more := (model.Step{On: true}), true; more && failure == ""; {
		synctest.Test(t, func(*testing.T) {
			time.Sleep(first.For)
			var last *model.Step
			failure, last = r.run(first, next)
			more = last != nil
			if more {
				first = *last
			}
		})
	}
	return failure
}

// run opens the chat and does steps until there are no more, something differs,
// or a step, which is returned, wants the clock to be set back.
func (r *modelRun) run(first model.Step, next func(*model.World) (model.Step, bool)) (failure string, last *model.Step) {
	if err := r.open(first.On); err != nil {
		return err.Error(), nil
	}
	defer func() {
		if err := r.close(last == nil); err != nil && failure == "" {
			failure = err.Error()
		}
	}()
	if failure := r.settle(model.RunDueWork); failure != "" {
		return failure, nil
	}
	for {
		s, more := next(r.world)
		if !more {
			r.world.Now = time.Now()
			if failure := r.checkAfter(r.last); failure != "" {
				return failure, nil
			}
			if failure := r.follow(r.last, true); failure != "" {
				return failure, nil
			}
			return r.checkAll(true), nil
		}
		if s.Op == model.ReopenInThePast {
			r.steps++
			r.seen.add(s, model.OK)
			return "", &s
		}
		if failure := r.step(s); failure != "" {
			return fmt.Sprintf("%s\n%s", s, failure), nil
		}
	}
}

func (r *modelRun) open(background bool) (err error) {
	if r.driver.bolt {
		r.store, err = boltstore.Open(r.path, &boltstore.Options{NoSync: true, MapSize: -1})
	}
	if err != nil {
		return err
	}
	r.background = background
	r.app, err = chat.New(r.store, &chat.Options{
		MaxDeletedForMe: r.world.MaxForMe, MaxMutes: r.world.MaxMutes, NoBackground: !background, Previews: r.driver.previews(),
		Commands: modelCommands(), Logger: slog.New(slog.DiscardHandler), Moderator: r.moderator, Pusher: r.pusher(),
	})
	if err != nil || r.steps > 0 {
		return err
	}
	for name := range r.world.Types {
		err = errors.Join(err, r.app.UpdateChannelType(context.Background(), name, func(t *chat.ChannelType) error {
			t.Commands = modelCommandNames(true)
			return nil
		}))
	}
	return err
}

// close closes the chat; a store in memory lives on until the end.
func (r *modelRun) close(end bool) error {
	err := r.app.Close()
	if r.driver.bolt || end {
		err = errors.Join(err, r.store.Close())
	}
	return err
}

// settle lets the work that is due be done. What was overdue then stays so,
// whatever happens to the clock or the timeout.
func (r *modelRun) settle(op model.Op) string {
	r.world.Now = time.Now()
	works := r.background
	if op == model.RunDueWork || op == model.SetTimeout && r.background {
		if _, err := r.app.RunDueWork(context.Background()); err != nil {
			return "RunDueWork: " + err.Error()
		}
		works = true
	}
	if r.background && r.driver.fakeClock { // it may have taken some of what is due
		synctest.Wait()
	}
	if works {
		if failure := r.checkPushes(); failure != "" {
			return failure
		}
		if r.world.Late() {
			time.Sleep(2 * modelLate)
			synctest.Wait()
			r.world.Now = time.Now()
		}
		r.world.Sweep()
		r.seen.types["late preview"] += r.world.Enrich()
	}
	return ""
}

// step does one step in both, and compares.
func (r *modelRun) step(s model.Step) string {
	r.world.Now = time.Now()
	r.steps++
	if s.Op == model.EraseUser || s.Purge != "" { // which does all that is due: by then that is done
		if failure := r.settle(model.RunDueWork); failure != "" {
			return failure
		}
	}
	r.last = s
	want := r.world.Expect(s)
	if slices.Contains(want, model.OK) {
		r.seen.addRestraint(r.world, s)
	}
	judged := r.moderator.expect(r.world, s, &want)
	again := s.Op == model.Send && r.world.Message(s.ID) != nil
	r.returned, r.patched = nil, nil
	before := r.updatedBefore(s)
	made, err := r.do(s)
	made.At = time.Now()
	got, known := modelKind(err)
	if !known || !slices.Contains(want, got) {
		return fmt.Sprintf("answers %v, want one of %q", err, want)
	}
	r.seen.add(s, got)
	if failure := r.moderator.check(s, got); failure != "" {
		return failure
	}
	if got == model.OK {
		r.world.Apply(judged, made)
		if s.Op == model.DeleteChannel {
			r.deletions[chat.CID(s.CID)]++
		}
		if failure := r.checkReturned(s, made, before); failure != "" {
			return failure
		}
		if failure := r.checkTime(made); failure != "" && !again {
			return failure
		}
	}
	if failure := r.settle(s.Op); failure != "" {
		return failure
	}
	if failure := r.follow(s, false); failure != "" {
		return failure
	}
	if r.driver.looksLater {
		return ""
	}
	if r.steps%10000 == 0 {
		r.t.Logf("%d steps", r.steps)
	}
	if r.steps%1000 == 0 && r.steps <= 20000 || r.steps%10000 == 0 { // it reads all there is
		if failure := r.verify(); failure != "" {
			return failure
		}
	}
	if r.steps%200 == 0 {
		return r.checkAll(false)
	}
	return r.checkAfter(s)
}

// checkTime checks the time that a message made in a step was given.
func (r *modelRun) checkTime(made modelMade) string {
	m := r.world.Message(made.ID)
	if m == nil || m.Pending || m.Ephemeral {
		return ""
	}
	last := r.newest[m.Channel]
	r.newest[m.Channel] = m.Created
	switch {
	case !m.Created.After(last):
		return fmt.Sprintf("was given the time %s, and there was %s before", m.Created, last)
	case m.Created.Before(r.world.Now.Truncate(time.Microsecond)):
		return fmt.Sprintf("was given the time %s at %s", m.Created, r.world.Now)
	}
	return ""
}

func (r *modelRun) verify() string {
	report, err := r.app.Verify(context.Background(), nil)
	if err != nil || len(report.Problems) > 0 {
		return fmt.Sprintf("Verify: %v, %v", report.Problems, err)
	}
	return ""
}

// modelKind is the finest kind of an error.
func modelKind(err error) (model.Kind, bool) {
	if err == nil {
		return model.OK, true
	}
	for _, k := range []struct {
		err  error
		kind model.Kind
	}{
		{chat.ErrNestedReply, model.NestedReply},
		{chat.ErrPending, model.IsPending},
		{chat.ErrNotPending, model.NotPending},
		{chat.ErrDeleted, model.IsDeleted},
		{chat.ErrNotDeleted, model.NotDeleted},
		{chat.ErrChannelDeleted, model.ChannelDeleted},
		{chat.ErrParentDeleted, model.ParentDeleted},
		{chat.ErrFrozen, model.Frozen},
		{chat.ErrDisabled, model.Disabled},
		{chat.ErrBanned, model.Banned},
		{chat.ErrRestricted, model.Restricted},
		{chat.ErrRejected, model.Rejected},
		{chat.ErrInvalid, model.Invalid},
		{chat.ErrNotFound, model.NotFound},
		{chat.ErrPermission, model.Permission},
		{chat.ErrConflict, model.Conflict},
		{chat.ErrCooldown, model.Cooldown},
		{chat.ErrLimit, model.Limit},
		{chat.ErrState, model.State},
	} {
		if errors.Is(err, k.err) {
			return k.kind, true
		}
	}
	return "", false
}
