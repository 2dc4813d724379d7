// Command sse shows a chat's events in a browser, by server-sent events with
// heartbeats, that resumes where it was.
//
//	go run ./examples/sse                        # a client that loses its connection
//	go run ./examples/sse -listen 127.0.0.1:8080 # a page: open it in two windows
package main

import (
	"bufio"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"html/template"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	"example.com/chat"
	"example.com/chat/storage/memstore"
)

const room = chat.CID("messaging:room")

//go:embed page.html
var pageHTML string

var page = template.Must(template.New("page").Parse(pageHTML))

func main() {
	listen := flag.String("listen", "", "address to serve a page on, such as 127.0.0.1:8080; empty: show a client and end")
	flag.Parse()
	if err := run(context.Background(), os.Stdout, *listen); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, out io.Writer, listen string) (err error) {
	store := memstore.New()
	app, err := chat.New(store, nil)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, app.Close(), store.Close()) }()
	if err := app.UpsertUsers(ctx, chat.User{ID: "jane", Name: "Jane"}, chat.User{ID: "john", Name: "John"}); err != nil {
		return err
	}
	if _, err := app.EnsureChannel(ctx, room, chat.ChannelDraft{CreatedBy: "jane", Members: []chat.UserID{"jane", "john"}}); err != nil {
		return err
	}
	show := listen == ""
	if show {
		listen = "127.0.0.1:0"
	}
	listener, err := net.Listen("tcp", listen)
	if err != nil {
		return err
	}
	server := &http.Server{Handler: handler(app), ReadHeaderTimeout: 10 * time.Second}
	if !show {
		fmt.Fprintf(out, "http://%s/?user=jane and http://%s/?user=john\n", listener.Addr(), listener.Addr())
		return server.Serve(listener)
	}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	err = client(ctx, out, app, "http://"+listener.Addr().String())
	if closed := server.Close(); err == nil {
		err = closed
	}
	if ended := <-served; !errors.Is(ended, http.ErrServerClosed) {
		err = errors.Join(err, ended)
	}
	return err
}

// handler is the page, its events, and what it sends. Who asks is part of the
// address here; an application has a login.
func handler(app *chat.App) http.Handler {
	user := func(r *http.Request) (chat.UserID, error) {
		id := r.URL.Query().Get("user")
		if id != "jane" && id != "john" {
			return "", errors.New("who are you? add ?user=jane")
		}
		return chat.UserID(id), nil
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) {
		id, err := user(r)
		var state chat.Page[chat.Message]
		if err == nil {
			state, err = app.As(id).Messages(r.Context(), room, chat.MessageQuery{})
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_ = page.Execute(w, map[string]any{"User": id, "Messages": state.Items, "Cursor": state.Cursor})
	})
	mux.Handle("GET /events", &stream{app: app, heartbeat: 15 * time.Second, user: user})
	mux.HandleFunc("POST /messages", func(w http.ResponseWriter, r *http.Request) {
		id, err := user(r)
		if err == nil {
			_, err = app.As(id).Send(r.Context(), room, chat.Draft{Text: r.PostFormValue("text")})
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
		}
	})
	return mux
}

// client reads Jane's events, loses its connection, and comes back.
func client(ctx context.Context, out io.Writer, app *chat.App, address string) error {
	say := func(texts ...string) (err error) {
		for _, text := range texts {
			_, sent := app.As("john").Send(ctx, room, chat.Draft{Text: text})
			err = errors.Join(err, sent)
		}
		return err
	}
	state, err := app.As("jane").Messages(ctx, room, chat.MessageQuery{})
	if err != nil {
		return err
	}
	fmt.Fprintln(out, "Jane reads the room and connects. John writes to her.")
	if err := say("Hello, Jane", "Are you there?"); err != nil {
		return err
	}
	last, err := listen(ctx, out, address+"/events?user=jane&after="+string(state.Cursor), "", 2)
	if err != nil {
		return err
	}
	fmt.Fprintln(out, "Her connection breaks. John goes on.")
	if err := say("You are away", "but will miss nothing"); err != nil {
		return err
	}
	fmt.Fprintln(out, "She comes back.")
	_, err = listen(ctx, out, address+"/events?user=jane", last, 2)
	return err
}

// listen prints so many events, and returns the id of the last.
func listen(ctx context.Context, out io.Writer, address, last string, count int) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return last, err
	}
	if last != "" {
		request.Header.Set("Last-Event-ID", last)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return last, err
	}
	defer func() { _ = response.Body.Close() }()
	lines := bufio.NewScanner(response.Body)
	lines.Buffer(nil, 1<<20)
	for count > 0 && lines.Scan() {
		field, value, _ := strings.Cut(lines.Text(), ": ")
		switch field {
		case "id":
			last = value
		case "data":
			var e chat.Event
			if err := json.Unmarshal([]byte(value), &e); err != nil {
				return last, err
			}
			fmt.Fprintf(out, "   %s: %s, %d unread\n", e.Type, e.Message.Text, *e.Unread)
			count--
		}
	}
	return last, lines.Err()
}
