package chat_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"example.com/chat"
	"example.com/chat/storage/memstore"
)

// callKey is where a tape's contexts carry the name of the call.
type callKey struct{}

// tape writes down what a Trace is told.
type tape struct {
	guard sync.Mutex
	reel
}

// reel is what is on a tape.
type reel struct {
	begun     []string
	ended     []string // "Name" or "Name: error"
	commits   []chat.CommitTrace
	in        []string // the calls that the commits belong to
	callbacks []chat.CallbackTrace
	fetches   []chat.FetchTrace
}

func (l *tape) trace() *chat.Trace {
	return &chat.Trace{
		Operation: func(ctx context.Context, name string) (context.Context, func(error)) {
			l.guard.Lock()
			defer l.guard.Unlock()
			l.begun = append(l.begun, name)
			return context.WithValue(ctx, callKey{}, name), func(err error) {
				l.guard.Lock()
				defer l.guard.Unlock()
				if err != nil {
					name = fmt.Sprintf("%s: %v", name, err)
				}
				l.ended = append(l.ended, name)
			}
		},
		Commit: func(ctx context.Context, c chat.CommitTrace) {
			l.guard.Lock()
			defer l.guard.Unlock()
			name, _ := ctx.Value(callKey{}).(string)
			l.commits, l.in = append(l.commits, c), append(l.in, name)
		},
		Callback: func(_ context.Context, c chat.CallbackTrace) {
			l.guard.Lock()
			defer l.guard.Unlock()
			l.callbacks = append(l.callbacks, c)
		},
		Fetch: func(_ context.Context, f chat.FetchTrace) {
			l.guard.Lock()
			defer l.guard.Unlock()
			l.fetches = append(l.fetches, f)
		},
	}
}

// rewind empties the tape and returns what was on it.
func (l *tape) rewind() reel {
	l.guard.Lock()
	defer l.guard.Unlock()
	was := l.reel
	l.reel = reel{}
	return was
}

func TestTraceIsToldOfEveryCall(t *testing.T) {
	log := &tape{}
	_, options := previews()
	options.Trace, options.NoBackground = log.trace(), true
	eachDriverWith(t, options, func(t *testing.T, s *scenario) {
		s.prepareCalls()
		run := func(c goodCall, ctx context.Context) {
			t.Helper()
			log.rewind()
			err := c.run(ctx)
			was := log.rewind()
			want := c.name
			if err != nil {
				want = fmt.Sprintf("%s: %v", c.name, err)
			}
			if !slices.Contains(was.begun, c.name) || len(was.begun) != len(was.ended) || was.ended[len(was.ended)-1] != want {
				t.Errorf("of %s, which answered %v, was told that began %q and ended %q", c.name, err, was.begun, was.ended)
			}
			for i, name := range was.in {
				if err == nil && name != c.name && name != "" && !slices.Contains(was.begun, name) {
					t.Errorf("commit %d of %s is one of %q", i, c.name, name)
				}
			}
		}
		ended, cancel := context.WithCancel(s.ctx)
		cancel()
		for _, c := range append(appCalls(s.App), sessionCalls(s.As("jane"))...) {
			run(c, ended)
			run(c, s.ctx)
		}
	})
}

func TestTraceIsToldOfCommits(t *testing.T) {
	log := &tape{}
	options := &chat.Options{Trace: log.trace(), NoBackground: true}
	eachDriverWith(t, options, func(t *testing.T, s *scenario) {
		s.channel(room, "jane", "john")
		log.rewind()
		before := time.Now()
		s.as("jane").send(room, "hello")
		was := log.rewind()
		if len(was.commits) != 1 || was.in[0] != "Send" {
			t.Fatalf("a send has the commits %+v of %q", was.commits, was.in)
		}
		if c := was.commits[0]; c.Attempts != 1 || c.Err != nil || c.Start.Before(before) || c.Duration < 0 || c.Duration > time.Since(before) {
			t.Errorf("the commit is %+v", c)
		}
		_, err := s.as("jane").Send(s.ctx, room, chat.Draft{Text: "hello", ParentID: "never"})
		was = log.rewind()
		if len(was.commits) != 1 || was.commits[0].Err == nil || !errors.Is(was.commits[0].Err, chat.ErrNotFound) || len(was.ended) != 1 || was.ended[0] != "Send: "+err.Error() {
			t.Errorf("of a refused send was told %+v", was.commits)
		}
		s.as("john").texts(room)
		if was := log.rewind(); len(was.commits) != 0 || !slices.Equal(was.ended, []string{"Messages"}) {
			t.Errorf("of reading was told %+v", was.ended)
		}
	})
}

func TestTraceIsToldOfCallbacks(t *testing.T) {
	log, p, told, h := &tape{}, &phone{}, &receiver{}, &hook{}
	options := &chat.Options{
		Trace: log.trace(), Pusher: p, Pending: told, CallbackTransport: h,
	}
	inMemory(t, options, func(t *testing.T, s *scenario) {
		s.channel(room, "jane", "john", "mary")
		s.callBack(chat.ModerationCallback{Mode: chat.CallbackREST, ServerURL: "https://moderation.example"})
		failed := 0
		p.setDown(func(chat.Push) error {
			if failed++; failed == 1 {
				panic("needle")
			}
			time.Sleep(3 * time.Second)
			return nil
		})
		log.rewind()
		held := s.hold(room, "jane", "needle")
		s.sleep(time.Minute)
		for _, c := range log.rewind().callbacks {
			switch {
			case c.MessageID != held.ID || c.Attempt != 1 || c.Err != nil:
				t.Errorf("of the pending message was told %+v", c)
			case c.Kind == chat.CallbackPost && c.Size < 500, c.Kind == chat.CallbackPending && c.Size != 0, c.Kind == chat.CallbackPush:
				t.Errorf("of the pending message was told %+v", c)
			}
		}
		s.commit(held.ID)
		s.sleep(time.Minute)
		list := log.rewind().callbacks
		if len(list) != 2 || list[0].Kind != chat.CallbackPush || list[0].Err == nil || list[0].Attempt != 1 || strings.Contains(fmt.Sprint(list[0].Err), "needle") {
			t.Fatalf("of the push was told %+v", list)
		}
		if c := list[1]; c.Err != nil || c.Attempt != 2 || c.Size != 2 || c.Duration != 3*time.Second || c.MessageID != held.ID {
			t.Errorf("of the second push was told %+v", c)
		}
		h.set(func(hookAttempt) error { return errAnswer(500) })
		s.hold(room, "jane", "again")
		s.sleep(time.Millisecond)
		list = log.rewind().callbacks
		i := slices.IndexFunc(list, func(c chat.CallbackTrace) bool { return c.Kind == chat.CallbackPost })
		if i < 0 || list[i].Err == nil || !strings.Contains(list[i].Err.Error(), "500") {
			t.Errorf("of a receiver that answers 500 was told %+v", list)
		}
		h.set(nil)
		s.sleep(time.Minute)
	})
}

func TestTraceIsToldOfFetches(t *testing.T) {
	log := &tape{}
	_, options := previews()
	options.Trace = log.trace()
	inMemory(t, options, func(t *testing.T, s *scenario) {
		s.channel(room, "jane", "john")
		for host, want := range map[string]chat.FetchOutcome{
			"page": chat.FetchFound, "empty": chat.FetchNothing, "down": chat.FetchFailed, "panic": chat.FetchFailed, "broken": chat.FetchFailed,
			"500ms": chat.FetchFound, "3s": chat.FetchFound,
		} {
			log.rewind()
			s.as("jane").send(room, "https://"+host+".example/needle")
			s.sleep(10 * time.Second)
			list := log.rewind().fetches
			if len(list) != 1 || list[0].Outcome != want || (list[0].Size > 0) != (want == chat.FetchFound) {
				t.Errorf("of %s was told %+v, want %s", host, list, want)
				continue
			}
			if took, err := time.ParseDuration(host); err == nil && list[0].Duration != took {
				t.Errorf("of %s was told %v", host, list[0].Duration)
			}
		}
	})
}

func TestTraceGivesItsContextToHooksAndMayGiveNone(t *testing.T) {
	log := &tape{}
	var seen []any
	moderate := chat.ModeratorFunc(func(ctx context.Context, _ chat.Proposal) (chat.Verdict, error) {
		seen = append(seen, ctx.Value(callKey{}))
		return chat.Verdict{}, nil
	})
	inMemory(t, &chat.Options{Trace: log.trace(), Moderator: moderate}, func(t *testing.T, s *scenario) {
		s.channel(room, "jane")
		m := s.as("jane").send(room, "hello")
		s.as("jane").update(m.ID, chat.MessageUpdate{Text: "bye"})
		if !slices.Equal(seen, []any{"Send", "UpdateMessage"}) {
			t.Errorf("the hook was called in %v", seen)
		}
	})
	none := &chat.Trace{Operation: func(context.Context, string) (context.Context, func(error)) { return nil, nil }}
	inMemory(t, &chat.Options{Trace: none}, func(t *testing.T, s *scenario) {
		s.channel(room, "jane")
		s.as("jane").send(room, "hello")
	})
	options := &chat.Options{Trace: log.trace()}
	app, err := chat.New(memstore.New(), options)
	if err != nil {
		t.Fatal(err)
	}
	defer app.Close()
	options.Trace.Operation = nil // the App keeps a copy
	log.rewind()
	_, _ = app.Settings(context.Background())
	if was := log.rewind(); !slices.Equal(was.ended, []string{"Settings"}) {
		t.Errorf("told was %q", was.ended)
	}
}
