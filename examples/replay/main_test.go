package main

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"example.com/chat"
	"example.com/chat/storage/memstore"
)

// inMemory opens one chat in memory, again and again.
func inMemory(t *testing.T) func() (*chat.App, error) {
	store := memstore.New()
	t.Cleanup(func() { _ = store.Close() })
	return func() (*chat.App, error) { return chat.New(store, offline()) }
}

func sampleLogs(t *testing.T) []*ircLog {
	t.Helper()
	folder, err := fs.Sub(sample, "sample")
	if err != nil {
		t.Fatal(err)
	}
	logs, err := readLogs(folder)
	if err != nil {
		t.Fatal(err)
	}
	return logs
}

func TestSampleIsPlayedWithoutADifference(t *testing.T) {
	r := replay{logs: sampleLogs(t), rhythm: sampleRhythm, senders: 2, progress: progress{out: io.Discard}, open: inMemory(t)}
	o, err := r.run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range o.shown {
		t.Error(s)
	}
	// The small log must hold something of everything.
	for what, n := range map[string]int{
		"messages": o.tally.messages, "system messages": o.tally.system, "private": o.tally.private, "committed": o.tally.committed,
		"dropped": o.tally.dropped, "soft": o.tally.soft, "hard": o.tally.hard, "for me": o.tally.forMe, "quotes": o.tally.quotes,
		"empty": o.tally.empty, "unread counts": int(o.checked.unread.Load()), "hidden": int(o.checked.hidden.Load()),
	} {
		if n == 0 {
			t.Errorf("no %s in the sample", what)
		}
	}
}

func TestOddTextIsCleanedAndSplit(t *testing.T) {
	raw := "[18:01] <a> \x02bold\x02 \xff\n[18:02] <b> " + strings.Repeat("long ", 2500) + "\n[18:03] <a> \x03\nwhat is this?\n"
	logs := []*ircLog{{name: "odd", lines: parseLines([]byte(raw)), links: map[int]int{1: 0}}}
	r := replay{logs: logs, rhythm: standardRhythm, senders: 1, progress: progress{out: io.Discard}, open: inMemory(t)}
	o, err := r.run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range o.shown {
		t.Error(s)
	}
	want := tally{messages: 4, quotes: 1, cleaned: 2, split: 1, empty: 1, unplayed: 1}
	if o.tally != want {
		t.Errorf("got %+v, want %+v", o.tally, want)
	}
}

// TestCheckFindsWhatIsDifferent changes the chat behind the player's back, in
// one way at a time.
func TestCheckFindsWhatIsDifferent(t *testing.T) {
	ctx := context.Background()
	for name, change := range map[string]func(app *chat.App, r *room) error{
		"a message more": func(app *chat.App, r *room) error {
			_, err := app.Send(ctx, r.cid, operator, chat.Draft{Text: "extra"}, nil)
			return err
		},
		"another text": func(app *chat.App, r *room) error {
			_, err := app.UpdateMessage(ctx, sound(r).id, chat.MessageUpdate{Text: "other"}, nil)
			return err
		},
		"deleted": func(app *chat.App, r *room) error {
			_, err := app.DeleteMessage(ctx, sound(r).id, chat.DeleteSoft, "")
			return err
		},
		"deleted for one": func(app *chat.App, r *room) error {
			return app.As(sound(r).author).DeleteMessageForMe(ctx, sound(r).id)
		},
		"gone": func(app *chat.App, r *room) error {
			_, err := app.DeleteMessage(ctx, sound(r).id, chat.DeleteHard, "")
			return err
		},
		"read": func(app *chat.App, r *room) error {
			for user := range r.members {
				if err := app.As(user).MarkRead(ctx, r.cid); err != nil {
					return err
				}
			}
			return nil
		},
		"a member more": func(app *chat.App, r *room) error {
			return app.AddMembers(ctx, r.cid, []chat.MemberDraft{{UserID: operator}}, nil)
		},
		"another name": func(app *chat.App, _ *room) error {
			return app.UpsertUsers(ctx, chat.User{ID: operator, Name: "someone"})
		},
	} {
		t.Run(name, func(t *testing.T) {
			app, err := inMemory(t)()
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = app.Close() }()
			p := &player{app: app, rhythm: sampleRhythm}
			logs := sampleLogs(t)
			nicks, err := p.users(ctx, logs)
			if err != nil {
				t.Fatal(err)
			}
			rooms, _, err := p.play(ctx, logs, 2)
			if err != nil {
				t.Fatal(err)
			}
			if err := change(app, rooms[0]); err != nil {
				t.Fatal(err)
			}
			c := &checker{app: app, nicks: nicks}
			if err := c.run(ctx, rooms); err != nil {
				t.Fatal(err)
			}
			if c.differences == 0 {
				t.Error("the check finds no difference")
			}
		})
	}
}

// sound is a message that nothing happened to, by someone who is still there.
func sound(r *room) *entry {
	for _, e := range r.entries {
		if e.kind == chat.TypeRegular && e.forTwo == nil && !e.soft && !e.hard && e.forMe == "" && r.isMember(e.author) {
			return e
		}
	}
	return nil
}

func TestCommandWritesATableAndKeepsTheFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "chat.db")
	devNull, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = devNull.Close() }()
	var out strings.Builder
	if err := command(t.Context(), []string{"-db", file, "-senders", "2"}, &out, devNull); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"channels ", "users ", "messages ", "private ", "pending ", "deleted ", "sends per second ", "file size ", "checked ", "differences       0"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in the table:\n%s", want, out.String())
		}
	}
	if _, err := os.Stat(file); err != nil {
		t.Error(err)
	}
	for _, args := range [][]string{{"-db", file}, {"-senders", "0"}, {"a", "b"}, {t.TempDir()}} {
		if err := command(t.Context(), args, io.Discard, devNull); err == nil {
			t.Errorf("replay %v: got no error", args)
		}
	}
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	if err := command(cancelled, nil, io.Discard, devNull); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: got %v", err)
	}
}

// TestRealLogs reads all the real logs and plays a few, where they are at hand.
func TestRealLogs(t *testing.T) {
	const folder = "../../../shared/chatlogs"
	if _, err := os.Stat(folder); err != nil {
		t.Skip("no real chat logs in ../shared/chatlogs, beside the repository: skipped")
	}
	if testing.Short() {
		t.Skip("skipped by -short")
	}
	logs, err := readLogs(os.DirFS(folder))
	if err != nil {
		t.Fatal(err)
	}
	kinds := map[kind]int{}
	for _, l := range logs {
		for _, line := range l.lines {
			kinds[line.kind]++
		}
	}
	// 207,761 lines are <nick> text, one of a nick is from another window. Of the
	// actions 481 have a time.
	if kinds[say] != 207_762 || kinds[notice] != 47 || kinds[other] != 0 {
		t.Errorf("%d lines are said, %d notices, %d of an unknown form; want 207762, 47, 0", kinds[say], kinds[notice], kinds[other])
	}
	slices.SortStableFunc(logs, func(a, b *ircLog) int { return len(a.lines) - len(b.lines) })
	r := replay{logs: logs[:2], rhythm: standardRhythm, senders: 2, progress: progress{out: io.Discard}, open: inMemory(t)}
	start := time.Now()
	o, err := r.run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d messages in %v", o.tally.messages, time.Since(start))
	for _, s := range o.shown {
		t.Error(s)
	}
}
