package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync/atomic"

	"example.com/chat"
	"example.com/chat/bench/internal/program"
	"example.com/chat/bench/internal/workload"
)

// What the small chat has.
const (
	writers      = 64 // users 0 to 63, who send
	reader       = writers
	private      = writers + 1 // whom private messages go to
	fewMessages  = 1_000
	fewOthers    = 20
	ownChannels  = 50 // of the reader, in each chat
	firstOther   = 1_000
	callers      = 64
	pageSize     = 25
	listedLength = 30
)

// room is a chat with one channel that calls are made in.
type room struct {
	app    *chat.App
	cid    chat.CID
	path   string
	texts  workload.Texts
	anchor chat.MessageID // in the middle of the channel
	fresh  atomic.Int64   // channels made by freshChannel
}

// size is what a chat is large in. The zero value is the small chat.
type size struct {
	members  int // of the channel, beside the writers and the reader
	messages int // of the channel
	private  int // messages of the channel that the reader does not see
	others   int // other channels
	pending  int // messages of the channel
}

// newRoom fills a chat and opens it.
func newRoom(r *program.Run, name string, s size) (*room, error) {
	room := &room{cid: workload.CID(0), path: filepath.Join(r.Dir, name), texts: workload.MakeTexts()}
	filling, err := workload.Fill(room.path)
	if err != nil {
		return nil, err
	}
	if err := errors.Join(room.fill(filling.App, s), filling.Close()); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	room.app, err = chat.Open(room.path, &chat.Options{NoBackground: true})
	return room, err
}

func (room *room) fill(app *chat.App, s size) error {
	ctx := context.Background()
	users := max(writers+2, s.members)
	if err := workload.AddUsers(app, 0, users); err != nil {
		return err
	}
	if err := workload.AddChannel(app, room.cid, workload.Users(0, users)); err != nil {
		return err
	}
	err := workload.Each(ownChannels+max(s.others, fewOthers), func(i int) error {
		members := workload.Users(0, writers)
		if i < ownChannels {
			members = append(members, workload.User(reader))
		} else {
			members = members[:8]
		}
		cid := workload.CID(firstOther + i)
		if err := workload.AddChannel(app, cid, members); err != nil {
			return err
		}
		_, err := app.As(workload.User(i%8)).Send(ctx, cid, chat.Draft{Text: room.texts.Any()})
		return err
	})
	if err != nil {
		return err
	}
	if err := workload.Post(app, room.texts, room.cid, max(s.messages, fewMessages)); err != nil {
		return err
	}
	err = workload.Each(s.private, func(i int) error {
		_, err := app.Send(ctx, room.cid, workload.User(i%writers), chat.Draft{Text: room.texts.Any(), Restricted: workload.Users(private, private+1)}, nil)
		return err
	})
	if err != nil {
		return err
	}
	if err := room.hold(app, s.pending); err != nil {
		return err
	}
	list, err := app.As(workload.User(reader)).Messages(ctx, room.cid, chat.MessageQuery{Limit: 300})
	if err == nil {
		room.anchor = list.Items[len(list.Items)/2].ID
	}
	return err
}

// hold sends messages that stay pending.
func (room *room) hold(app *chat.App, n int) error {
	return workload.Each(n, func(i int) error {
		_, err := app.Send(context.Background(), room.cid, workload.User(i%writers), chat.Draft{Text: room.texts.Any()}, &chat.SendOptions{Pending: chat.PendingOn})
		return err
	})
}

func (room *room) close() error { return room.app.Close() }

func (room *room) as(user int) *chat.Session { return room.app.As(workload.User(user)) }

// copyRoom opens a copy of a room that is closed.
func copyRoom(original *room) (*room, error) {
	path := original.path + "-copy"
	if err := copyStore(original.path, path); err != nil {
		return nil, err
	}
	app, err := chat.Open(path, &chat.Options{NoBackground: true})
	return &room{app: app, cid: original.cid, path: path, texts: original.texts}, err
}

// freshChannel makes another channel as the small chat's, so that what is sent
// to it leaves the first one small.
func (room *room) freshChannel() (chat.CID, error) {
	cid := workload.CID(firstOther*1_000 + int(room.fresh.Add(1)))
	if err := workload.AddChannel(room.app, cid, workload.Users(0, writers+2)); err != nil {
		return "", err
	}
	return cid, workload.Post(room.app, room.texts, cid, fewMessages)
}
