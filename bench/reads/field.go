package main

import (
	"cmp"
	"context"
	"errors"
	"path/filepath"
	"slices"

	"example.com/chat"
	"example.com/chat/bench/internal/byhand"
	"example.com/chat/bench/internal/program"
	"example.com/chat/bench/internal/sqlite"
	"example.com/chat/bench/internal/workload"
	"example.com/chat/internal/keys"
)

// The channels: the first two have n messages each, the others a few. The
// viewer is a member of 500 in all, writes nothing and has read nothing.
const (
	plain = iota // every message is for all
	mixed        // one message in five is private, half of these to the viewer
	firstOfList
	channels = 500

	writers      = 64
	viewerNumber = writers
	stranger     = writers + 1 // whom private messages go to that the viewer does not see
	fewMessages  = 30          // more than a page, so that pages do not grow in the mixed run
)

// layout of the channels but for the number of messages.
func layout() workload.Layout {
	return workload.Layout{Channels: channels, Users: writers + 2, Members: writers + 2}
}

// field is the same messages in each contender's file.
type field struct {
	n      int
	texts  workload.Texts
	path   string // of the chat's file
	app    *chat.App
	sqlite []*sqlite.DB
	scan   *byhand.Scan

	// By channel, of plain and mixed.
	numbers []keys.Channel
	anchors []place
	places  map[*sqlite.DB][]string

	// Of plain, many places all over it.
	spread       []place
	spreadPlaces map[*sqlite.DB][]string
}

// spreadCount is how many pages are read before one is read again.
const spreadCount = 5000

// place is a message in the middle of a channel.
type place struct {
	id chat.MessageID
	at int64
}

func newField(r *program.Run, texts workload.Texts) (f *field, err error) {
	made := &field{n: r.N, texts: texts, places: map[*sqlite.DB][]string{}, spreadPlaces: map[*sqlite.DB][]string{}}
	defer func() {
		if err != nil {
			err = errors.Join(err, made.close())
		}
	}()
	path := filepath.Join(r.Dir, "chat")
	made.path = path
	if err := made.fillChat(path); err != nil {
		return nil, err
	}
	if err := made.openScan(path, filepath.Join(r.Dir, "copy")); err != nil {
		return nil, err
	}
	if made.app, err = chat.Open(path, nil); err != nil {
		return nil, err
	}
	for _, driver := range sqlite.Drivers() {
		db, err := sqlite.Open(driver, filepath.Join(r.Dir, driver.Name))
		if err != nil {
			return nil, err
		}
		made.sqlite = append(made.sqlite, db)
		if err := made.fillSQLite(db); err != nil {
			return nil, err
		}
	}
	return made, nil
}

func (f *field) close() error {
	var errs []error
	if f.app != nil {
		errs = append(errs, f.app.Close())
	}
	if f.scan != nil {
		errs = append(errs, f.scan.Close())
	}
	for _, db := range f.sqlite {
		errs = append(errs, db.Close())
	}
	return errors.Join(errs...)
}

// audience is who sees the i-th message of a channel, beside its author; nil:
// all.
func audience(channel, i int) []int {
	switch {
	case channel == mixed && i%10 == 3:
		return []int{viewerNumber}
	case channel == mixed && i%10 == 7:
		return []int{stranger}
	}
	return nil
}

// count is how many messages a channel has.
func (f *field) count(channel int) int {
	if channel < firstOfList {
		return f.n
	}
	return fewMessages
}

// hidden are the messages that the viewer deletes for themselves: of a list in
// order, every eighth public one of the newest and of those in the middle.
func hidden[T any](list []T, public func(T) bool, remove func(T) error) error {
	for _, end := range []int{len(list), len(list)/2 + 160} {
		end = min(end, len(list))
		for i := max(0, end-320); i < end; i += 8 {
			if !public(list[i]) {
				continue
			}
			if err := remove(list[i]); err != nil {
				return err
			}
		}
	}
	return nil
}

// everywhere is some of a list, the ends left out and far apart from one to the
// next.
func everywhere[T any](list []T) (some []T) {
	const stride = 7919 // a prime
	inner := list[page : len(list)-page]
	for i := range min(spreadCount, len(inner)) {
		some = append(some, inner[i*stride%len(inner)])
	}
	return some
}

func (f *field) fillChat(path string) (err error) {
	ctx := context.Background()
	filling, err := workload.Fill(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, filling.Close()) }()
	if err := layout().Add(filling.App); err != nil {
		return err
	}
	for channel := range firstOfList {
		cid := workload.CID(channel)
		sent := make([]chat.Message, f.n)
		err := workload.Each(f.n, func(i int) (err error) {
			d := chat.Draft{Text: f.texts.Any()}
			for _, user := range audience(channel, i) {
				d.Restricted = append(d.Restricted, workload.User(user))
			}
			if d.Restricted == nil {
				sent[i], err = filling.As(workload.User(i%writers)).Send(ctx, cid, d)
			} else {
				sent[i], err = filling.Send(ctx, cid, workload.User(i%writers), d, nil)
			}
			return err
		})
		if err != nil {
			return err
		}
		slices.SortFunc(sent, func(a, b chat.Message) int { return cmp.Compare(a.CreatedAt.UnixMicro(), b.CreatedAt.UnixMicro()) })
		isPublic := func(m chat.Message) bool { return m.Restricted == nil }
		middle := sent[f.n/2:]
		anchor := middle[slices.IndexFunc(middle, isPublic)]
		f.anchors = append(f.anchors, place{anchor.ID, anchor.CreatedAt.UnixMicro()})
		if channel == plain {
			for _, m := range everywhere(sent) {
				f.spread = append(f.spread, place{m.ID, m.CreatedAt.UnixMicro()})
			}
			continue
		}
		viewer := filling.As(workload.User(viewerNumber))
		if err := hidden(sent, isPublic, func(m chat.Message) error { return viewer.DeleteMessageForMe(ctx, m.ID) }); err != nil {
			return err
		}
	}
	return workload.Each((channels-firstOfList)*fewMessages, func(i int) error {
		return workload.Post(filling.App, f.texts, workload.CID(firstOfList+i/fewMessages), 1)
	})
}

func (f *field) fillSQLite(db *sqlite.DB) error {
	if err := db.Add(layout()); err != nil {
		return err
	}
	for channel := range channels {
		ids, err := db.Load(f.count(channel), func(i int) sqlite.Draft {
			return sqlite.Draft{Channel: channel, User: i % writers, Text: f.texts.Any(), For: audience(channel, i)}
		})
		if err != nil {
			return err
		}
		if channel >= firstOfList {
			continue
		}
		middle := f.n / 2
		for audience(channel, middle) != nil {
			middle++
		}
		f.places[db] = append(f.places[db], ids[middle])
		if channel == plain {
			f.spreadPlaces[db] = everywhere(ids)
			continue
		}
		number := map[string]int{}
		for i, id := range ids {
			number[id] = i
		}
		isPublic := func(id string) bool { return audience(channel, number[id]) == nil }
		if err := hidden(ids, isPublic, func(id string) error { return db.DeleteForMe(viewerNumber, id) }); err != nil {
			return err
		}
	}
	return nil
}

// openScan opens a copy of the chat's file, which the engine keeps to itself.
func (f *field) openScan(path, copied string) error {
	if err := workload.CopyFile(path, copied); err != nil {
		return err
	}
	var err error
	if f.scan, err = byhand.OpenScan(copied); err != nil {
		return err
	}
	for channel := range firstOfList {
		number, err := f.scan.Channel(string(workload.CID(channel)))
		if err != nil {
			return err
		}
		f.numbers = append(f.numbers, number)
	}
	return nil
}
