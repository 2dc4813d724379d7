package chat_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"example.com/chat"
)

const (
	crashRounds  = 4
	crashSenders = 16
	crashRoom    = chat.CID("messaging:room")
	crashSide    = chat.CID("messaging:side")
)

// crashPlan is what a sender does, again and again: a call, and the message it
// is about.
var crashPlan = []crashCall{
	{"send", "a"},
	{"send", "b"},
	{"soft", "a"},
	{"hold", "c"},
	{"commit", "c"},
	{"hold", "d"},
	{"private", "e"},
	{"hard", "d"},
	{"hard", "b"},
	{"hold", "f"},
	{"send", "g"},
}

// crashSidePlan is what the first sender does, alone in a channel of its own.
var crashSidePlan = []crashCall{{"side", "a"}, {"side", "b"}, {"truncate", ""}, {"side", "c"}}

type crashCall struct{ do, name string }

// crashCallAt is the n-th call of a sender.
func crashCallAt(round, sender, n int) (do string, id chat.MessageID) {
	plan := crashPlan
	if sender == 0 {
		plan = crashSidePlan
	}
	c := plan[n%len(plan)]
	return c.do, chat.MessageID(fmt.Sprintf("%d-%d-%d-%s", round, sender, n/len(plan), c.name))
}

func crashUser(sender int) chat.UserID { return chat.UserID(fmt.Sprintf("sender-%d", sender)) }

// TestCrash kills a process in the middle of 16 senders, several times, and
// looks in the file for every call that it had acknowledged: each one has its
// whole effect, and the one call of each sender that was under way has its
// whole effect or none.
func TestCrash(t *testing.T) {
	if path := os.Getenv("CHAT_CRASH_FILE"); path != "" {
		crashChild(path, os.Getenv("CHAT_CRASH_ROUND"))
		return
	}
	if testing.Short() {
		t.Skip("skipped: kills processes for some seconds")
	}
	path := filepath.Join(t.TempDir(), "chat.db")
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 3))
	c := &crash{t: t, path: path}
	c.prepare()
	for round := range crashRounds {
		done := c.run(round, 100+random.IntN(2500))
		c.check(round, done)
	}
	t.Logf("%d calls were acknowledged", c.calls)
}

// crashChild sends until it is killed, and prints the sender and number of each
// call that has returned.
func crashChild(path, round string) {
	fatal := func(err error) {
		if err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
	}
	r, err := strconv.Atoi(round)
	fatal(err)
	// Who is told matters here, not when: the calls are owed to the next App.
	app, err := chat.Open(path, &chat.Options{NoBackground: true, Pending: chat.PendingFuncs{}})
	fatal(err)
	var senders sync.WaitGroup
	for sender := range crashSenders {
		senders.Go(func() {
			for n := 0; ; n++ {
				fatal(crashDo(app, r, sender, n))
				fmt.Printf("%d %d\n", sender, n)
			}
		})
	}
	senders.Wait()
}

func crashDo(app *chat.App, round, sender, n int) error {
	ctx := context.Background()
	user := crashUser(sender)
	do, id := crashCallAt(round, sender, n)
	draft := chat.Draft{ID: id, Text: "text of " + string(id)}
	var err error
	switch do {
	case "send":
		_, err = app.As(user).Send(ctx, crashRoom, draft)
	case "side":
		_, err = app.As(user).Send(ctx, crashSide, draft)
	case "private":
		draft.Restricted = []chat.UserID{"reader"}
		_, err = app.Send(ctx, crashRoom, user, draft, nil)
	case "hold":
		_, err = app.Send(ctx, crashRoom, user, draft, &chat.SendOptions{Pending: chat.PendingOn})
	case "commit":
		_, err = app.CommitMessage(ctx, id)
	case "soft":
		_, err = app.DeleteMessage(ctx, id, chat.DeleteSoft, user)
	case "hard":
		_, err = app.DeleteMessage(ctx, id, chat.DeleteHard, user)
	case "truncate":
		err = app.TruncateChannel(ctx, crashSide, &chat.TruncateOptions{Hard: n%8 == 2})
	}
	return err
}

// crash is the parent's side.
type crash struct {
	t     *testing.T
	path  string
	calls int
}

func (c *crash) open(o *chat.Options) *chat.App {
	c.t.Helper()
	app, err := chat.Open(c.path, o)
	if err != nil {
		c.t.Fatal(err)
	}
	return app
}

func (c *crash) must(err error) {
	c.t.Helper()
	if err != nil {
		c.t.Fatal(err)
	}
}

func (c *crash) prepare() {
	c.t.Helper()
	ctx := c.t.Context()
	app := c.open(nil)
	users := []chat.User{{ID: "reader"}}
	members := []chat.UserID{"reader"}
	for sender := range crashSenders {
		users = append(users, chat.User{ID: crashUser(sender)})
		members = append(members, crashUser(sender))
	}
	c.must(app.UpsertUsers(ctx, users...))
	for _, cid := range []chat.CID{crashRoom, crashSide} {
		_, err := app.EnsureChannel(ctx, cid, chat.ChannelDraft{CreatedBy: "reader", Members: members})
		c.must(err)
	}
	c.must(app.Close())
}

// run starts a child, kills it after so many calls, and returns how many calls
// of each sender were acknowledged.
func (c *crash) run(round, calls int) []int {
	c.t.Helper()
	child := exec.CommandContext(c.t.Context(), os.Args[0], "-test.run=^TestCrash$")
	child.Env = append(os.Environ(), "CHAT_CRASH_FILE="+c.path, "CHAT_CRASH_ROUND="+strconv.Itoa(round))
	out, err := child.StdoutPipe()
	c.must(err)
	c.must(child.Start())
	// A child that hangs is no reason to hang with it.
	slow := time.AfterFunc(time.Minute, func() { _ = child.Process.Kill() })
	defer slow.Stop()
	done := make([]int, crashSenders)
	seen := 0
	for lines := bufio.NewScanner(out); lines.Scan(); {
		var sender, n int
		if _, err := fmt.Sscanf(lines.Text(), "%d %d", &sender, &n); err != nil {
			c.t.Errorf("the child says %q", lines.Text())
			continue
		}
		done[sender] = n + 1
		if seen++; seen == calls {
			c.must(child.Process.Kill())
		}
	}
	_ = child.Wait() // it was killed
	if seen < calls {
		c.t.Fatalf("the child ended after %d calls of %d", seen, calls)
	}
	c.calls += seen
	return done
}

// check opens the file after a crash.
func (c *crash) check(round int, done []int) {
	c.t.Helper()
	ctx := c.t.Context()
	var mu sync.Mutex
	told := map[chat.MessageID][]string{}
	tell := func(what string) func(context.Context, chat.PendingMessage) error {
		return func(_ context.Context, m chat.PendingMessage) error {
			mu.Lock()
			defer mu.Unlock()
			told[m.Message.ID] = append(told[m.Message.ID], what)
			return nil
		}
	}
	app := c.open(&chat.Options{NoBackground: true, Pending: chat.PendingFuncs{Sent: tell("sent"), Deleted: tell("deleted")}})
	c.verify(app)
	states := c.checkStates(app, round, done)
	c.checkLists(app, states)

	// What the dead process held back is overdue once the timeout is short:
	// gone at once, deleted and told of by the work that was left.
	c.setTimeout(app, time.Millisecond)
	time.Sleep(2 * time.Millisecond)
	if page, err := app.PendingMessages(ctx, chat.PendingQuery{Limit: 300}); err != nil || len(page.Items) > 0 {
		c.t.Errorf("%d overdue messages are listed as pending (%v)", len(page.Items), err)
	}
	for id, state := range states {
		if state == "pending" {
			if got := c.state(app, id); got != "gone" {
				c.t.Errorf("overdue %s is %s", id, got)
			}
		}
	}
	_, err := app.RunDueWork(ctx)
	c.must(err)
	c.checkTold(round, done, states, told)
	c.verify(app)
	c.setTimeout(app, time.Hour)
	c.must(app.Close())
}

func (c *crash) setTimeout(app *chat.App, d time.Duration) {
	c.t.Helper()
	c.must(app.UpdateSettings(c.t.Context(), func(s *chat.Settings) error { s.AsyncModeration.Timeout = d; return nil }))
}

func (c *crash) verify(app *chat.App) {
	c.t.Helper()
	report, err := app.Verify(c.t.Context(), nil)
	c.must(err)
	for _, p := range report.Problems {
		c.t.Errorf("%s: %s", p.CID, p.Problem)
	}
}

// state is what there is under an id.
func (c *crash) state(app *chat.App, id chat.MessageID) string {
	c.t.Helper()
	m, err := app.Message(c.t.Context(), id)
	switch {
	case errors.Is(err, chat.ErrNotFound):
		return "gone"
	case err != nil:
		c.t.Fatal(err)
	case m.Type == chat.TypeDeleted:
		return "deleted"
	case m.Text != "text of "+string(id):
		return "damaged: " + m.Text
	case m.Pending != nil:
		return "pending"
	}
	return "live"
}

// crashAfter is what a call makes of its message.
var crashAfter = map[string]string{
	"send": "live", "side": "live", "private": "live", "commit": "live", "hold": "pending", "soft": "deleted", "hard": "gone",
}

// checkStates compares each message with the calls that were acknowledged, and
// returns what there is.
func (c *crash) checkStates(app *chat.App, round int, done []int) map[chat.MessageID]string {
	c.t.Helper()
	states := map[chat.MessageID]string{}
	for sender, calls := range done {
		want := map[chat.MessageID]string{}
		apply := func(n int) chat.MessageID {
			do, id := crashCallAt(round, sender, n)
			if do != "truncate" {
				want[id] = crashAfter[do]
				return id
			}
			for id := range want {
				want[id] = "gone"
			}
			return ""
		}
		for n := range calls {
			apply(n)
		}
		for id := range want {
			states[id] = c.state(app, id)
		}
		// The call under way is seen by what it is about; the rest is certain.
		under, id := crashCallAt(round, sender, calls)
		before, known := want[id]
		if !known {
			before = "gone"
		}
		if under == "truncate" {
			c.checkTruncated(want, states)
			continue
		}
		if states[id] = c.state(app, id); states[id] != before && states[id] != crashAfter[under] {
			c.t.Errorf("%s was %s, %s was under way, and it is %s", id, before, under, states[id])
		}
		delete(want, id)
		for id, state := range want {
			if states[id] != state {
				c.t.Errorf("%s is %s, was acknowledged as %s", id, states[id], state)
			}
		}
	}
	return states
}

// checkTruncated checks that a truncation under way took all or nothing.
func (c *crash) checkTruncated(want, states map[chat.MessageID]string) {
	c.t.Helper()
	var there, gone []chat.MessageID
	for id, state := range want {
		switch {
		case state == "gone" && states[id] != "gone":
			c.t.Errorf("%s is %s, was truncated", id, states[id])
		case state == "live" && states[id] == "gone":
			gone = append(gone, id)
		case state == "live":
			there = append(there, id)
		}
	}
	if len(there) > 0 && len(gone) > 0 {
		c.t.Errorf("half a truncation: %v are there, %v gone", there, gone)
	}
}

// checkLists compares the channel's pages and the reader's unread with what is
// there by id.
func (c *crash) checkLists(app *chat.App, states map[chat.MessageID]string) {
	c.t.Helper()
	ctx := c.t.Context()
	listed := map[chat.MessageID]bool{}
	for _, cid := range []chat.CID{crashRoom, crashSide} {
		unread := 0
		last := time.Time{}
		for m, err := range app.AllMessages(ctx, cid) {
			c.must(err)
			if !m.CreatedAt.After(last) {
				c.t.Errorf("%s is of %v, the one before it of %v", m.ID, m.CreatedAt, last)
			}
			last = m.CreatedAt
			listed[m.ID] = true
			if m.Type != chat.TypeDeleted {
				unread++
			}
		}
		if got, err := app.As("reader").Unread(ctx, cid); err != nil || got != unread {
			c.t.Errorf("the reader has %d unread in %s (%v), want %d", got, cid, err, unread)
		}
	}
	for id, state := range states {
		if want := state == "live" || state == "deleted"; listed[id] != want {
			c.t.Errorf("%s is %s; listed in its channel: %v", id, state, listed[id])
		}
	}
}

// checkTold compares what the application was told with what came of each
// message that was ever pending.
func (c *crash) checkTold(round int, done []int, states map[chat.MessageID]string, told map[chat.MessageID][]string) {
	c.t.Helper()
	for sender, calls := range done {
		for n := range calls + 1 {
			do, id := crashCallAt(round, sender, n)
			if do != "hold" || n == calls && states[id] == "gone" {
				continue
			}
			want := []string{"sent", "deleted"}
			if states[id] == "live" {
				want = want[:1]
			}
			if got := told[id]; !slices.Equal(got, want) {
				c.t.Errorf("of %s, which was %s, the application was told %q, want %q", id, states[id], got, want)
			}
			delete(told, id)
		}
	}
	for id, what := range told {
		c.t.Errorf("of %s, which never was pending, the application was told %q", id, what)
	}
}
