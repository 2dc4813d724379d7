package chat

import (
	"context"
	"errors"
	"slices"
	"time"

	"example.com/chat/internal/record"
	"example.com/chat/storage"
)

// eventFilter is an EventQuery that was checked.
type eventFilter struct {
	limit    int
	channels []CID
	types    []EventType
}

func (q EventQuery) check() (f eventFilter, err error) {
	f.limit = q.Limit
	if err := checkLimit("limit", &f.limit, standardEvents, maxPage); err != nil {
		return f, err
	}
	if len(q.Channels) > maxFollowed {
		return f, invalid("channels", "names %d channels; at most %d", len(q.Channels), maxFollowed)
	}
	for i, cid := range q.Channels {
		if err := checkCID(element("channels", i), cid); err != nil {
			return f, err
		}
	}
	f.channels = append(f.channels, q.Channels...)
	f.types, err = eventTypesOf("types", q.Types)
	return f, err
}

func (f *eventFilter) wants(t EventType) bool { return f.types == nil || slices.Contains(f.types, t) }

// follower reads on from a place, for one caller.
type follower struct {
	app    *App
	caller caller
	filter eventFilter
	place  place
	begins bool // now, wherever that is

	durable bool // typing is not told

	// Of the last read: what to wait for.
	logs     [][]byte
	channels []record.Channel // whose typing is told, sorted
}

// pollAgain is how often a store is asked that cannot wake who waits, and how
// long at most anybody waits without looking: a user may have come into a channel
// by a change of their role.
const (
	pollAgain = time.Second
	lookAgain = time.Minute
)

func (a *App) poll(ctx context.Context, op string, c caller, cursor Cursor, q EventQuery) (_ []Event, _ Cursor, err error) {
	defer a.operation(&ctx, op).ended(&err)
	filter, err := q.check()
	if err != nil {
		return nil, cursor, in(op, err)
	}
	if !c.app {
		defer a.polling.enter(c.user)()
	}
	f := &follower{app: a, caller: c, filter: filter, begins: cursor == ""}
	if !f.begins {
		if f.place, err = a.cursors.decode(cursor); err != nil {
			return nil, cursor, in(op, err)
		}
	}
	for {
		var events []Event
		var more bool
		a.readers.run(func() { events, more, err = f.read(ctx, op) })
		if err == nil && len(events) == 0 && !more {
			err = in(op, f.wait(ctx))
		}
		switch {
		case err != nil && f.begins:
			return nil, cursor, err
		case err != nil || len(events) > 0:
			return events, a.cursors.encode(f.place), err
		}
	}
}

// read reads what there is after the place, and moves it. More says that there
// may be more at once.
func (f *follower) read(ctx context.Context, op string) (events []Event, more bool, err error) {
	var next place
	err = f.app.view(ctx, op, func(r *record.Reader) error {
		span, err := r.Logs()
		if err != nil {
			return err
		}
		from := f.place
		if f.begins {
			from = place{span.Newest, f.app.typing.last()}
		} else if from.position.Compare(span.Trimmed) < 0 || from.position.Compare(span.Newest) > 0 {
			return fail(ErrCursorExpired, "cursor", "what came after it is no longer kept: read the state anew, and go on with a cursor from there")
		}
		v, err := f.open(r, from.position)
		if err != nil {
			return err
		}
		list, last, full, err := v.next(from.position)
		if err != nil {
			return err
		}
		if next, more = (place{last, from.live}), full; !full {
			next.position = span.Newest
		}
		if events, err = v.render(list); err != nil || full {
			return err
		}
		next.live, err = v.addTyping(&events, from.live)
		return err
	})
	if err != nil {
		return nil, false, err
	}
	f.place, f.begins = next, false
	live := f.app.cursors.encode(next)
	for i := range events {
		if events[i].Cursor == "" {
			events[i].Cursor = live
		}
	}
	return events, more, nil
}

// wait waits until there may be something after the place.
func (f *follower) wait(ctx context.Context) error {
	waiting, cancel := context.WithTimeout(ctx, lookAgain)
	defer cancel()
	leave, news := f.app.typing.enter(f, cancel)
	defer leave()
	if news {
		return nil
	}
	waiter, ok := f.app.db.Store().(storage.Waiter)
	switch {
	case !ok:
		timer := time.NewTimer(pollAgain)
		defer timer.Stop()
		select {
		case <-timer.C:
			return nil
		case <-waiting.Done():
		}
	default:
		if err := waiter.Wait(waiting, f.logs, f.place.position); err == nil || waiting.Err() == nil || !errors.Is(err, waiting.Err()) {
			return err
		}
	}
	if err := f.app.usable(ctx); err != nil {
		return err
	}
	return ctx.Err() // nil: somebody types, or it is time to look
}

// open finds out what the caller is told from a position on, and so what to wait
// for.
func (f *follower) open(r *record.Reader, from storage.Position) (*eventView, error) {
	v := &eventView{follower: f, reader: r, rooms: map[record.Channel]*eventRoom{}}
	b := r.Batch()
	v.user = b.User(string(f.caller.user))
	v.settings = record.Settings[storedSettings](b)
	named := make([]*record.Value[record.Channel], len(f.filter.channels))
	for i, cid := range f.filter.channels {
		named[i] = b.Number(string(cid))
	}
	if err := b.Run(); err != nil {
		return nil, err
	}
	if err := checkCaller(f.caller, v.user); err != nil {
		return nil, err
	}
	if f.filter.channels != nil {
		v.only = map[record.Channel]bool{}
		for _, number := range named {
			if number.Found {
				v.only[number.V] = true
			}
		}
	}
	if f.caller.app {
		f.logs = nil
		if v.only != nil {
			f.channels = f.channels[:0]
			for c := range v.only {
				f.channels = append(f.channels, c)
			}
			slices.Sort(f.channels)
		}
		return v, nil
	}
	return v, v.follow(from)
}

// follow collects the logs of a user: their own, and those of their channels and
// of the ones that they name and can read. Those that were deleted and are no
// longer theirs are among them until the deletion was read.
func (v *eventView) follow(from storage.Position) error {
	owns, err := v.reader.UserChannels(string(v.caller.user))
	if err != nil {
		return err
	}
	types, err := record.Types[ChannelType](v.reader)
	if err != nil {
		return err
	}
	allPrivate := typesWithAllPrivate(types, Role(v.user.V.Role))
	shown, err := v.reader.OpenTo(showsPrivate)
	if err != nil {
		return err
	}
	follow := record.Follow{User: string(v.caller.user)}
	v.joined = make(map[record.Channel]storage.Position, len(owns))
	add := func(c record.Channel, cid CID) {
		follow.Channels = append(follow.Channels, c)
		if allPrivate[cid.Type()] || slices.Contains(shown, c) {
			follow.Private = append(follow.Private, c)
		}
	}
	for _, own := range owns {
		if own.Member && (v.only == nil || v.names(own.CID)) {
			v.joined[own.Channel] = storage.PositionAt(own.JoinedHigh, own.JoinedLow)
			add(own.Channel, CID(own.CID))
		}
	}
	for c := range v.only {
		if _, member := v.joined[c]; member {
			continue
		}
		room, err := v.room(c)
		if err != nil {
			return err
		}
		if room.readable() {
			add(c, CID(room.channel.CID))
		}
	}
	v.channels = append(v.channels[:0], follow.Channels...)
	slices.Sort(v.channels)
	gone, err := v.reader.GoneChannels(string(v.caller.user), from)
	if err != nil {
		return err
	}
	for c, cid := range gone {
		if v.only == nil || v.names(cid) {
			follow.Channels = append(follow.Channels, c)
		}
	}
	v.logs = follow.Logs()
	return nil
}

// names says whether a channel is among those that are asked for, also when it
// is deleted and its number is forgotten.
func (v *eventView) names(cid string) bool { return slices.Contains(v.filter.channels, CID(cid)) }
