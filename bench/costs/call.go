package main

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"example.com/chat"
	"example.com/chat/bench/internal/measure"
)

// call is something to be measured in a room, one cell at a time. The label
// tells small from large.
type call struct {
	name  string
	bound float64
	waits bool // for the disk
	cell  func(*room, string, time.Duration) (measure.Cell, error)
}

// The calls, with the ratio that each may reach.
func latestPage() call {
	return loop("latest page", 1.25, func(ctx context.Context, room *room) error {
		_, err := room.as(reader).Messages(ctx, room.cid, chat.MessageQuery{Limit: pageSize})
		return err
	})
}

func pageAround() call {
	return loop("page around an id", 1.25, func(ctx context.Context, room *room) error {
		_, err := room.as(reader).Messages(ctx, room.cid, chat.MessageQuery{Limit: pageSize, Around: room.anchor})
		return err
	})
}

func unread() call { return unreadOf(reader, "unread", 1.25) }

func unreadOf(user int, name string, bound float64) call {
	return call{name, bound, false, func(room *room, label string, _ time.Duration) (measure.Cell, error) {
		return countUnread(room, user, room.cid, label)
	}}
}

// countUnread counts what a user has unread, each time after somebody else has read
// the channel: where nothing was written since, it is not counted again.
func countUnread(room *room, user int, cid chat.CID, label string) (measure.Cell, error) {
	const counts = 100
	ctx := context.Background()
	return measure.Between(label, counts,
		func() error { return room.as(writers-1).MarkRead(ctx, cid) },
		func() error {
			_, err := room.as(user).Unread(ctx, cid)
			return err
		})
}

func byID() call {
	return loop("message by id", 2.5, func(ctx context.Context, room *room) error {
		_, err := room.as(reader).Message(ctx, room.anchor)
		return err
	})
}

func channelList() call {
	return loop("30 newest channels of a user", 1.25, func(ctx context.Context, room *room) error {
		_, err := room.as(reader).Channels(ctx, chat.ChannelQuery{
			Filter: chat.Eq("members", string(room.as(reader).User())), Limit: listedLength, Messages: chat.None, Members: chat.None,
		})
		return err
	})
}

func sweep() call {
	return loop("expiry sweep", 1.25, func(ctx context.Context, room *room) error {
		_, err := room.app.RunDueWork(ctx)
		return err
	})
}

func loop(name string, bound float64, fn func(context.Context, *room) error) call {
	return call{name, bound, false, func(room *room, label string, d time.Duration) (measure.Cell, error) {
		ctx := context.Background()
		return measure.Loop(label, d, func() error { return fn(ctx, room) })
	}}
}

// sends measures sends to the room's channel, or if that is to stay small to a
// fresh one of the same size.
func sends(callers int, bound float64) call {
	name := fmt.Sprintf("send, %d callers", callers)
	return call{name, bound, true, func(room *room, label string, d time.Duration) (measure.Cell, error) {
		cid := room.cid
		if label == smallLabel {
			var err error
			if cid, err = room.freshChannel(); err != nil {
				return measure.Cell{}, err
			}
		}
		return measure.Callers(label, callers, 4*d, func(caller int) error {
			_, err := room.as(caller%writers).Send(context.Background(), cid, chat.Draft{Text: room.texts.Any()})
			return err
		})
	}}
}

func sendAlone() call { return sends(1, 1.5) }

func sendTogether() call { return sends(callers, 1.25) }

// changes measures something done once to each of some messages, which are sent
// beforehand.
func changes(name string, o *chat.SendOptions, change func(*chat.App, chat.MessageID) error) call {
	const each = 512
	return call{name, 1.25, true, func(room *room, label string, _ time.Duration) (measure.Cell, error) {
		ids := make([]chat.MessageID, each)
		_, err := measure.Times("setup", callers, each, counted(func(i int) error {
			m, err := room.app.Send(context.Background(), room.cid, room.as(i%writers).User(), chat.Draft{Text: room.texts.Any()}, o)
			ids[i] = m.ID
			return err
		}))
		if err != nil {
			return measure.Cell{}, err
		}
		return measure.Times(label, callers, each, counted(func(i int) error { return change(room.app, ids[i]) }))
	}}
}

// counted hands each call a number of its own, from 0.
func counted(fn func(i int) error) func(int) error {
	var next atomic.Int64
	return func(int) error { return fn(int(next.Add(1)) - 1) }
}

func commits() call {
	return changes("commit", &chat.SendOptions{Pending: chat.PendingOn}, func(app *chat.App, id chat.MessageID) error {
		_, err := app.CommitMessage(context.Background(), id)
		return err
	})
}

func deletes(name string, mode chat.DeleteMode) call {
	return changes(name, nil, func(app *chat.App, id chat.MessageID) error {
		_, err := app.DeleteMessage(context.Background(), id, mode, "")
		return err
	})
}
