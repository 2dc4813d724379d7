package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"example.com/chat"
	"example.com/chat/bench/internal/measure"
	"example.com/chat/bench/internal/program"
	"example.com/chat/bench/internal/report"
	"example.com/chat/bench/internal/workload"
)

// The labels of the rooms that are compared.
const (
	smallLabel = "small"
	largeLabel = "large"
)

func run(r *program.Run) error {
	small, err := newRoom(r, "small", size{})
	if err != nil {
		return err
	}
	err = measureAll(r, small)
	return errors.Join(err, small.close())
}

// large is one way in which a chat can be large.
type large struct {
	name  string
	size  size
	first func(*program.Run, *room) error
	calls []call
	then  func(*program.Run, *room) error // may close the room and open it again
}

func measureAll(r *program.Run, small *room) error {
	members, pending, others := r.N/10, r.N/10, r.N/50
	for _, l := range []large{
		{
			name: fmt.Sprintf("members %d → %s", writers, report.Thousands(members)), size: size{members: members},
			calls: []call{latestPage(), unread(), sendTogether(), sendAlone()},
		},
		{
			name: fmt.Sprintf("other channels %d → %s", fewOthers, report.Thousands(others)), size: size{others: others},
			calls: []call{latestPage(), unread(), channelList(), sendTogether(), sendAlone()},
		},
		{
			name: "messages private to others 0 → " + report.Thousands(r.N), size: size{private: r.N},
			calls: []call{latestPage(), pageAround(), unread(), sendTogether()},
		},
		{
			name: "pending messages not yet due 0 → " + report.Thousands(pending), size: size{pending: pending},
			calls: []call{latestPage(), sweep(), sendTogether()},
		},
		{
			name: fmt.Sprintf("messages in the channel %s → %s", report.Thousands(fewMessages), report.Thousands(r.N)), size: size{messages: r.N},
			calls: []call{
				latestPage(), pageAround(), unread(), byID(), sendTogether(), sendAlone(),
				commits(), deletes("soft delete", chat.DeleteSoft), deletes("hard delete", chat.DeleteHard),
			},
			first: func(r *program.Run, room *room) error {
				return errors.Join(measureSize(r, room), measureUnread(r, room))
			},
			then: measureFile,
		},
	} {
		if !r.Wanted(l.name) {
			continue
		}
		if err := l.measure(r, small); err != nil {
			return fmt.Errorf("%s: %w", l.name, err)
		}
	}
	for _, part := range []struct {
		name    string
		measure func(*program.Run, string) error
	}{
		{fmt.Sprintf("messages removed since the mark 0 → %s → %s", report.Thousands(1_000), report.Thousands(r.N/10)), measureRemoved},
		{"muted authors 0 → 1,000", measureMuted},
	} {
		if !r.Wanted(part.name) {
			continue
		}
		if err := part.measure(r, part.name); err != nil {
			return fmt.Errorf("%s: %w", part.name, err)
		}
	}
	return nil
}

func (l large) measure(r *program.Run, small *room) error {
	room, err := newRoom(r, "large", l.size)
	if err != nil {
		return err
	}
	if l.first != nil {
		if err := l.first(r, room); err != nil {
			return errors.Join(err, room.close())
		}
	}
	for _, c := range l.calls {
		err := r.Grows(program.Growth{
			Name: l.name + ": " + c.name, Bound: c.bound, Waits: c.waits,
			Small: c.on(small, smallLabel, r.Cell), Large: c.on(room, largeLabel, r.Cell),
		})
		if err != nil {
			return errors.Join(err, room.close())
		}
	}
	if l.then != nil {
		err = l.then(r, room)
	}
	return errors.Join(err, room.close(), remove(room.path))
}

func (c call) on(room *room, label string, d time.Duration) func() (measure.Cell, error) {
	return func() (measure.Cell, error) { return c.cell(room, label, d) }
}

// measureUnread compares a user with 10 unread messages with one who has never
// read.
func measureUnread(r *program.Run, room *room) error {
	const hasRead = private
	ctx := context.Background()
	list, err := room.as(hasRead).Messages(ctx, room.cid, chat.MessageQuery{Limit: 10})
	if err != nil {
		return err
	}
	if err := room.as(hasRead).MarkUnread(ctx, list.Items[0].ID); err != nil {
		return err
	}
	all, err := room.as(reader).Unread(ctx, room.cid)
	if err != nil {
		return err
	}
	if all != r.N && r.N >= fewMessages {
		return fmt.Errorf("%d messages are unread; want %d", all, r.N)
	}
	c := unread()
	return r.Grows(program.Growth{
		Name: "unread messages 10 → " + report.Thousands(r.N) + ": unread", Bound: c.bound,
		Small: unreadOf(hasRead, "", 0).on(room, smallLabel, r.Cell), Large: c.on(room, largeLabel, r.Cell),
	})
}

// measureRemoved deletes messages that a reader has not read.
func measureRemoved(r *program.Run, name string) error {
	room, err := newRoom(r, "removed", size{messages: r.N / 5})
	if err != nil {
		return err
	}
	defer func() { _ = room.close() }()
	none := room.cid
	for i, n := range []int{1_000, r.N / 10} {
		n = min(n, r.N/5)
		cid := workload.CID(1 + i)
		if err := workload.AddChannel(room.app, cid, workload.Users(0, writers+2)); err != nil {
			return err
		}
		if err := workload.Post(room.app, room.texts, cid, r.N/5); err != nil {
			return err
		}
		if err := removeEverySecond(room, cid, n); err != nil {
			return err
		}
		in := func(cid chat.CID) func() (measure.Cell, error) {
			return func() (measure.Cell, error) { return countUnread(room, reader, cid, largeLabel) }
		}
		err := r.Grows(program.Growth{
			Name: "messages removed since the mark 0 → " + report.Thousands(n) + ": unread", Bound: 1.5,
			Small: in(none), Large: in(cid),
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// removeEverySecond soft-deletes messages all over a channel, every second one
// from the newest on.
func removeEverySecond(room *room, cid chat.CID, n int) error {
	ctx := context.Background()
	var ids []chat.MessageID
	query := chat.MessageQuery{Limit: 300}
	for len(ids) < n {
		page, err := room.app.Messages(ctx, cid, query)
		if err != nil {
			return err
		}
		for i := 0; i < len(page.Items) && len(ids) < n; i += 2 {
			ids = append(ids, page.Items[i].ID)
		}
		if query.Page = page.Prev; query.Page == "" {
			break
		}
	}
	return workload.Each(len(ids), func(i int) error {
		_, err := room.app.DeleteMessage(ctx, ids[i], chat.DeleteSoft, "")
		return err
	})
}

// measureMuted has a reader mute authors who write in the channel, and another
// as many who do not.
func measureMuted(r *program.Run, name string) error {
	const authors, elsewhere = 1_000, 2_000
	ctx := context.Background()
	room, err := newRoom(r, "muted", size{members: authors + 10})
	if err != nil {
		return err
	}
	defer func() { _ = room.close() }()
	if err := workload.AddUsers(room.app, elsewhere, elsewhere+authors); err != nil {
		return err
	}
	err = workload.Each(3*authors, func(i int) error {
		_, err := room.as(i%authors).Send(ctx, room.cid, chat.Draft{Text: room.texts.Any()})
		return err
	})
	if err != nil {
		return err
	}
	const noMutes, mutesStrangers, mutesAuthors = authors + 1, authors + 2, authors + 3
	err = workload.Each(authors, func(i int) error {
		return errors.Join(
			room.as(mutesAuthors).MuteUser(ctx, workload.User(i), 0),
			room.as(mutesStrangers).MuteUser(ctx, workload.User(elsewhere+i), 0),
		)
	})
	if err != nil {
		return err
	}
	for _, c := range []struct {
		name string
		user int
	}{{name + " who write elsewhere: unread", mutesStrangers}, {name + " who write in the channel: unread", mutesAuthors}} {
		err := r.Grows(program.Growth{
			Name: c.name, Bound: 1.25,
			Small: unreadOf(noMutes, "", 0).on(room, smallLabel, r.Cell), Large: unreadOf(c.user, "", 0).on(room, largeLabel, r.Cell),
		})
		if err != nil {
			return err
		}
	}
	return nil
}
