package linearizability

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"

	"example.com/chat"
)

// action is what an operation does.
type action int

const (
	send action = iota
	commit
	deleteSoft
	deleteHard
	deleteForMe
	undelete
	truncate
	purge // truncate for good
	markRead
	readMessage
	readPage
	readUnread
	actions
)

func (a action) String() string {
	return [...]string{
		"send", "commit", "delete softly", "delete for good", "delete for me", "undelete", "truncate", "truncate for good",
		"mark read", "read message", "read page", "read unread",
	}[a]
}

// rooms is how many channels a history has, messages how many messages each of
// them may get: few, so that operations meet.
const (
	rooms    = 4
	messages = 16
)

// The users are members of each channel. Ann and Bob write; what is private is
// for Bob. The application, who is nobody, sees everything.
const application chat.UserID = ""

var (
	users   = [...]chat.UserID{"ann", "bob", "cat"}
	authors = users[:2]
	listed  = users[1]
)

// operation is one call about one channel, and about one of its messages if it
// is about a message.
type operation struct {
	action  action
	room    int
	message int
	by      chat.UserID
}

func (o operation) cid() chat.CID { return chat.CID(fmt.Sprintf("messaging:%d", o.room)) }

func (o operation) id() chat.MessageID { return messageID(o.room, o.message) }

func messageID(room, message int) chat.MessageID {
	return chat.MessageID(fmt.Sprintf("%d-%d", room, message))
}

// How a message is sent goes by its number.
func isPrivate(message int) bool { return message%4 == 1 }
func isHeld(message int) bool    { return message%4 == 3 }

// byApplication says that the application sends in the user's name: it sees
// what comes back, and the user's read mark stays.
func (o operation) byApplication() bool { return isPrivate(o.message) || isHeld(o.message) }

func (o operation) String() string {
	by := o.by
	if by == application {
		by = "application"
	}
	return fmt.Sprintf("%s: %s %s", by, o.action, o.id())
}

// randomOperation is some operation in a channel, the common ones more often.
func randomOperation(r *rand.Rand, room int) operation {
	weights := [actions]int{
		send: 90, commit: 30, deleteSoft: 40, deleteHard: 12, deleteForMe: 16, undelete: 40, truncate: 1, purge: 1,
		markRead: 20, readMessage: 40, readPage: 40, readUnread: 50,
	}
	sum := 0
	for _, weight := range weights {
		sum += weight
	}
	n := r.IntN(sum)
	o := operation{room: room, message: r.IntN(messages)}
	for n >= weights[o.action] {
		n -= weights[o.action]
		o.action++
	}
	switch o.action {
	case send:
		o.by = authors[r.IntN(len(authors))]
	case deleteSoft, deleteHard, readMessage, readPage:
		if i := r.IntN(len(users) + 1); i < len(users) {
			o.by = users[i]
		}
	case deleteForMe, markRead, readUnread:
		o.by = users[r.IntN(len(users))]
	}
	return o
}

// view is a message as somebody sees it.
type view struct {
	id            chat.MessageID
	kind          chat.MessageType
	text          string
	author        chat.UserID
	created, sent int64
	forMe         bool
	pending       bool
}

func viewOf(m chat.Message) view {
	v := view{
		id: m.ID, kind: m.Type, text: m.Text, author: m.User.ID, created: m.CreatedAt.UnixMicro(), forMe: m.DeletedForMe, pending: m.Pending != nil,
	}
	if m.SentAt != nil {
		v.sent = m.SentAt.UnixMicro()
	}
	return v
}

// outcome is what an operation answered.
type outcome struct {
	err     error // a sentinel of the package chat, or the error itself
	message view
	page    []view
	unread  int
}

func (o outcome) String() string {
	switch {
	case o.err != nil:
		return o.err.Error()
	case o.message != view{}:
		return fmt.Sprintf("%+v", o.message)
	case o.page != nil:
		return fmt.Sprintf("%+v", o.page)
	}
	return fmt.Sprint(o.unread)
}

// kindOf is the sentinel that an error is of.
func kindOf(err error) error {
	kinds := []error{
		chat.ErrNotFound, chat.ErrPermission, chat.ErrConflict, chat.ErrPending, chat.ErrNotPending, chat.ErrDeleted, chat.ErrNotDeleted,
	}
	i := slices.IndexFunc(kinds, func(kind error) bool { return errors.Is(err, kind) })
	if i < 0 {
		return err
	}
	return kinds[i]
}

// do makes the call.
func (o operation) do(app *chat.App) outcome {
	var out outcome
	var m chat.Message
	var err error
	ctx, as := context.Background(), app.As(o.by)
	switch o.action {
	case send:
		m, err = o.send(app)
	case commit:
		m, err = app.CommitMessage(ctx, o.id())
	case deleteSoft:
		_, err = o.delete(app, chat.DeleteSoft)
	case deleteHard:
		_, err = o.delete(app, chat.DeleteHard)
	case deleteForMe:
		err = as.DeleteMessageForMe(ctx, o.id())
	case undelete:
		m, err = app.UndeleteMessage(ctx, o.id(), users[0])
	case truncate, purge:
		err = app.TruncateChannel(ctx, o.cid(), &chat.TruncateOptions{Hard: o.action == purge})
	case markRead:
		err = as.MarkRead(ctx, o.cid())
	case readMessage:
		if o.by == application {
			m, err = app.Message(ctx, o.id())
		} else {
			m, err = as.Message(ctx, o.id())
		}
	case readPage:
		out.page, err = o.page(app)
	case readUnread:
		out.unread, err = as.Unread(ctx, o.cid())
	}
	out.err = kindOf(err)
	if err == nil && m.ID != "" {
		out.message = viewOf(m)
	}
	return out
}

// send sends an open message as the user, any other as the application.
func (o operation) send(app *chat.App) (chat.Message, error) {
	ctx, draft := context.Background(), chat.Draft{ID: o.id(), Text: "text of " + string(o.id())}
	switch {
	case isPrivate(o.message):
		draft.Restricted = []chat.UserID{listed}
		return app.Send(ctx, o.cid(), o.by, draft, nil)
	case isHeld(o.message):
		return app.Send(ctx, o.cid(), o.by, draft, &chat.SendOptions{Pending: chat.PendingOn})
	}
	return app.As(o.by).Send(ctx, o.cid(), draft)
}

func (o operation) delete(app *chat.App, mode chat.DeleteMode) (chat.Message, error) {
	if o.by == application {
		return app.DeleteMessage(context.Background(), o.id(), mode, "")
	}
	return app.As(o.by).DeleteMessage(context.Background(), o.id(), mode)
}

func (o operation) page(app *chat.App) ([]view, error) {
	read := app.Messages
	if o.by != application {
		read = app.As(o.by).Messages
	}
	page, err := read(context.Background(), o.cid(), chat.MessageQuery{Limit: 2 * messages})
	views := []view{}
	for _, m := range page.Items {
		views = append(views, viewOf(m))
	}
	return views, err
}
