package chat

import (
	"context"
	"time"

	"example.com/chat/internal/codec"
	"example.com/chat/internal/record"
)

// The actions that the engine does itself, when an answer has a button of the
// name. Any other is its command's.
const (
	actionSend   = "send"
	actionCancel = "cancel"
)

// RunAction presses a button of an ephemeral message of the user's own, by the
// name of the action; it needs run-message-action. "send" posts the message,
// under the same id, by the rules of any send: it may become pending. "cancel"
// deletes it. Any other action, such as "shuffle" of /giphy, is run by the
// command that answered, which replaces the message, posts one, or answers an
// error message and leaves it. What it has become is returned, a placeholder
// for what was deleted.
//
// An action runs once, whoever calls it at the same time: who comes second gets
// ErrNotFound, or ErrState while it runs and once the message is posted.
// ErrInvalid for an action that the message does not have.
func (s *Session) RunAction(ctx context.Context, id MessageID, action string) (_ Message, err error) {
	const op = "RunAction"
	defer s.app.operation(&ctx, op).ended(&err)
	err = checkMessageID("id", id)
	if err == nil {
		err = checkName("action", action)
	}
	if err != nil {
		return Message{}, in(op, err)
	}
	p := &pressing{app: s.app, op: op, caller: as(s.user), id: id, action: action}
	err = s.app.view(ctx, op, func(r *record.Reader) error { return p.find(r) })
	if err != nil {
		return Message{}, err
	}
	switch action {
	case actionCancel:
		return p.cancel(ctx)
	case actionSend:
		return p.send(ctx)
	}
	return p.run(ctx)
}

// pressing is one call of an action.
type pressing struct {
	app    *App
	op     string
	caller caller
	id     MessageID
	action string

	ephemeral *ephemeral
	button    AttachmentAction
	scope     string
	claim     int64 // 0, or until when the message is held for this call
}

// find finds the message and the button. In a transaction it is called again,
// as both may be gone by then.
func (p *pressing) find(r *record.Reader) error {
	e, err := findEphemeral(r, p.caller, p.id)
	if err != nil {
		return err
	}
	if e == nil {
		// One that was posted can be seen, and is no longer to be acted on.
		if _, err := find(r, p.caller, p.id); err != nil {
			return err
		}
		return fail(ErrState, "id", "message %q has no actions, or none any more", p.id)
	}
	if err := e.room.enter(); err != nil {
		return err
	}
	if p.action == actionCancel {
		if !e.room.can(RunMessageAction) {
			return denied(RunMessageAction)
		}
	} else if err := e.room.need(RunMessageAction); err != nil {
		return err
	}
	if e.Busy != p.claim && e.Busy > e.room.now && p.action != actionCancel && p.action != actionSend {
		return fail(ErrState, "action", "another action of message %q runs", p.id)
	}
	p.ephemeral, p.scope = e, record.ChannelScope(e.room.channel.CID)
	if p.claim != 0 && e.Busy != p.claim {
		return fail(ErrState, "action", "message %q was changed meanwhile", p.id)
	}
	if p.claim != 0 {
		return nil
	}
	for _, attachment := range decodeAttachments(e.Message.Attachments) {
		for _, button := range attachment.Actions {
			if button.Name == p.action {
				p.button = button
				return nil
			}
		}
	}
	return invalid("action", "message %q has no action %q", p.id, p.action)
}

// change changes the message, which is found again.
func (p *pressing) change(ctx context.Context, change func(*record.Txn) error) error {
	return p.app.update(ctx, p.op, p.scope, func(tx *record.Txn) error {
		if err := p.find(&tx.Reader); err != nil {
			return err
		}
		return change(tx)
	})
}

func (p *pressing) cancel(ctx context.Context) (Message, error) {
	var gone Message
	err := p.change(ctx, func(tx *record.Txn) error {
		e := p.ephemeral
		if err := tx.EraseEphemeral(e.room.number, e.Message.ID); err != nil {
			return err
		}
		if err := tx.CancelTasks(queueEphemeral, ephemeralSubject(e.room.number, e.Message.ID)); err != nil {
			return err
		}
		e.Message.DeletedAt = e.room.now
		var err error
		gone, err = e.room.render(&tx.Reader, &e.Message, placeholder)
		return err
	})
	return gone, err
}

// draft is the message as it is to be posted: without its buttons.
func (p *pressing) draft() CommandAnswer {
	list := decodeAttachments(p.ephemeral.Message.Attachments)
	for i := range list {
		list[i].Actions = nil
	}
	return CommandAnswer{To: ToChannel, Text: p.ephemeral.Message.Text, Attachments: list}
}

// outgoing is an answer as it is to be sent: what the command's draft had
// beside its text and attachments goes with it.
func (p *pressing) outgoing(answer CommandAnswer) (*outgoing, error) {
	m := &p.ephemeral.Message
	out := &outgoing{
		draft: Draft{
			ID: p.id, ParentID: MessageID(m.ParentID), ShowInChannel: m.Shown, QuotedID: MessageID(m.QuotedID),
			Silent: m.Silent, SkipPush: m.SkipPush, MentionAll: m.MentionsAll, MentionOnline: m.MentionsOnline,
		},
		author: p.caller.user, custom: m.Custom, fingerprint: m.Fingerprint,
	}
	for _, id := range m.Mentions {
		out.mentions = append(out.mentions, UserID(id))
	}
	for _, id := range m.Restricted {
		out.restricted = append(out.restricted, UserID(id))
	}
	return out, out.say(m.Command, m.Args, reply{CommandAnswer: answer})
}

// send posts what the message says.
func (p *pressing) send(ctx context.Context) (Message, error) {
	out, err := p.outgoing(p.draft())
	if err != nil {
		return Message{}, in(p.op, err)
	}
	out.html = p.ephemeral.Message.HTML
	said := contentOf(&p.ephemeral.Message)
	return p.post(ctx, out, func() error {
		if !contentOf(&p.ephemeral.Message).equal(said) {
			return fail(ErrState, "action", "message %q was changed meanwhile", p.id)
		}
		return nil
	})
}

// post sends what an action posts, in the place of the ephemeral message, if
// that is still as it has to be.
func (p *pressing) post(ctx context.Context, out *outgoing, check func() error) (Message, error) {
	cid := CID(p.ephemeral.room.channel.CID)
	if err := p.app.lookAtSend(ctx, p.op, p.caller, cid, out); err != nil {
		return Message{}, err
	}
	var t *sending
	err := p.change(ctx, func(tx *record.Txn) error {
		if err := check(); err != nil {
			return err
		}
		e := p.ephemeral
		if err := tx.ReleaseEphemeral(e.room.number, e.Message.ID); err != nil {
			return err
		}
		if err := tx.CancelTasks(queueEphemeral, ephemeralSubject(e.room.number, e.Message.ID)); err != nil {
			return err
		}
		t = &sending{reader: &tx.Reader, tx: tx, out: out}
		return t.run(p.app, p.caller, cid)
	})
	if err != nil {
		return Message{}, err
	}
	switch {
	case t.stored.Pending:
		p.app.outbox.Wake()
	case t.pushes:
		p.app.outbox.Wake(queuePush)
	}
	return t.result(), nil
}

// run has the command run the action: the message is held for it meanwhile.
func (p *pressing) run(ctx context.Context) (Message, error) {
	a := p.app
	run := &commandRun{caller: p.caller}
	err := p.change(ctx, func(tx *record.Txn) error {
		e := p.ephemeral
		m := &e.Message
		list, err := render(&tx.Reader, []found{*e.found()})
		if err != nil {
			return err
		}
		if run.command = a.commands[m.Command]; run.command == nil {
			return fail(ErrState, "action", "there is no command %q any more", m.Command)
		}
		button := p.button
		run.most = e.room.kind.MaxMessageLength
		run.call = CommandCall{Name: m.Command, Args: m.Args, Message: list[0], Capabilities: e.room.capabilities(), Action: &button}
		e.Busy = max(time.Now().Add(a.options.CommandTimeout+time.Second).UnixMicro(), e.Busy+1)
		return tx.PutEphemeral(e.room.number, &e.Ephemeral)
	})
	if p.ephemeral != nil {
		p.claim = p.ephemeral.Busy
	}
	if err != nil {
		if !isRefused(err) { // it may be held all the same
			_ = p.release(context.WithoutCancel(ctx))
		}
		return Message{}, err
	}
	answer, err := a.runCommand(ctx, run)
	switch {
	case err != nil || answer.To == AsError:
		if released := p.release(context.WithoutCancel(ctx)); err == nil {
			err = released
		}
		if err != nil {
			return Message{}, in(p.op, err)
		}
		return run.errorMessage(answer.Text), nil
	}
	m, err := p.take(ctx, answer.CommandAnswer)
	if err != nil {
		_ = p.release(context.WithoutCancel(ctx)) // if not, it is free when the time is over
	}
	return m, err
}

// take posts what the command answers, or has the message say it.
func (p *pressing) take(ctx context.Context, answer CommandAnswer) (Message, error) {
	out, err := p.outgoing(answer)
	if err == nil {
		err = p.app.renderText(out, "")
	}
	if err != nil {
		return Message{}, in(p.op, err)
	}
	if answer.To == ToChannel {
		return p.post(ctx, out, func() error { return nil })
	}
	return p.replace(ctx, out)
}

// release lets other actions run again.
func (p *pressing) release(ctx context.Context) error {
	err := p.change(ctx, func(tx *record.Txn) error {
		p.ephemeral.Busy = 0
		return tx.PutEphemeral(p.ephemeral.room.number, &p.ephemeral.Ephemeral)
	})
	if isRefused(err) {
		return nil // it is gone
	}
	return err
}

// replace has the message say something else.
func (p *pressing) replace(ctx context.Context, out *outgoing) (Message, error) {
	var replaced Message
	err := p.change(ctx, func(tx *record.Txn) error {
		e := p.ephemeral
		m := &e.Message
		m.Text, m.HTML, m.Attachments = out.draft.Text, out.html, out.attachments
		m.UpdatedAt, e.Busy = max(e.room.now, m.UpdatedAt), 0
		if err := tx.PutEphemeral(e.room.number, &codec.Ephemeral{Message: *m, Until: e.Until}); err != nil {
			return err
		}
		list, err := render(&tx.Reader, []found{*e.found()})
		if err == nil {
			replaced = list[0]
		}
		return err
	})
	return replaced, err
}
