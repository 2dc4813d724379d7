// Command moderation shows how messages are moderated by another program: it is
// the application, with a chat, and starts a moderator in a second process. The
// chat posts each message that awaits a decision to the moderator, who answers
// over an endpoint of the application's own. Both sides sign what they post.
package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"example.com/chat"
	"example.com/chat/webhook"
)

// What the application tells the moderator when it starts it.
const (
	envDecisions = "MODERATION_DECISIONS" // where its decisions go; it makes a process the moderator
	envSecret    = "MODERATION_SECRET"    // signs in both directions
)

func main() {
	var err error
	if decisions := os.Getenv(envDecisions); decisions != "" {
		err = moderate(decisions, os.Getenv(envSecret), os.Stdin, os.Stdout)
	} else {
		err = run(context.Background(), os.Stdout)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "moderation:", err)
		os.Exit(1)
	}
}

const ride chat.CID = "messaging:ride-42"

// application is the program that has the chat.
type application struct {
	app       *chat.App
	out       io.Writer
	secret    string
	decisions string
	heard     chan string // what the moderator says
}

func run(ctx context.Context, out io.Writer) (err error) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	folder, err := os.MkdirTemp("", "moderation")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	app, err := chat.Open(filepath.Join(folder, "chat.db"), nil)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, app.Close()) }()

	a := &application{app: app, out: out, secret: rand.Text(), heard: make(chan string)}
	server, err := a.serveDecisions()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, server.Close()) }()
	stop, err := a.startModerator(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stop()) }()
	for _, step := range []func(context.Context) error{a.meet, a.harmless, a.phone, a.link, a.forged} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

// serveDecisions serves the endpoint at which the moderator decides.
func (a *application) serveDecisions() (*http.Server, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	a.decisions = "http://" + listener.Addr().String() + "/decisions"
	mux := http.NewServeMux()
	mux.HandleFunc("POST /decisions", a.decide)
	server := &http.Server{Handler: mux, ReadTimeout: 10 * time.Second}
	go func() { _ = server.Serve(listener) }() // until it is closed
	return server, nil
}

// decide does what the moderator decided: "commit" or "delete", a space, and the
// message's id.
func (a *application) decide(w http.ResponseWriter, r *http.Request) {
	verifier := &webhook.Verifier{Secrets: []string{a.secret}, MaxBody: 4096}
	body, err := verifier.Read(r)
	if err != nil {
		http.Error(w, "not signed by the moderator", http.StatusUnauthorized)
		return
	}
	decision, id, _ := strings.Cut(string(body), " ")
	switch decision {
	case "commit":
		_, err = a.app.CommitMessage(r.Context(), chat.MessageID(id))
	case "delete":
		_, err = a.app.DeleteMessage(r.Context(), chat.MessageID(id), chat.DeleteHard, "")
	default:
		http.Error(w, "commit or delete", http.StatusBadRequest)
		return
	}
	switch {
	case err == nil, errors.Is(err, chat.ErrNotPending), errors.Is(err, chat.ErrNotFound):
		w.WriteHeader(http.StatusNoContent) // done, or decided before
	default:
		http.Error(w, "try again", http.StatusInternalServerError)
	}
}

// startModerator starts this program again, as the moderator, and has the chat
// post to it. What is returned stops it.
func (a *application) startModerator(ctx context.Context) (stop func() error, err error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	process := exec.CommandContext(ctx, self)
	process.Env = append(os.Environ(), envDecisions+"="+a.decisions, envSecret+"="+a.secret)
	process.Stderr = os.Stderr
	stdin, err := process.StdinPipe() // it ends when this is closed, so that it never outlives us
	if err != nil {
		return nil, err
	}
	stdout, err := process.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := process.Start(); err != nil {
		return nil, err
	}
	lines := bufio.NewScanner(stdout)
	if !lines.Scan() {
		return nil, errors.Join(fmt.Errorf("the moderator does not start"), process.Process.Kill(), process.Wait())
	}
	address := lines.Text()
	go func() {
		defer close(a.heard)
		for lines.Scan() {
			a.heard <- lines.Text()
		}
	}()
	stop = func() error {
		_ = stdin.Close()
		for line := range a.heard {
			a.tell("   moderator: %s", line)
		}
		return process.Wait()
	}
	err = a.app.UpdateSettings(ctx, func(s *chat.Settings) error {
		s.AsyncModeration.Callback = chat.ModerationCallback{Mode: chat.CallbackREST, ServerURL: address, Secret: a.secret}
		return nil
	})
	if err != nil {
		return nil, errors.Join(err, stop())
	}
	a.tell("1. The application is process %d, the moderator process %d. The chat posts to %s.", os.Getpid(), process.Process.Pid, address)
	return stop, nil
}

func (a *application) tell(format string, args ...any) {
	_, _ = fmt.Fprintf(a.out, format+"\n", args...)
}

// hear waits until the moderator has said so much more.
func (a *application) hear(ctx context.Context, lines int) error {
	for range lines {
		select {
		case line, ok := <-a.heard:
			if !ok {
				return errors.New("the moderator has ended")
			}
			a.tell("   moderator: %s", line)
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// show tells what each user sees of the channel.
func (a *application) show(ctx context.Context) error {
	for _, user := range []chat.User{{ID: "jane", Name: "Jane"}, {ID: "john", Name: "John"}} {
		state, err := a.app.As(user.ID).Channel(ctx, ride)
		if err != nil {
			return err
		}
		var texts []string
		for _, m := range state.Messages {
			texts = append(texts, m.User.Name+": "+m.Text)
		}
		for _, m := range state.Pending {
			texts = append(texts, m.User.Name+", waiting: "+m.Text)
		}
		a.tell("   %s sees:  %s", user.Name, strings.Join(texts, " | "))
	}
	return nil
}

// say sends a message of John's. Every message of the channel's type waits for a
// decision.
func (a *application) say(ctx context.Context, text string, lines int) (chat.Message, error) {
	m, err := a.app.As("john").Send(ctx, ride, chat.Draft{Text: text})
	if err != nil {
		return m, err
	}
	if err := a.hear(ctx, lines); err != nil {
		return m, err
	}
	return m, a.show(ctx)
}

func (a *application) meet(ctx context.Context) error {
	err := a.app.UpsertUsers(ctx, chat.User{ID: "jane", Name: "Jane"}, chat.User{ID: "john", Name: "John"})
	if err != nil {
		return err
	}
	_, err = a.app.EnsureChannel(ctx, ride, chat.ChannelDraft{CreatedBy: "jane", Members: []chat.UserID{"jane", "john"}})
	if err != nil {
		return err
	}
	return a.app.UpdateChannelType(ctx, "messaging", func(t *chat.ChannelType) error {
		t.MarkMessagesPending = true
		return nil
	})
}

func (a *application) harmless(ctx context.Context) error {
	a.tell("2. John says hello. The moderator finds nothing in it and has it committed.")
	_, err := a.say(ctx, "Hello Jane, I am on my way", 1)
	return err
}

func (a *application) phone(ctx context.Context) error {
	a.tell("3. John gives his phone number. The moderator has it deleted, and is told that it is.")
	_, err := a.say(ctx, "Call me at 555 0100", 2)
	return err
}

func (a *application) link(ctx context.Context) error {
	a.tell("4. John sends a link. The moderator keeps it for a person; until then John alone sees it.")
	m, err := a.say(ctx, "Look at https://example.org", 1)
	if err != nil {
		return err
	}
	a.tell("   Nobody has looked yet when John deletes it. The moderator is told.")
	if _, err := a.app.As("john").DeleteMessage(ctx, m.ID, chat.DeleteHard); err != nil {
		return err
	}
	if err := a.hear(ctx, 1); err != nil {
		return err
	}
	return a.show(ctx)
}

// forged decides without the secret.
func (a *application) forged(ctx context.Context) error {
	body := []byte("delete anything")
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, a.decisions, bytes.NewReader(body))
	if err != nil {
		return err
	}
	webhook.Sign(request.Header, "a guess", "1", time.Now(), body)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	a.tell("5. Somebody without the secret decides something. The application answers %s.", response.Status)
	return response.Body.Close()
}
