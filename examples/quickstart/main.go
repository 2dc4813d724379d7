// Command quickstart is the first half hour with the chat engine: it opens a
// chat in a temporary file and shows who sees what.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"example.com/chat"
)

func main() {
	if err := run(context.Background(), os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "quickstart:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, out io.Writer) error {
	folder, err := os.MkdirTemp("", "quickstart")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(folder) }()
	app, err := chat.Open(filepath.Join(folder, "chat.db"), nil)
	if err != nil {
		return err
	}
	t := &tour{app: app, out: out}
	for _, step := range []func(context.Context) error{t.meet, t.private, t.pending, t.deleted} {
		if err := step(ctx); err != nil {
			_ = app.Close()
			return err
		}
	}
	return app.Close()
}

// ride is the channel of the tour.
const ride chat.CID = "messaging:ride-42"

// tour is the chat and where its story is told.
type tour struct {
	app *chat.App
	out io.Writer
}

func (t *tour) tell(format string, args ...any) { _, _ = fmt.Fprintf(t.out, format+"\n", args...) }

// show tells what each user sees of the channel and has unread.
func (t *tour) show(ctx context.Context) error {
	for _, user := range []chat.User{{ID: "jane", Name: "Jane"}, {ID: "john", Name: "John"}} {
		st, err := t.app.As(user.ID).Channel(ctx, ride)
		if err != nil {
			return err
		}
		var texts []string
		for _, m := range st.Messages {
			if m.Type == chat.TypeDeleted {
				m.Text = "(deleted)"
			}
			texts = append(texts, m.User.Name+": "+m.Text)
		}
		for _, m := range st.Pending {
			texts = append(texts, m.User.Name+", not yet shown to others: "+m.Text)
		}
		t.tell("   %s, %d unread:  %s", user.Name, st.Unread, strings.Join(texts, " | "))
	}
	return nil
}

// meet makes two users and a channel, and one of them says hello.
func (t *tour) meet(ctx context.Context) error {
	// Taxi is the name in which the application speaks.
	err := t.app.UpsertUsers(ctx,
		chat.User{ID: "jane", Name: "Jane"}, chat.User{ID: "john", Name: "John"}, chat.User{ID: "taxi", Name: "Taxi"})
	if err != nil {
		return err
	}
	_, err = t.app.EnsureChannel(ctx, ride, chat.ChannelDraft{CreatedBy: "taxi", Members: []chat.UserID{"jane", "john"}})
	if err != nil {
		return err
	}
	t.tell("1. Jane and John are members of a channel. John says hello.")
	if _, err := t.app.As("john").Send(ctx, ride, chat.Draft{Text: "Hello Jane, I am on my way"}); err != nil {
		return err
	}
	return t.show(ctx)
}

// private sends a message that one of them alone sees.
func (t *tour) private(ctx context.Context) error {
	t.tell("2. The application has something for Jane alone. John sees no trace of it.")
	_, err := t.app.Send(ctx, ride, "taxi", chat.Draft{
		Type: chat.TypeSystem, Text: "Your code for the door is 4711", Restricted: []chat.UserID{"jane"},
	}, nil)
	if err != nil {
		return err
	}
	return t.show(ctx)
}

// pending holds a message back until the application commits it.
func (t *tour) pending(ctx context.Context) error {
	held, err := t.app.Send(ctx, ride, "jane", chat.Draft{Text: "Call me at 555 0100"}, &chat.SendOptions{Pending: chat.PendingOn})
	if err != nil {
		return err
	}
	t.tell("3. Jane sends a phone number. It is pending: it waits for a moderator.")
	if err := t.show(ctx); err != nil {
		return err
	}
	if _, err := t.app.CommitMessage(ctx, held.ID); err != nil {
		return err
	}
	t.tell("   The moderator commits it. Now John has it, as a new message.")
	return t.show(ctx)
}

// deleted deletes a message and brings it back.
func (t *tour) deleted(ctx context.Context) error {
	m, err := t.app.As("john").Send(ctx, ride, chat.Draft{Text: "I will not call, I am driving"})
	if err != nil {
		return err
	}
	if _, err := t.app.As("john").DeleteMessage(ctx, m.ID, chat.DeleteSoft); err != nil {
		return err
	}
	t.tell("4. John answers, which marks the channel read for him, and deletes his answer: a placeholder stays.")
	if err := t.show(ctx); err != nil {
		return err
	}
	if _, err := t.app.UndeleteMessage(ctx, m.ID, "john"); err != nil {
		return err
	}
	t.tell("5. The application undeletes it.")
	if err := t.show(ctx); err != nil {
		return err
	}
	if err := t.app.As("jane").MarkRead(ctx, ride); err != nil {
		return err
	}
	t.tell("6. Jane reads it all.")
	return t.show(ctx)
}
