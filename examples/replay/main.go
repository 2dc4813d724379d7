// Command replay plays IRC logs through the chat engine as live traffic, closes
// and reopens the file, and checks every message for every member against plain
// lists that it kept beside it.
//
//	go run ./examples/replay [-db FILE] [-senders N] [LOGDIR]
//
// Each file DATE.raw.txt of LOGDIR is a channel, each nick a user. Who joins and
// leaves becomes a member or ceases to be one; an annotated answer
// (DATE.annotation.txt) quotes what it answers. In each channel every 50th
// message is private to the person it addresses, every 70th is pending and then
// committed or deleted, every 90th is deleted in one of three ways. Without
// LOGDIR a small log is played, ten times as eventful. The exit status is 1 if
// anything is not as it should be.
package main

import (
	"context"
	"embed"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/signal"
	"path/filepath"
	"time"

	"example.com/chat"
)

//go:embed sample
var sample embed.FS

var (
	standardRhythm = rhythm{private: 50, pending: 70, delete: 90, decide: 7, regret: 20}
	sampleRhythm   = rhythm{private: 5, pending: 7, delete: 9, decide: 2, regret: 3}
)

var errDiffers = errors.New("the chat is not what was sent")

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := command(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	switch {
	case errors.Is(err, flag.ErrHelp):
	case err != nil:
		fmt.Fprintln(os.Stderr, "replay:", err)
		os.Exit(1)
	}
}

// command runs the program with its arguments.
func command(ctx context.Context, args []string, out io.Writer, errOut *os.File) error {
	flags := flag.NewFlagSet("replay", flag.ContinueOnError)
	flags.SetOutput(errOut)
	flags.Usage = func() {
		_, _ = fmt.Fprintln(errOut, "usage: replay [-db FILE] [-senders N] [LOGDIR]")
		flags.PrintDefaults()
	}
	db := flags.String("db", "", "a new `file` to play into (default: a temporary one, removed at the end)")
	senders := flags.Int("senders", 16, "how many channels are played at a time")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *senders < 1 || flags.NArg() > 1 {
		flags.Usage()
		return errors.New("wrong arguments")
	}
	r := replay{rhythm: sampleRhythm, senders: *senders, progress: progressTo(errOut), open: openFile(*db)}
	folder, err := fs.Sub(sample, "sample")
	if err != nil {
		return err
	}
	if flags.NArg() == 1 {
		folder, r.rhythm = os.DirFS(flags.Arg(0)), standardRhythm
	}
	if r.logs, err = readLogs(folder); err != nil {
		return err
	}
	if *db == "" {
		temp, err := os.MkdirTemp("", "replay")
		if err != nil {
			return err
		}
		defer func() { _ = os.RemoveAll(temp) }()
		*db = filepath.Join(temp, "chat.db")
		r.open = openFile(*db)
	} else if _, err := os.Stat(*db); !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s exists; name a new file", *db)
	}
	result, err := r.run(ctx)
	if err != nil {
		return err
	}
	info, err := os.Stat(*db)
	if err != nil {
		return err
	}
	result.size = info.Size()
	if err := result.write(out); err != nil {
		return err
	}
	if result.differences > 0 {
		return errDiffers
	}
	return nil
}

// offline are options with which the links in logs lead nowhere.
func offline() *chat.Options { return &chat.Options{Previews: chat.PreviewOptions{Off: true}} }

func openFile(path string) func() (*chat.App, error) {
	return func() (*chat.App, error) { return chat.Open(path, offline()) }
}

// replay is one run over some logs.
type replay struct {
	logs     []*ircLog
	rhythm   rhythm
	senders  int
	progress progress
	open     func() (*chat.App, error)
}

// run plays the logs, opens the chat anew, and checks it.
func (r *replay) run(ctx context.Context) (*outcome, error) {
	app, err := r.open()
	if err != nil {
		return nil, err
	}
	p := &player{app: app, rhythm: r.rhythm}
	o := &outcome{channels: len(r.logs)}
	nicks, err := p.users(ctx, r.logs)
	if err != nil {
		return nil, errors.Join(err, app.Close())
	}
	o.users = len(nicks)
	lines := 0
	for _, l := range r.logs {
		lines += len(l.lines)
	}
	var rooms []*room
	start := time.Now()
	err = r.progress.during("lines played", int64(lines), p.played.Load, func() error {
		rooms, o.tally, err = p.play(ctx, r.logs, r.senders)
		return err
	})
	o.sending = time.Since(start)
	if err := errors.Join(err, app.Close()); err != nil {
		return nil, err
	}
	if app, err = r.open(); err != nil {
		return nil, err
	}
	c := &checker{app: app, nicks: nicks}
	start = time.Now()
	err = r.progress.during("channels checked", int64(len(rooms)), c.checked.rooms.Load, func() error {
		return c.run(ctx, rooms)
	})
	o.checking = time.Since(start)
	o.checked, o.differences, o.shown = &c.checked, c.differences, c.shown
	return o, errors.Join(err, app.Close())
}
