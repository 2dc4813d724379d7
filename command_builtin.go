package chat

import (
	"context"
	"strings"
	"unicode"

	"example.com/chat/internal/record"
)

// knownCommands are the commands that can be run: the engine's and the
// application's own.
func (a *App) knownCommands() map[string]*command {
	known := map[string]*command{}
	add := func(name, description, args, set string, run func(context.Context, caller, CommandCall) (reply, error)) {
		known[name] = &command{CommandInfo{name, description, args, set}, run}
	}
	add("ban", "Ban a user from the channel", "[@username] [text]", "moderation_set", a.runBan)
	add("unban", "End the ban of a user", "[@username]", "moderation_set", a.runUnban)
	add("mute", "Mute a user", "[@username]", "moderation_set", a.runMute)
	add("unmute", "End the mute of a user", "[@username]", "moderation_set", a.runUnmute)
	add("flag", "Report a user", "[@username] [text]", "moderation_set", a.runFlag)
	if a.options.Giphy.Key != "" {
		g := newGiphy(a.options.Giphy)
		a.closers = append(a.closers, g.close)
		add("giphy", "Post a moving picture", "[text]", "fun_set", handled(g))
	}
	for _, c := range a.options.Commands {
		add(c.Name, c.Description, c.Args, c.Set, handled(c.Handler))
	}
	return known
}

// handled runs a handler, whose errors are its own.
func handled(h CommandHandler) func(context.Context, caller, CommandCall) (reply, error) {
	return func(ctx context.Context, _ caller, call CommandCall) (reply, error) {
		answer, err := h.RunCommand(ctx, call)
		if err != nil {
			return reply{}, failure{err}
		}
		return reply{CommandAnswer: answer}, nil
	}
}

// parseTarget parts "@user reason".
func parseTarget(args string) (user UserID, reason string, ok bool) {
	rest, ok := strings.CutPrefix(args, "@")
	if !ok {
		return "", "", false
	}
	end := strings.IndexFunc(rest, unicode.IsSpace)
	if end < 0 {
		end = len(rest)
	}
	user, reason = UserID(rest[:end]), strings.TrimSpace(rest[end:])
	return user, reason, checkUserID("", user) == nil
}

func usage(call CommandCall) reply {
	return refusal("Name a user: /%s @user", call.Name)
}

// refuse answers what is refused in words; the rest is the send's error.
func refuse(err error) (reply, error) {
	if !isRefused(err) {
		return reply{}, err
	}
	return refusal("%s", reasonOf(err)), nil
}

func (a *App) runBan(_ context.Context, c caller, call CommandCall) (reply, error) {
	user, reason, ok := parseTarget(call.Args)
	if !ok {
		return usage(call), nil
	}
	d, by := BanDraft{User: user, CID: call.Message.CID, Reason: reason}, call.Message.User.ID
	if err := d.check(by); err != nil {
		return refuse(err)
	}
	text := "@" + string(user) + " was banned."
	if reason != "" {
		text = "@" + string(user) + " was banned: " + reason
	}
	return inChannel(text, c, d.CID, user, func(tx *record.Txn, b *bench) error {
		_, err := b.put(tx, d, by)
		return err
	}), nil
}

func (a *App) runUnban(_ context.Context, c caller, call CommandCall) (reply, error) {
	user, _, ok := parseTarget(call.Args)
	if !ok {
		return usage(call), nil
	}
	return inChannel("@"+string(user)+" is no longer banned.", c, call.Message.CID, user, func(tx *record.Txn, b *bench) error {
		if !active(b.ban, b.now) || b.isOwnShadow() {
			return notFound("ban of user", user)
		}
		return b.lift(tx)
	}), nil
}

// inChannel tells the channel of a change of a ban, which is made with the
// message, or not at all.
func inChannel(text string, c caller, cid CID, user UserID, change func(*record.Txn, *bench) error) reply {
	act := func(tx *record.Txn) error {
		b, err := openBench(&tx.Reader, c, cid, user)
		if err == nil {
			err = b.mayBan()
		}
		if err != nil {
			return err
		}
		return change(tx, b)
	}
	return reply{CommandAnswer: CommandAnswer{To: ToChannel, System: true, Text: text}, act: act, own: true}
}

func (a *App) runMute(ctx context.Context, _ caller, call CommandCall) (reply, error) {
	return aboutUser(call, "@%s is muted.", func(s *Session, user UserID, _ string) error {
		return s.MuteUser(ctx, user, 0)
	}, a)
}

func (a *App) runUnmute(ctx context.Context, _ caller, call CommandCall) (reply, error) {
	return aboutUser(call, "@%s is no longer muted.", func(s *Session, user UserID, _ string) error {
		if _, err := a.User(ctx, user); err != nil {
			return err
		}
		return s.UnmuteUser(ctx, user)
	}, a)
}

func (a *App) runFlag(ctx context.Context, _ caller, call CommandCall) (reply, error) {
	return aboutUser(call, "@%s was reported to the moderators.", func(s *Session, user UserID, reason string) error {
		return s.FlagUser(ctx, user, reason)
	}, a)
}

// aboutUser does something about a user in the author's name, and tells the
// author. It is not done by the transaction of the answer, which is of the
// channel's scope: mutes and flags of users are of a user's. To do it again is to
// the same effect.
func aboutUser(call CommandCall, done string, do func(*Session, UserID, string) error, a *App) (reply, error) {
	user, reason, ok := parseTarget(call.Args)
	if !ok {
		return usage(call), nil
	}
	if err := do(a.As(call.Message.User.ID), user, reason); err != nil {
		return refuse(err)
	}
	return reply{CommandAnswer: CommandAnswer{Text: strings.Replace(done, "%s", string(user), 1)}, own: true}, nil
}
