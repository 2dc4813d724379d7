package chat_test

import (
	"bufio"
	"bytes"
	"context"
	"flag"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"example.com/chat"
)

var (
	crashSeed  = flag.Uint64("crash.seed", 0, "seed of TestCrash; 0: a new one each time")
	crashKills = flag.Int("crash.kills", 0, "kills of TestCrash; 0: 4, or 20 where CI=true and no race is looked for")
)

const (
	crashCallers   = 16
	crashFileKills = 50               // after so many a new file is begun
	crashLater     = 16 * time.Second // by then the work that a dead process had claimed is anybody's
)

// crashShared is a channel of each type, for all callers.
var crashShared = []chat.CID{"messaging:room", "team:room", "livestream:room", "commerce:room", "gaming:room"}

// crashRecycled is the channel that a caller has to itself, and deletes and
// makes again.
func crashRecycled(caller int) (cid chat.CID, owns bool) {
	switch caller {
	case crashCallers - 2:
		return "messaging:recycled", true
	case crashCallers - 1:
		return "gaming:recycled", true
	}
	return "", false
}

func crashChannels() []chat.CID {
	list := append([]chat.CID{}, crashShared...)
	for caller := range crashCallers {
		if cid, owns := crashRecycled(caller); owns {
			list = append(list, cid)
		}
	}
	list = append(list, crashSlow, crashListed)
	for caller := range crashCallers {
		if crashPeer(caller) != "" {
			list = append(list, crashPair(caller))
		}
	}
	return list
}

func crashUser(caller int) chat.UserID { return chat.UserID(fmt.Sprintf("caller-%d", caller)) }

// crashUsers is the callers, and those who only look: the owner of the channels,
// two who see the private messages and one who does not.
func crashUsers() []chat.UserID {
	list := []chat.UserID{"owner", "reader", "friend", "stranger"}
	for caller := range crashCallers {
		list = append(list, crashUser(caller))
		if shade := crashShade(caller); shade != "" {
			list = append(list, shade)
		}
	}
	return list
}

func crashChannelDraft(cid chat.CID) chat.ChannelDraft {
	return chat.ChannelDraft{CreatedBy: "owner", Name: string(cid), Members: crashMembers(cid)}
}

func crashOptions(tell func(deleted bool) func(context.Context, chat.PendingMessage) error, background bool) *chat.Options {
	return &chat.Options{
		NoBackground: !background, MaxDeletedForMe: 1000,
		Pending:  chat.PendingFuncs{Sent: tell(false), Deleted: tell(true)},
		Previews: chat.PreviewOptions{Enricher: new(web), Wait: time.Millisecond},
		Commands: modelCommands(), CommandTimeout: time.Second, EphemeralLife: crashEphemeralLife, Logger: slog.New(slog.DiscardHandler),
	}
}

// TestCrash kills a process in the middle of 16 callers, again and again on the
// same file. Each time it opens the file and compares all that is in it with
// what the process had reported: each acknowledged call has its whole effect,
// and the one call of each caller that was under way has its whole effect or
// none. Of each pending message that there was the application is told.
func TestCrash(t *testing.T) {
	if path := os.Getenv("CHAT_CRASH_FILE"); path != "" {
		crashChild(path)
		return
	}
	if testing.Short() {
		t.Skip("skipped: kills processes for some seconds")
	}
	kills := 4
	if os.Getenv("CI") == "true" && !raceDetector {
		kills = 20
	}
	if *crashKills > 0 {
		kills = *crashKills
	}
	seed := *crashSeed
	if seed == 0 {
		seed = rand.Uint64()
	}
	t.Logf("go test -run TestCrash -crash.seed=%d -crash.kills=%d .", seed, kills)
	random := rand.New(rand.NewPCG(seed, 0))
	for left := kills; left > 0 && !t.Failed(); left -= crashFileKills {
		c := &crash{t: t, dir: t.TempDir(), random: random, model: newCrashModel()}
		c.prepare()
		n := min(left, crashFileKills)
		for c.kills < n && !t.Failed() {
			c.round(c.kills == n-1)
		}
		t.Logf("%d kills on one file: %s", c.kills, c.summary())
		if c.model.calls > 3000 && !t.Failed() { // of which two thirds are of the kinds that come often
			c.checkCalls()
		}
	}
}

// checkCalls checks that the callers did everything, and that the kills came
// both before and after calls took effect. Else the test would have shown less
// than it says.
func (c *crash) checkCalls() {
	c.t.Helper()
	ops := []string{
		"send", "whisper", "hold", "commit", "edit", "soft", "undelete", "hard", "for me", "read", "mute", "mute user",
		"leave", "join", "truncate", "close", "make", "ask", "press", "ban", "unban", "/ban", "/unban", "flag", "unflag",
		"flag user", "unflag user",
	}
	if c.model.calls > 4000 { // some are rare, others rarer
		ops = append(ops, "review", "review user", "react", "unreact", "pin", "unpin", "read thread", "block",
			"invite", "accept", "reject", "pin channel", "archive", "hide", "list", "post", "join late",
			"patch user", "change member", "unread thread")
	}
	if c.model.calls > 15000 {
		ops = append(ops, "slow", "held", "rejected", "erase", "deactivate", "reactivate", "turned away")
	}
	for _, op := range ops {
		if c.model.done[op] == 0 {
			c.t.Errorf("after %d kills nobody has done %q", c.kills, op)
		}
	}
	if c.model.previews == 0 {
		c.t.Error("no message has a preview")
	}
	if c.model.found == 0 || c.model.found == c.model.cutOff {
		c.t.Errorf("of %d calls that were cut off %d were done", c.model.cutOff, c.model.found)
	}
}

// crash is one file, the processes that were killed with it, and what must be in
// it.
type crash struct {
	t      *testing.T
	dir    string
	random *rand.Rand
	model  *crashModel
	kills  int
	lives  int // of processes: those that were killed, and each time the file was opened here
}

func (c *crash) path() string { return filepath.Join(c.dir, "chat.db") }

func (c *crash) must(err error) {
	c.t.Helper()
	if err != nil {
		c.t.Fatal(err)
	}
}

func (c *crash) summary() string {
	states := map[string]int{}
	held, told, again := 0, 0, 0
	for _, m := range c.model.order {
		states[c.model.fate(m, time.Now())]++
		if m.held {
			held++
		}
		told += m.told[0].times + m.told[1].times
	}
	for _, n := range c.model.repeated {
		again += n
	}
	return fmt.Sprintf("%d calls acknowledged, %d of them refused; %d cut off, %d of them done; messages %v, %d were pending; told %d times, %d of them again; %s; passed %s; events: %s; done %v",
		c.model.calls, c.model.refused, c.model.cutOff, c.model.found, states, held, told, again, c.model.moderation(), c.model.passed(), c.model.events.summary(), c.model.done)
}

// prepare makes the users and channels.
func (c *crash) prepare() {
	c.t.Helper()
	c.live(func(l *crashLife) {
		var users []chat.User
		for _, id := range crashUsers() {
			users = append(users, chat.User{ID: id})
		}
		for caller := range crashCallers {
			users = append(users, chat.User{ID: crashTarget(caller)}, chat.User{ID: crashProfile(caller)})
			if guest := crashGuest(caller); guest != "" {
				users = append(users, chat.User{ID: guest})
			}
			if peer := crashPeer(caller); peer != "" {
				users = append(users, chat.User{ID: peer})
			}
		}
		for _, id := range slices.Concat(crashNewcomers(), crashAbsentees()) {
			users = append(users, chat.User{ID: id})
		}
		c.must(l.app.UpsertUsers(l.ctx, users...))
		for _, cid := range crashChannels() {
			_, err := l.app.EnsureChannel(l.ctx, cid, crashChannelDraft(cid))
			c.must(err)
			kind, _, _ := strings.Cut(string(cid), ":")
			c.must(l.app.UpdateChannelType(l.ctx, kind, func(t *chat.ChannelType) error {
				t.Commands = modelCommandNames(true)
				for _, role := range []chat.Role{chat.RoleUser, chat.RoleChannelMember} {
					t.Grants[role] = append(t.Grants[role], chat.CreateMentionAll, chat.CreateMentionOnline)
				}
				t.Grants[crashResident] = t.Grants[chat.RoleChannelMember]
				return nil
			}))
		}
		l.prepareLists()
		l.setTimeout()
		l.prepareEvents()
	})
}

// round has a process killed and looks at what it left: at once, and when the
// work that it had claimed is due again.
func (c *crash) round(last bool) {
	c.t.Helper()
	report := filepath.Join(c.dir, fmt.Sprintf("report-%d.jsonl", c.lives))
	c.kill(report)
	lines, err := readCrashReport(report)
	c.must(err)
	c.model.apply(lines, c.lives)
	c.kills++
	c.live(func(l *crashLife) {
		l.resolve()
		l.check()
		if c.random.IntN(2) == 0 { // else the next process finds it
			l.work()
			l.check()
		}
		if c.random.IntN(2) == 0 { // else the next process goes on from their cursors
			l.checkFollowers()
		}
	})
	if !last && c.random.IntN(2) == 0 || c.t.Failed() {
		return
	}
	target := time.Now().Add(crashLater)
	synctest.Test(c.t, func(*testing.T) {
		time.Sleep(time.Until(target))
		c.live(func(l *crashLife) {
			l.work()
			l.check()
			l.checkPassed()
			l.checkTold()
			l.checkGone()
			l.checkPreviews()
			l.checkFollowers()
			l.checkReceivers()
			if l.setTimeout(); last {
				l.expireAll()
			}
		})
	})
}

// kill starts a process and kills it: mostly some time after it began to work,
// now and then while it is opening the file.
func (c *crash) kill(report string) {
	c.t.Helper()
	c.lives++
	child := exec.CommandContext(c.t.Context(), os.Args[0], "-test.run=^TestCrash$")
	child.Env = append(os.Environ(), "CHAT_CRASH_FILE="+c.path(), "CHAT_CRASH_REPORT="+report,
		"CHAT_CRASH_ROUND="+strconv.Itoa(c.kills), "CHAT_CRASH_WAITING="+c.waiting(), "CHAT_CRASH_CURSORS="+c.cursors(),
		"CHAT_CRASH_SEED="+strconv.FormatUint(c.random.Uint64(), 10))
	var complaints bytes.Buffer
	child.Stderr = &complaints
	out, err := child.StdoutPipe()
	c.must(err)
	c.must(child.Start())
	// A child that hangs is no reason to hang with it.
	slow := time.AfterFunc(time.Minute, func() { _ = child.Process.Kill() })
	defer slow.Stop()
	lines := bufio.NewScanner(out)
	if c.random.IntN(8) == 0 {
		time.Sleep(time.Duration(1+c.random.IntN(60)) * time.Millisecond)
	} else if lines.Scan() && lines.Text() == "ready" {
		time.Sleep(time.Duration(5+c.random.IntN(396)) * time.Millisecond)
	} else {
		fmt.Fprintln(&complaints, lines.Text())
	}
	_ = child.Process.Kill()
	for lines.Scan() {
		if lines.Text() != "ready" {
			c.t.Errorf("the child says %q", lines.Text())
		}
	}
	_ = child.Wait() // it was killed
	if complaints.Len() > 0 || child.ProcessState.Exited() {
		c.t.Fatalf("the child ended by itself: %s", complaints.String())
	}
}

// crashLife is the file opened here.
type crashLife struct {
	*crash
	app     *chat.App
	ctx     context.Context
	replies map[chat.MessageID]crashReplies // counted anew by each check
}

// live opens the file, does something with it, and closes it.
func (c *crash) live(do func(*crashLife)) {
	c.t.Helper()
	c.lives++
	var mu sync.Mutex
	tell := func(deleted bool) func(context.Context, chat.PendingMessage) error {
		return func(_ context.Context, m chat.PendingMessage) error {
			mu.Lock()
			defer mu.Unlock()
			c.model.tell(crashToldOf(deleted, m), c.lives, true)
			return nil
		}
	}
	hear := func(heard crashHeard) error {
		mu.Lock()
		defer mu.Unlock()
		c.model.hear(heard, c.lives)
		return nil
	}
	app, err := chat.Open(c.path(), crashReceivers(crashOptions(tell, false), hear))
	c.must(err)
	do(&crashLife{crash: c, app: app, ctx: context.Background()})
	c.must(app.Close())
	for _, problem := range c.model.problems {
		c.t.Error(problem)
	}
}

// work does what is due.
func (l *crashLife) work() {
	l.t.Helper()
	_, err := l.app.RunDueWork(l.ctx)
	l.must(err)
	l.observePassing() // with a message that is gone its replies are
	l.model.settle(time.Now())
}

// setTimeout chooses how long messages may be pending from now on: so short that
// they expire while the callers are at work, or between two processes, or not at
// all. Nothing overdue is left when it is called.
func (l *crashLife) setTimeout() {
	l.t.Helper()
	choices := []time.Duration{30 * time.Millisecond, 300 * time.Millisecond, time.Hour}
	l.changeTimeout(choices[l.random.IntN(len(choices))])
}

func (l *crashLife) changeTimeout(d time.Duration) {
	l.t.Helper()
	l.must(l.app.UpdateSettings(l.ctx, func(s *chat.Settings) error { s.AsyncModeration.Timeout = d; return nil }))
	l.model.timeout = d
}

// expireAll makes everything overdue that is pending, and sees it gone at once
// and told of.
func (l *crashLife) expireAll() {
	l.t.Helper()
	l.changeTimeout(time.Millisecond)
	l.check()
	l.work()
	l.check()
	l.checkTold()
	l.checkGone()
	l.checkFollowers()
	l.checkReceivers()
	for _, who := range crashFollowers() {
		l.checkAgain(who)
	}
	for _, m := range l.model.order {
		if m.state == crashPending {
			l.t.Errorf("%s is still pending in the end", m.ID)
		}
	}
}
