package chat_test

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"example.com/chat"
)

// diskChat is a chat on a disk that is full at times.
type diskChat struct {
	*chat.App
	t    *testing.T
	path string
	sent []chat.Message // what was acknowledged
	next int
}

func (c *diskChat) open() {
	c.t.Helper()
	app, err := chat.Open(c.path, nil)
	if err != nil {
		c.t.Fatal(err)
	}
	c.App = app
}

// send sends the next message; after an error it is the same one again.
func (c *diskChat) send() error {
	id := chat.MessageID(fmt.Sprint("m", c.next))
	m, err := c.As("jane").Send(c.t.Context(), room, chat.Draft{ID: id, Text: strings.Repeat(string(id)+" ", 100)})
	if err == nil {
		c.sent = append(c.sent, m)
		c.next++
	}
	return err
}

// fill sends until the disk is full, and checks how that is told.
func (c *diskChat) fill() {
	c.t.Helper()
	for range 20_000 {
		err := c.send()
		if err == nil {
			continue
		}
		var e *chat.Error
		if !errors.Is(err, syscall.ENOSPC) || !errors.As(err, &e) || e.Kind != nil || e.Op != "Send" {
			c.t.Fatalf("on a full disk Send answers %v (%#v)", err, err)
		}
		return
	}
	c.t.Fatal("the disk never gets full")
}

// check reads all that was acknowledged, and looks whether all is well.
func (c *diskChat) check() {
	c.t.Helper()
	var read []chat.Message
	for m, err := range c.AllMessages(c.t.Context(), room) {
		if err != nil {
			c.t.Fatal(err)
		}
		read = append(read, m)
	}
	wantSame(c.t, "what can be read", read, c.sent)
	if n, err := c.As("john").Unread(c.t.Context(), room); err != nil || n != len(c.sent) {
		c.t.Errorf("john has %d unread (%v), want %d", n, err, len(c.sent))
	}
	report, err := c.Verify(c.t.Context(), nil)
	if err != nil || len(report.Problems) > 0 {
		c.t.Errorf("Verify finds %+v (%v)", report.Problems, err)
	}
}

func TestFullDiskLosesNothingAndGoesOn(t *testing.T) {
	if !withMounts(t) {
		return
	}
	dir := mountTmpfs(t, "3m")
	ballast := filepath.Join(dir, "ballast")
	occupy := func() {
		t.Helper()
		// As much as there is, but for some hundred kilobytes.
		var free syscall.Statfs_t
		if err := syscall.Statfs(dir, &free); err != nil {
			t.Fatal(err)
		}
		size := int64(free.Bavail)*free.Bsize - 200<<10
		if err := os.WriteFile(ballast, make([]byte, max(size, 0)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	c := &diskChat{t: t, path: filepath.Join(dir, "chat.db")}
	c.open()
	if err := c.UpsertUsers(t.Context(), chat.User{ID: "jane"}, chat.User{ID: "john"}); err != nil {
		t.Fatal(err)
	}
	if _, err := c.EnsureChannel(t.Context(), room, chat.ChannelDraft{CreatedBy: "jane", Members: []chat.UserID{"jane", "john"}}); err != nil {
		t.Fatal(err)
	}
	for round := range 3 {
		occupy()
		c.fill()
		full := len(c.sent)
		c.check()
		for range 3 { // it stays as it is
			if err := c.send(); err != nil && !errors.Is(err, syscall.ENOSPC) {
				t.Errorf("on a full disk Send answers %v", err)
			}
		}
		c.check()
		if round == 1 { // closed and opened on the full disk
			if err := c.Close(); err != nil {
				t.Errorf("Close on a full disk: %v", err)
			}
			c.open()
			c.check()
		}
		if err := os.Remove(ballast); err != nil {
			t.Fatal(err)
		}
		for range 50 {
			if err := c.send(); err != nil {
				t.Fatalf("with space again Send answers %v", err)
			}
		}
		c.check()
		t.Logf("round %d: full after %d messages, %d are there", round, full, len(c.sent))
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	c.open()
	c.check()
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
}

// wantRefused opens a file that cannot be written to.
func wantRefused(t *testing.T, path string, want error) {
	t.Helper()
	before, _ := os.ReadFile(path)
	app, err := chat.Open(path, nil)
	if err == nil {
		app.Close()
		t.Fatal("a chat opens that cannot be written to")
	}
	if !errors.Is(err, want) || !strings.Contains(err.Error(), path) {
		t.Errorf("Open answers %v, want %v and the path", err, want)
	}
	if after, _ := os.ReadFile(path); !bytes.Equal(after, before) {
		t.Error("the file has changed")
	}
}

func TestReadOnlyDiskIsRefused(t *testing.T) {
	if !withMounts(t) {
		return
	}
	dir := mountTmpfs(t, "3m")
	path := filepath.Join(dir, "chat.db")
	closeNewChat(t, path)
	remount(t, dir, true)
	wantRefused(t, path, syscall.EROFS)
	wantRefused(t, filepath.Join(dir, "new.db"), syscall.EROFS)
	remount(t, dir, false)
	app, err := chat.Open(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := app.Close(); err != nil {
		t.Error(err)
	}
}

func TestReadOnlyFileIsRefused(t *testing.T) {
	if os.Geteuid() == 0 && !withoutPrivileges(t) { // nothing is forbidden to root
		return
	}
	path := filepath.Join(t.TempDir(), "chat.db")
	closeNewChat(t, path)
	if err := os.Chmod(path, 0o400); err != nil {
		t.Fatal(err)
	}
	wantRefused(t, path, fs.ErrPermission)
}

// closeNewChat leaves a chat in a file.
func closeNewChat(t *testing.T, path string) {
	t.Helper()
	app, err := chat.Open(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := app.Close(); err != nil {
		t.Fatal(err)
	}
}
