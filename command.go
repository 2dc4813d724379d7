package chat

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"example.com/chat/internal/markup"
	"example.com/chat/internal/record"
)

// Command is a slash command: a message whose text is "/name" or "/name args"
// and whose channel has the command enabled runs it instead of being posted.
type Command struct {
	Name        string // 1 to 64 letters, digits, - _ !, as typed
	Description string // the rest is for people to read, each at most 255 runes
	Args        string // such as "[@username] [text]"
	Set         string // what it belongs to, such as "fun_set"

	// Handler runs it.
	Handler CommandHandler
}

// CommandHandler runs a command or an action of its answer: outside of any
// transaction, for each send of it, at the same time for several. It has to
// return when its context ends, after Options.CommandTimeout or when the send
// or the App ends; none of them waits longer. What it returns as an error is logged, and its author is told
// only that the command failed; so it is after a panic.
type CommandHandler interface {
	RunCommand(context.Context, CommandCall) (CommandAnswer, error)
}

// CommandFunc makes a CommandHandler of a function.
type CommandFunc func(context.Context, CommandCall) (CommandAnswer, error)

// RunCommand calls the function.
func (f CommandFunc) RunCommand(ctx context.Context, call CommandCall) (CommandAnswer, error) {
	return f(ctx, call)
}

// CommandCall is one run of a command. It is a copy: the handler may keep and
// change it.
type CommandCall struct {
	Name string
	Args string // what follows the name, without white space around it

	// Message is the message as it was sent; for an action, the answer as it is.
	// Message.User runs the command, in the channel Message.CID.
	Message Message

	// Capabilities are the actions that the user may do in the channel now.
	Capabilities []Action

	// Action is the button that was pressed; nil when the command is sent.
	Action *AttachmentAction
}

// CommandAnswer is what a command says: a text, attachments, or both.
type CommandAnswer struct {
	To     AnswerTo
	System bool // to the channel: a system message

	Text        string       // at most the channel's MaxMessageLength runes; of an error 20,000
	Attachments []Attachment // as in a Draft; their actions are buttons, see Session.RunAction
}

// AnswerTo says who sees an answer.
type AnswerTo int

// Who sees an answer.
const (
	ToAuthor  AnswerTo = iota // an ephemeral message, for an action or until it expires
	ToChannel                 // a message, as the author's draft would have been
	AsError                   // an error message of the text, for its author alone, stored nowhere
)

// CommandInfo is what is shown of a command.
type CommandInfo struct{ Name, Description, Args, Set string }

// Commands returns the commands that are enabled in a channel, by name.
func (a *App) Commands(ctx context.Context, cid CID) (_ []CommandInfo, err error) {
	defer a.operation(&ctx, "Commands").ended(&err)
	return a.commandsIn(ctx, application, cid)
}

// Commands returns the commands that are enabled in a channel, by name.
func (s *Session) Commands(ctx context.Context, cid CID) (_ []CommandInfo, err error) {
	defer s.app.operation(&ctx, "Commands").ended(&err)
	return s.app.commandsIn(ctx, as(s.user), cid)
}

func (a *App) commandsIn(ctx context.Context, c caller, cid CID) ([]CommandInfo, error) {
	const op = "Commands"
	if err := checkCID("cid", cid); err != nil {
		return nil, in(op, err)
	}
	var list []CommandInfo
	err := a.view(ctx, op, func(r *record.Reader) error {
		list = nil
		room, err := openRoom(r, c, cid, more{})
		if err == nil {
			err = room.enter()
		}
		if err != nil {
			return err
		}
		names := slices.Sorted(slices.Values(room.kind.Commands))
		for _, name := range slices.Compact(names) {
			if known := a.commands[name]; known != nil {
				list = append(list, known.CommandInfo)
			}
		}
		return nil
	})
	return list, err
}

// command is a command that can be run.
type command struct {
	CommandInfo
	run func(context.Context, caller, CommandCall) (reply, error)
}

// reply is what a command answers, and what it does in the transaction that
// stores the answer. Built-in ones return an error for what is not theirs to
// answer for: it is the send's.
type reply struct {
	CommandAnswer
	act func(*record.Txn) error // an error that is refused becomes an error message
	own bool                    // the engine's words: no limit of the channel keeps them back
}

// invocation is what of a command goes with its answer.
type invocation struct {
	name, args string
	ephemeral  bool
	own        bool
	act        func(*record.Txn) error
	refused    error // by act
}

var errRefused = errors.New("refused")

func checkCommands(list []Command) error {
	seen := map[string]bool{}
	for i, c := range list {
		field := element("Commands", i)
		if err := checkChannelWord(field+".Name", "the name", c.Name); err != nil {
			return err
		}
		for _, text := range []struct{ name, value string }{{"Description", c.Description}, {"Args", c.Args}, {"Set", c.Set}} {
			if err := checkName(field+"."+text.name, text.value); err != nil {
				return err
			}
		}
		switch {
		case c.Handler == nil:
			return invalid(field+".Handler", "is nil")
		case seen[c.Name]:
			return invalid(field+".Name", "%q is there twice", c.Name)
		}
		seen[c.Name] = true
	}
	return nil
}

// parseCommand parts a text that is a command into its name and what follows.
func parseCommand(text string) (name, args string, ok bool) {
	rest, ok := strings.CutPrefix(text, "/")
	if !ok {
		return "", "", false
	}
	end := strings.IndexFunc(rest, unicode.IsSpace)
	if end < 0 {
		end = len(rest)
	}
	name, args = rest[:end], strings.TrimSpace(rest[end:])
	return name, args, checkChannelWord("", "the name", name) == nil
}

// sendCommand runs a command and sends its answer; or what is no command here
// as it is.
func (a *App) sendCommand(ctx context.Context, op string, c caller, cid CID, out *outgoing, name, args string) (Message, error) {
	var run *commandRun
	err := a.view(ctx, op, func(r *record.Reader) (err error) {
		run, err = a.openCommand(r, c, cid, out, name, args)
		return err
	})
	if err != nil {
		return Message{}, err
	}
	if run == nil {
		return a.store(ctx, op, c, cid, out)
	}
	answer, err := a.runCommand(ctx, run)
	if err != nil {
		return Message{}, in(op, err)
	}
	if answer.To == AsError {
		return run.errorMessage(answer.Text), nil
	}
	said := *out
	said.pending = PendingOff
	err = said.say(run.call.Name, run.call.Args, answer)
	if err == nil {
		err = a.renderText(&said, "")
	}
	if err != nil {
		return Message{}, in(op, err)
	}
	m, err := a.store(ctx, op, c, cid, &said)
	if errors.Is(err, ErrRejected) {
		return run.errorMessage(reasonOf(err)), nil
	}
	if refused := said.command.refused; err != nil && refused != nil {
		return run.errorMessage(reasonOf(refused)), nil
	}
	return m, err
}

// commandRun is a command that is to be run.
type commandRun struct {
	caller  caller
	command *command
	call    CommandCall
	most    int // runes of a text
}

// openCommand checks that the message could be sent, and prepares the run of
// its command; nil if it is not enabled or the message was sent before.
func (a *App) openCommand(r *record.Reader, c caller, cid CID, out *outgoing, name, args string) (*commandRun, error) {
	t := &sending{reader: r, out: out}
	if err := t.read(c, cid); err != nil {
		return nil, err
	}
	if t.known != nil && t.known.Found || !slices.Contains(t.room.kind.Commands, name) {
		return nil, nil
	}
	m, err := t.message(a.options.MaxRestricted)
	if err != nil {
		return nil, err
	}
	if len(out.metadata) > 0 {
		return nil, invalid("pending_message_metadata", "is given for a command, which is never pending")
	}
	m.Pending, m.CreatedAt = false, t.room.now
	m.UpdatedAt = m.CreatedAt
	run := &commandRun{caller: c, command: a.commands[name], most: t.room.kind.MaxMessageLength}
	run.call = CommandCall{Name: name, Args: args, Capabilities: t.room.capabilities()}
	run.call.Message, err = t.room.render(r, m, whole)
	run.call.Message.Command, run.call.Message.Args = name, args
	return run, err
}

// runCommand runs the handler, for a time, and checks what it answers.
func (a *App) runCommand(ctx context.Context, run *commandRun) (reply, error) {
	limited, cancel := context.WithTimeout(ctx, a.options.CommandTimeout)
	defer cancel()
	answer, err := ask(limited, a, func() (reply, error) { return run.command.run(limited, run.caller, run.call) })
	if ended := ctx.Err(); ended != nil {
		return reply{}, ended
	}
	if _, crashed := err.(crash); crashed || err != nil && err == limited.Err() {
		err = failure{err}
	}
	if err == nil && !answer.own {
		err = checkAnswer(&answer.CommandAnswer, run.most)
	}
	if f, ok := err.(failure); ok {
		a.options.Logger.WarnContext(ctx, "command failed", "command", run.call.Name, "cid", run.call.Message.CID,
			"user", run.call.Message.User.ID, "error", f.error)
		return refusal("/%s failed. Try again later.", run.call.Name), nil
	}
	return answer, err
}

// failure is an error of a command, which is not the send's.
type failure struct{ error }

// refusal is an answer in words to the author.
func refusal(format string, args ...any) reply {
	return reply{CommandAnswer: CommandAnswer{To: AsError, Text: fmt.Sprintf(format, args...)}, own: true}
}

func checkAnswer(answer *CommandAnswer, most int) error {
	switch answer.To {
	case ToAuthor, ToChannel:
	case AsError:
		most, answer.Attachments = maxTextRunes, nil
	default:
		return failure{invalid("to", "is %d", answer.To)}
	}
	err := checkMessageText(answer.Text, most)
	if err == nil {
		_, err = encodeAttachments("attachments", answer.Attachments)
	}
	if err == nil && strings.TrimSpace(answer.Text) == "" && len(answer.Attachments) == 0 {
		err = invalid("text", "is empty, and there is no attachment")
	}
	if err != nil {
		return failure{err}
	}
	return nil
}

// say makes what is sent say what a command answers, as it is: a link in it is
// not looked at. Its html is still to be made.
func (out *outgoing) say(name, args string, answer reply) error {
	out.draft.Text, out.draft.Attachments, out.draft.Type = answer.Text, answer.Attachments, TypeRegular
	if answer.System && answer.To == ToChannel {
		out.draft.Type = TypeSystem
	}
	attachments, err := encodeAttachments("attachments", answer.Attachments)
	if err != nil {
		return err
	}
	out.attachments, out.enriches = string(attachments), false
	out.command = &invocation{name: name, args: args, ephemeral: answer.To == ToAuthor, own: answer.own, act: answer.act}
	return nil
}

// act does what a command does in the transaction that stores its answer.
func (t *sending) act() error {
	c := t.out.command
	if c == nil || c.act == nil {
		return nil
	}
	c.refused = nil
	err := c.act(t.tx)
	if isRefused(err) {
		c.refused = err
		return errRefused
	}
	return err
}

// errorMessage tells the author what went wrong.
func (run *commandRun) errorMessage(text string) Message {
	sent := &run.call.Message
	at := now()
	return Message{
		ID: sent.ID, CID: sent.CID, Type: TypeError, Text: text, HTML: markup.Paragraph(text), User: sent.User,
		ParentID: sent.ParentID, CreatedAt: at, UpdatedAt: at, Command: run.call.Name, Args: run.call.Args,
	}
}

// isRefused says whether an error is one to tell the author of a command in an
// error message: not a store's, nor a context's.
func isRefused(err error) bool {
	for _, kind := range []error{ErrInvalid, ErrNotFound, ErrPermission, ErrConflict, ErrState, ErrLimit} {
		if errors.Is(err, kind) {
			return !errors.Is(err, ErrClosed)
		}
	}
	return false
}

// reasonOf is what is wrong, as a sentence: "user is oneself". A reason that says
// itself what it is about has no need of the field: `user "john" is banned`.
func reasonOf(err error) string {
	var e *Error
	switch {
	case !errors.As(err, &e) || e.Reason == "":
		return err.Error()
	case e.Field == "" || strings.HasPrefix(e.Reason, e.Field+" "):
		return e.Reason
	}
	return e.Field + " " + e.Reason
}
