package chat

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"

	"example.com/chat/internal/codec"
	"example.com/chat/internal/markup"
	"example.com/chat/internal/outbox"
	"example.com/chat/internal/record"
)

// Pusher tells people who may not be looking of a message: by a notification
// on their phone, by mail.
//
// Push is called when a message has become visible: sent, or committed. Not for
// one that is silent or skips push, nor for a system message that goes with a
// change of a channel or is a command's. That a push is due is recorded with
// the message, while a Pusher is set; the calls come afterwards, off the
// sender's path. Each has at most 500 recipients: a message in a larger channel
// has several calls, one after another. A call that fails or panics is made
// again with growing delays, after a crash too, so that a recipient may be told
// twice, until Options.PushGiveUp; then it is listed by [App.FailedCallbacks],
// and so are the calls that were to follow it.
//
// Who is told is found out when the call is made, and so is what the message
// says: one that was deleted meanwhile is not pushed. Calls for different
// messages are concurrent, at most 16 at once, and in no order. Each has to
// return when its context ends, within ten seconds or when the App is closed:
// Close waits for it, so it must not call Close itself.
type Pusher interface {
	Push(context.Context, Push) error
}

// PusherFunc makes a Pusher of a function.
type PusherFunc func(context.Context, Push) error

// Push calls f.
func (f PusherFunc) Push(ctx context.Context, p Push) error { return f(ctx, p) }

// Push is a message to be told to some of its recipients.
type Push struct {
	ID      string // the same on every attempt of this call, and of no other
	Attempt int    // from 1

	Channel Channel
	Message Message // without what it quotes and counts of replies, of which some recipients may see less
	Text    string  // what the message says, without markup; empty if it has attachments alone

	// Recipients are 1 to 500 members of the channel, by id, who see the
	// message, have muted neither its author nor the channel, and are neither
	// banned nor deactivated; never its author. Of a private message they are of
	// its audience. Of a reply that is not shown in the channel they take part in
	// the thread: see [Session.Threads].
	Recipients []UserID

	// Mentioned are those of the recipients whom the message mentions: by their
	// id, or with all others. Who is online is asked as the call is made.
	Mentioned []UserID
}

const (
	pushBatch    = 500 // recipients of a call; and members looked at together
	pushSlices   = 10  // looked at in one run, as long as nobody among them is told
	pushesAtOnce = 16
)

// queuePush has pushes. Subject: a message; payload: a pushWork.
const queuePush = "push"

// pushWork is a push that is due, as it lies in its queue. Nothing that the
// message says is in it.
type pushWork struct {
	cid     string
	message string
	after   string // the last of those who were told, or need not be
}

func (w pushWork) encode() string { return w.cid + "\x00" + w.message + "\x00" + w.after }

func decodePushWork(payload string) (pushWork, error) {
	parts := strings.Split(payload, "\x00")
	if len(parts) != 3 {
		return pushWork{}, fmt.Errorf("a recorded push has %d parts", len(parts))
	}
	return pushWork{parts[0], parts[1], parts[2]}, nil
}

// keepPush is what is kept of a push that was given up.
func keepPush(payload string) string { return payload }

// recordPush records, in the transaction that makes a message visible, that it
// is to be pushed, and says whether it is.
func (a *App) recordPush(tx *record.Txn, r *room, m *codec.Message) (bool, error) {
	if a.options.Pusher == nil || m.Silent || m.SkipPush || m.Shadowed || m.System && m.Command != "" {
		return false, nil
	}
	at := now().UnixMicro()
	work := pushWork{cid: r.channel.CID, message: m.ID}
	return true, tx.AddTask(queuePush, messageSubject(r.number, m.CreatedAt), codec.Task{
		Scope: record.ChannelScope(r.channel.CID), Payload: work.encode(), RecordedAt: at, Due: at,
	})
}

// push tells some recipients of a message, and says where to go on.
func (a *App) push(ctx context.Context, job outbox.Job) error {
	if a.options.Pusher == nil {
		return fail(ErrState, "", "no Options.Pusher is set")
	}
	work, err := decodePushWork(job.Payload)
	if err != nil {
		return err
	}
	p := Push{Attempt: job.Attempt}
	next, more := work, false
	var message *codec.Message
	err = a.db.View(ctx, func(r *record.Reader) error {
		p.Recipients, next, more = nil, work, false
		f, err := findStored(r, MessageID(work.message))
		if err != nil || f == nil || f.room.channel.DeletedAt != 0 || f.room.sees(f.message) != whole {
			return err // it is not there any more
		}
		t := &pushing{reader: r, room: f.room, message: f.message, after: work.after}
		if p.Recipients, more, err = t.next(); err != nil || len(p.Recipients) == 0 {
			next.after = t.after
			return err
		}
		next.after = t.after
		message = f.message
		return t.fill(&p, work)
	})
	if err != nil {
		return err
	}
	if len(p.Recipients) > 0 {
		if p.Mentioned, err = a.mentionedOf(ctx, message, p.Recipients); err != nil {
			return err
		}
		err := a.callOut(ctx, CallbackPush, work.message, job.Attempt, len(p.Recipients), func(ctx context.Context) error {
			return a.options.Pusher.Push(ctx, p)
		})
		if err != nil {
			return err
		}
	}
	if more {
		return outbox.Continue{Payload: next.encode()}
	}
	return nil
}

// pushing is a message of which people are to be told.
type pushing struct {
	reader  *record.Reader
	room    *room // as the application finds it
	message *codec.Message
	after   string // the last who was looked at
}

// next finds the next recipients, and whether there may be more.
func (t *pushing) next() (recipients []UserID, more bool, err error) {
	for range pushSlices {
		users, err := t.candidates()
		if err != nil || len(users) == 0 {
			return nil, false, err
		}
		t.after = users[len(users)-1]
		recipients, err := t.told(users)
		if err != nil || len(recipients) > 0 {
			return recipients, len(users) == pushBatch, err
		}
	}
	return nil, true, nil
}

// candidates are the next users who may have to be told, by id.
func (t *pushing) candidates() ([]string, error) {
	m := t.message
	var list []string
	inThread := m.ParentID != "" && !m.Shown
	switch {
	case inThread && m.ParentAt <= t.room.truncation(): // the thread is gone, the reply came later
		return nil, nil
	case inThread && m.Restricted == nil:
		return t.reader.ThreadUsers(t.room.number, m.ParentAt, t.after, pushBatch)
	case inThread:
		var err error
		if list, err = t.inThread(m.Restricted); err != nil {
			return nil, err
		}
	case m.Restricted != nil:
		list = slices.Clone(m.Restricted)
	default:
		members, err := t.reader.Members(t.room.number, t.after, pushBatch)
		for _, member := range members {
			list = append(list, member.User)
		}
		return list, err
	}
	slices.Sort(list)
	list = slices.Compact(list)
	i, found := slices.BinarySearch(list, t.after)
	if found {
		i++
	}
	return list[i:min(len(list), i+pushBatch)], nil
}

// inThread are those of some users who take part in the thread of a reply.
func (t *pushing) inThread(users []string) ([]string, error) {
	b := t.reader.Batch()
	takes := make([]*record.Value[struct{}], len(users))
	for i, user := range users {
		takes[i] = b.TakesPart(t.room.number, t.message.ParentAt, user)
	}
	if err := b.Run(); err != nil {
		return nil, err
	}
	var list []string
	for i, user := range users {
		if takes[i].Found {
			list = append(list, user)
		}
	}
	return list, nil
}

// told are those among users who are told of the message.
func (t *pushing) told(users []string) ([]UserID, error) {
	rooms, err := t.room.of(t.reader, users)
	if err != nil {
		return nil, err
	}
	b := t.reader.Batch()
	mutes := make([]*record.Value[codec.Mutes], len(users))
	for i, user := range users {
		mutes[i] = b.Mutes(user)
	}
	if err := b.Run(); err != nil {
		return nil, err
	}
	var list []UserID
	for i, r := range rooms {
		mutesAuthor := slices.ContainsFunc(mutes[i].V, func(m codec.Mute) bool {
			return m.User == t.message.Author && (m.Until == 0 || m.Until > r.now)
		})
		if !mutesAuthor && users[i] != t.message.Author && r.isToldOf(t.message) {
			list = append(list, r.user)
		}
	}
	return list, nil
}

// isToldOf says whether a message by another is pushed to the caller. A thread
// whose parent is hidden from them is none of theirs.
func (r *room) isToldOf(m *codec.Message) bool {
	if m.ParentID != "" && !m.Shown && m.ParentAt <= r.floor() {
		return false
	}
	return r.joined() && checkCaller(r.caller, &r.read.User) == nil && r.enter() == nil &&
		!r.banned() && !r.muted() && r.sees(m) == whole
}

// fill tells what the message says.
func (t *pushing) fill(p *Push, work pushWork) error {
	m := *t.message
	m.QuotedID, m.Replied = "", false
	b := t.reader.Batch()
	meta := b.Meta()
	people := t.reader.People()
	people.Want(b, t.room.channel.CreatedBy)
	if err := b.Run(); err != nil {
		return err
	}
	store, _ := uuid.Parse(meta.V.Store) // the zero one if the store has lost its own
	p.ID = uuid.NewSHA1(store, []byte("push "+work.encode())).String()
	p.Text = plainText(&m)
	var err error
	if p.Channel, err = channelFrom(&people, t.room.channel); err != nil {
		return err
	}
	p.Message, err = t.room.render(t.reader, &m, whole)
	return err
}

// plainText is what a message says, without markup.
func plainText(m *codec.Message) string {
	if m.HTML == "" {
		return strings.TrimSpace(m.Text)
	}
	return strings.TrimSpace(markup.Text(m.HTML))
}
