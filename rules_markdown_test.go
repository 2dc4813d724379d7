package chat_test

import (
	"bytes"
	"errors"
	"log/slog"
	"strings"
	"testing"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"

	"example.com/chat"
	"example.com/chat/storage/memstore"
)

func TestMarkdownOptionsAreChecked(t *testing.T) {
	for _, test := range []struct {
		field string
		o     chat.MarkdownOptions
	}{
		{"Options.Markdown.Schemes[0]", chat.MarkdownOptions{Schemes: []string{"JavaScript"}}},
		{"Options.Markdown.Schemes[1]", chat.MarkdownOptions{Schemes: []string{"tel", "data"}}},
		{"Options.Markdown.Schemes[0]", chat.MarkdownOptions{Schemes: []string{"tel:"}}},
		{"Options.Markdown.Schemes[0]", chat.MarkdownOptions{Schemes: []string{""}}},
		{"Options.Markdown.Schemes[0]", chat.MarkdownOptions{Schemes: []string{"1a"}}},
		{"Options.Markdown.Schemes", chat.MarkdownOptions{Schemes: make([]string, 33)}},
		{"Options.Markdown.Extensions[0]", chat.MarkdownOptions{Extensions: []goldmark.Extender{nil}}},
	} {
		_, err := chat.New(memstore.New(), &chat.Options{Markdown: test.o})
		var e *chat.Error
		if !errors.As(err, &e) || !errors.Is(err, chat.ErrInvalid) || e.Field != test.field {
			t.Errorf("%+v: %v, want ErrInvalid in %s", test.o, err, test.field)
		}
	}
}

func TestSchemesOfTheOptionsHoldForHTMLOfTheApplication(t *testing.T) {
	schemes := []string{"Tel"}
	app, err := chat.New(memstore.New(), &chat.Options{Markdown: chat.MarkdownOptions{Schemes: schemes}})
	if err != nil {
		t.Fatal(err)
	}
	defer app.Close()
	schemes[0] = "sms" // the App has its own copy
	ctx := t.Context()
	if err := app.UpsertUsers(ctx, chat.User{ID: "jane"}); err != nil {
		t.Fatal(err)
	}
	if _, err := app.EnsureChannel(ctx, "messaging:a", chat.ChannelDraft{CreatedBy: "jane", Members: []chat.UserID{"jane"}}); err != nil {
		t.Fatal(err)
	}
	m, err := app.Send(ctx, "messaging:a", "jane", chat.Draft{Text: "a"}, &chat.SendOptions{HTML: `<a href="TEL:1">a</a><a href="sms:1">b</a>`})
	if err != nil {
		t.Fatal(err)
	}
	if want := `<a href="TEL:1" rel="nofollow noopener noreferrer ugc">a</a>b`; m.HTML != want {
		t.Errorf("html is %q, want %q", m.HTML, want)
	}
}

// bomb is an extension that panics where a text holds a dollar.
type bomb struct{}

func (bomb) Extend(m goldmark.Markdown) {
	m.Parser().AddOptions(parser.WithInlineParsers(util.Prioritized(bomb{}, 1)))
}
func (bomb) Trigger() []byte                                      { return []byte{'$'} }
func (bomb) Parse(ast.Node, text.Reader, parser.Context) ast.Node { panic("boom") }

func TestAMessageSurvivesAFailingExtension(t *testing.T) {
	var log bytes.Buffer
	app, err := chat.New(memstore.New(), &chat.Options{
		Logger:   slog.New(slog.NewTextHandler(&log, nil)),
		Markdown: chat.MarkdownOptions{Extensions: []goldmark.Extender{bomb{}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer app.Close()
	ctx := t.Context()
	if err := app.UpsertUsers(ctx, chat.User{ID: "jane"}); err != nil {
		t.Fatal(err)
	}
	if _, err := app.EnsureChannel(ctx, "messaging:a", chat.ChannelDraft{CreatedBy: "jane", Members: []chat.UserID{"jane"}}); err != nil {
		t.Fatal(err)
	}
	m, err := app.Send(ctx, "messaging:a", "jane", chat.Draft{Text: "**secret** $1"}, nil)
	if err != nil || m.HTML != "<p>**secret** $1</p>\n" {
		t.Errorf("html is %q, %v", m.HTML, err)
	}
	if !strings.Contains(log.String(), "extension of markdown failed") || strings.Contains(log.String(), "secret") {
		t.Errorf("the log says %q", log.String())
	}
}

// TestAddLinksHoldsWhereTheTextIsShownAsTyped: a text that is too costly to
// parse hides no link.
func TestAddLinksHoldsWhereTheTextIsShownAsTyped(t *testing.T) {
	inMemory(t, nil, func(t *testing.T, s *scenario) {
		s.users("jane", "john")
		room := s.channel("messaging:ride", "jane", "john")
		s.check(s.UpdateChannelType(s.ctx, "messaging", func(c *chat.ChannelType) error {
			c.Grants[chat.RoleChannelMember] = []chat.Action{chat.ReadChannel, chat.CreateMessage}
			return nil
		}))
		_, err := s.as("john").Send(s.ctx, room, chat.Draft{Text: strings.Repeat("> ", 100) + "https://a.example"})
		wantErr(t, err, chat.ErrPermission)
		_, err = s.as("john").Send(s.ctx, room, chat.Draft{Text: strings.Repeat("> ", 100) + "a"})
		s.check(err)
	})
}
