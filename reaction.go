package chat

import (
	"cmp"
	"context"
	"encoding/binary"
	"math"
	"slices"
	"unicode"

	"example.com/chat/internal/codec"
	"example.com/chat/internal/record"
)

// ReactionDraft is what a user says in a reaction.
type ReactionDraft struct {
	Type  string // 1 to 30 bytes without white space and control characters
	Score int    // 1 to 2,147,483,647; 0 stands for 1

	// Custom is at most 1 KiB of compact JSON.
	Custom Custom

	// EnforceUnique removes the user's other reactions to the message.
	EnforceUnique bool
}

// ReactionQuery asks for reactions to a message.
type ReactionQuery struct {
	Type  string // only of this type; empty: of all
	Limit int    // default 25, at most 300
	Page  PageToken
}

// React puts a user's reaction on a message, as they would with
// [Session.React]. The user's grants are not checked; a frozen or disabled
// channel, and one without reactions, takes it. ErrInvalid if the user is
// unknown or deactivated, ErrChannelDeleted.
func (a *App) React(ctx context.Context, id MessageID, user UserID, d ReactionDraft) (_ Message, err error) {
	const op = "React"
	defer a.operation(&ctx, op).ended(&err)
	if err := checkUserID("user_id", user); err != nil {
		return Message{}, in(op, err)
	}
	return a.react(ctx, op, application, id, user, d)
}

// React puts the user's reaction on a message they see; it needs
// create-reaction. Of each type they have one: again, it replaces score and
// custom data and keeps its place among the others. Putting what is there
// changes nothing. The message is returned as it reads afterwards; its
// UpdatedAt does not move.
//
// ErrNotFound for a message that the user cannot see, ErrDeleted for one that
// reads as deleted, ErrPending for their own pending one, ErrFrozen,
// ErrPermission where reactions are off, ErrLimit for another type where a
// message has reactions of 100.
func (s *Session) React(ctx context.Context, id MessageID, d ReactionDraft) (_ Message, err error) {
	defer s.app.operation(&ctx, "React").ended(&err)
	return s.app.react(ctx, "React", as(s.user), id, s.user, d)
}

// DeleteReaction removes a user's reaction of a type from a message, one that
// reads as deleted too. One that is not there is no error. The message is
// returned as it reads afterwards.
func (a *App) DeleteReaction(ctx context.Context, id MessageID, user UserID, kind string) (_ Message, err error) {
	defer a.operation(&ctx, "DeleteReaction").ended(&err)
	return a.deleteReaction(ctx, "DeleteReaction", application, id, user, kind)
}

// DeleteReaction removes a reaction of a type from a message that the user sees:
// their own with delete-reaction-own, those of others with delete-reaction. See
// [App.DeleteReaction].
func (s *Session) DeleteReaction(ctx context.Context, id MessageID, user UserID, kind string) (_ Message, err error) {
	defer s.app.operation(&ctx, "DeleteReaction").ended(&err)
	return s.app.deleteReaction(ctx, "DeleteReaction", as(s.user), id, user, kind)
}

// Reactions returns a page of the reactions to a message, newest first.
// ErrNotFound if there is no such message. The list is read forwards: Prev is
// always empty.
func (a *App) Reactions(ctx context.Context, id MessageID, q ReactionQuery) (_ Page[Reaction], err error) {
	defer a.operation(&ctx, "Reactions").ended(&err)
	return a.reactions(ctx, "Reactions", application, id, q)
}

// Reactions returns a page of the reactions to a message that the user sees,
// as a placeholder too, newest first. See [App.Reactions].
func (s *Session) Reactions(ctx context.Context, id MessageID, q ReactionQuery) (_ Page[Reaction], err error) {
	defer s.app.operation(&ctx, "Reactions").ended(&err)
	return s.app.reactions(ctx, "Reactions", as(s.user), id, q)
}

const (
	maxReactionType   = 30      // bytes
	maxReactionCustom = 1 << 10 // bytes of compact JSON
	maxReactionScore  = math.MaxInt32
	maxReactionTypes  = 100 // on one message
)

func checkReactionType(field, kind string) error {
	if err := checkText(field, kind); err != nil {
		return err
	}
	if n := len(kind); n < 1 || n > maxReactionType {
		return invalid(field, "has %d bytes; must be 1 to %d", n, maxReactionType)
	}
	for _, r := range kind {
		if unicode.IsSpace(r) || unicode.IsControl(r) {
			return invalid(field, "holds white space or a control character")
		}
	}
	return nil
}

// check checks all that the draft alone decides, fills in what is left out and
// encodes the custom data.
func (d *ReactionDraft) check() (custom string, err error) {
	if err := checkReactionType("type", d.Type); err != nil {
		return "", err
	}
	if d.Score < 0 || d.Score > maxReactionScore {
		return "", invalid("score", "is %d; must be 1 to %d", d.Score, maxReactionScore)
	}
	d.Score = max(d.Score, 1)
	encoded, err := encodeCustom("custom", d.Custom, maxReactionCustom, reactionFields)
	return string(encoded), err
}

func (a *App) react(ctx context.Context, op string, c caller, id MessageID, user UserID, d ReactionDraft) (Message, error) {
	custom, err := d.check()
	if err != nil {
		return Message{}, in(op, err)
	}
	var reacted Message
	err = a.changeMessage(ctx, op, c, id, func(tx *record.Txn, f *found) error {
		if err := f.room.mayReact(); err != nil {
			return err
		}
		switch {
		case f.message.Pending:
			return fail(ErrPending, "id", "message %q is pending", id)
		case f.sight != whole:
			return fail(ErrDeleted, "id", "message %q is deleted", id)
		}
		r, err := startReacting(tx, f, string(user), c.app)
		if err != nil {
			return err
		}
		if err := r.put(codec.Reaction{User: string(user), Type: d.Type, Score: int64(d.Score), Custom: custom}, d.EnforceUnique); err != nil {
			return err
		}
		reacted, err = f.room.render(&tx.Reader, f.message, f.sight)
		return err
	})
	return reacted, err
}

// mayReact is an error unless the caller may put reactions in the channel now.
func (r *room) mayReact() error {
	if err := r.change(); err != nil || r.app {
		return err
	}
	if err := r.need(CreateReaction); err != nil {
		return err
	}
	switch {
	case r.channel.Frozen && !r.can(UseFrozenChannel):
		return fail(ErrFrozen, "", "channel %q is frozen", r.channel.CID)
	case !r.kind.Reactions:
		return fail(ErrPermission, "", "reactions are off in this channel")
	}
	return nil
}

func (a *App) deleteReaction(ctx context.Context, op string, c caller, id MessageID, user UserID, kind string) (Message, error) {
	err := checkUserID("user_id", user)
	if err == nil {
		err = checkReactionType("type", kind)
	}
	if err != nil {
		return Message{}, in(op, err)
	}
	var left Message
	err = a.changeMessage(ctx, op, c, id, func(tx *record.Txn, f *found) error {
		if err := f.room.change(); err != nil {
			return err
		}
		if err := mayUndo(f.room, user == c.user, DeleteReactionOwn, DeleteReaction); err != nil {
			return err
		}
		// Else nothing is looked up: a pending message may have the time, and so
		// the keys, of another one.
		if f.message.Reacted {
			r, err := startReacting(tx, f, string(user), false)
			if err == nil {
				err = r.remove(kind)
			}
			if err != nil {
				return err
			}
		}
		var err error
		left, err = f.room.render(&tx.Reader, f.message, f.sight)
		return err
	})
	return left, err
}

// reacting is a change of one user's reactions to a message.
type reacting struct {
	*record.Reacting
	tx   *record.Txn
	f    *found
	user string
	own  []codec.Reaction
}

// startReacting reads what it takes; named says that the application names the
// user, who must exist and be active.
func startReacting(tx *record.Txn, f *found, user string, named bool) (*reacting, error) {
	r := &reacting{tx: tx, f: f, user: user}
	b := tx.Batch()
	summary := b.Reactions(f.room.number, f.message.CreatedAt)
	b.ReactionsBy(f.room.number, f.message.CreatedAt, user, &r.own)
	var read *record.Value[codec.User]
	if named {
		read = b.User(user)
	}
	if err := b.Run(); err != nil {
		return nil, err
	}
	if named {
		if err := checkUser("user_id", UserID(user), read); err != nil {
			return nil, err
		}
	}
	r.Reacting = tx.Reacting(f.room.number, f.message, summary.V)
	return r, nil
}

// put stores a reaction and tells of it; alone removes the user's others.
func (r *reacting) put(v codec.Reaction, alone bool) error {
	var old *codec.Reaction
	changed := false
	for i := range r.own {
		switch known := &r.own[i]; {
		case known.Type == v.Type:
			old = known
		case alone:
			changed = true
			if err := r.take(known); err != nil {
				return err
			}
		}
	}
	switch {
	case old == nil:
		if !r.Has(v.Type) && r.Types() >= maxReactionTypes {
			return fail(ErrLimit, "type", "message %q has reactions of %d types", r.f.message.ID, maxReactionTypes)
		}
		v.At = r.Next(r.f.room.now)
		v.UpdatedAt = v.At
		if err := r.Add(&v); err != nil {
			return err
		}
		if err := r.tell(codec.EventReactionNew, v.Type); err != nil {
			return err
		}
	case old.Score != v.Score || old.Custom != v.Custom:
		v.At, v.UpdatedAt = old.At, max(r.f.room.now, old.UpdatedAt)
		if err := r.Replace(old, &v); err != nil {
			return err
		}
		if err := r.tell(codec.EventReactionUpdated, v.Type); err != nil {
			return err
		}
	case !changed:
		return nil
	}
	return r.End()
}

// remove removes the user's reaction of a type, if there is one.
func (r *reacting) remove(kind string) error {
	for i := range r.own {
		if r.own[i].Type != kind {
			continue
		}
		if err := r.take(&r.own[i]); err != nil {
			return err
		}
		return r.End()
	}
	return nil
}

func (r *reacting) take(v *codec.Reaction) error {
	if err := r.Remove(v); err != nil {
		return err
	}
	return r.tell(codec.EventReactionDeleted, v.Type)
}

// tell tells those who may see the message.
func (r *reacting) tell(kind codec.EventKind, of string) error {
	by := string(r.f.room.user)
	if by == r.user {
		by = ""
	}
	e := messageEvent(kind, r.f.room.number, r.f.message, by)
	e.User, e.Reaction = r.user, of
	return r.tx.TellAudience(r.f.room.number, r.f.message, &e)
}

func (a *App) reactions(ctx context.Context, op string, c caller, id MessageID, q ReactionQuery) (Page[Reaction], error) {
	var page Page[Reaction]
	err := checkMessageID("id", id)
	if err == nil && q.Type != "" {
		err = checkReactionType("type", q.Type)
	}
	if err == nil {
		err = checkLimit("limit", &q.Limit, standardPage, maxPage)
	}
	token := reactionToken{before: never}
	if err == nil && q.Page != "" {
		err = token.decode(q.Page)
	}
	if err != nil {
		return page, in(op, err)
	}
	err = a.view(ctx, op, func(r *record.Reader) error {
		f, err := find(r, c, id)
		if err != nil {
			return err
		}
		of := reactionToken{channel: f.room.number, message: f.message.CreatedAt, kind: q.Type, before: token.before}
		if q.Page != "" && token != of {
			return invalid("page", "is a page token of another message or type")
		}
		page, err = f.reactions(r, of, q.Limit)
		return err
	})
	return page, err
}

// reactions reads a page of the reactions to a message.
func (f *found) reactions(r *record.Reader, of reactionToken, limit int) (page Page[Reaction], err error) {
	if !f.message.Reacted {
		return page, nil
	}
	list, err := r.ReactionsBefore(of.channel, of.message, of.kind, of.before, limit+1)
	if err != nil {
		return page, err
	}
	if len(list) > limit {
		list = list[:limit]
		of.before = list[limit-1].At
		page.Next = of.encode()
	}
	people := r.People()
	b := r.Batch()
	for i := range list {
		people.Want(b, list[i].User)
	}
	if err := b.Run(); err != nil {
		return page, err
	}
	page.Items = reactionsFrom(&people, f.message.ID, list)
	return page, nil
}

// reactionToken is a place in the list of the reactions to a message, of one
// type or all.
type reactionToken struct {
	channel         record.Channel
	message, before int64
	kind            string
}

func (t reactionToken) encode() PageToken {
	b := binary.BigEndian.AppendUint64(nil, uint64(t.message))
	b = binary.BigEndian.AppendUint64(b, uint64(t.before))
	return encodeTokenIn(tokenReactions, t.channel, string(append(b, t.kind...)))
}

func (t *reactionToken) decode(token PageToken) error {
	var text string
	if err := token.decodeIn(tokenReactions, &t.channel, &text); err != nil {
		return err
	}
	if len(text) < 16 {
		return invalid("page", "is not a page token of this list")
	}
	t.message, t.before = int64(binary.BigEndian.Uint64([]byte(text))), int64(binary.BigEndian.Uint64([]byte(text[8:])))
	t.kind = text[16:]
	return nil
}

func reactionsFrom(people *record.People, message string, list []codec.Reaction) []Reaction {
	if len(list) == 0 {
		return nil
	}
	reactions := make([]Reaction, len(list))
	for i := range list {
		reactions[i] = reactionFrom(people, message, &list[i])
	}
	return reactions
}

func reactionFrom(people *record.People, message string, v *codec.Reaction) Reaction {
	return Reaction{
		MessageID: MessageID(message), User: shown(people, v.User), Type: v.Type, Score: int(v.Score),
		CreatedAt: moment(v.At), UpdatedAt: moment(v.UpdatedAt), Custom: decodeCustom(v.Custom),
	}
}

// reactedMessage is what is read of the reactions to a message that is rendered.
type reactedMessage struct {
	room    *room
	summary *record.Value[codec.Reactions]
	own     []codec.Reaction
}

// wantReactions adds to a batch the summary of the reactions to a message, if it
// may have one.
func (out *rendering) wantReactions(b *record.Batch, f *found) {
	if !f.message.Reacted || f.message.Pending {
		return
	}
	if out.reacted == nil {
		out.reacted = map[*codec.Message]*reactedMessage{}
	}
	out.reacted[f.message] = &reactedMessage{room: f.room, summary: b.Reactions(f.room.number, f.message.CreatedAt)}
}

// wantReacted adds to a batch who reacted, and the caller's own reactions where
// they need not be among the latest.
func (out *rendering) wantReacted(b *record.Batch, message *codec.Message, r *reactedMessage) {
	latest, viewer := r.summary.V.Latest, string(r.room.user)
	for i := range latest {
		out.people.Want(b, latest[i].User)
	}
	switch {
	case r.room.app:
	case len(latest) == record.LatestReactions:
		b.ReactionsBy(r.room.number, message.CreatedAt, viewer, &r.own)
		out.people.Want(b, viewer)
	default:
		for i := range latest {
			if latest[i].User == viewer {
				r.own = append(r.own, latest[i])
			}
		}
	}
}

// reactions fills in what a message shows of its reactions.
func (out *rendering) reactions(m *Message, stored *codec.Message) {
	r := out.reacted[stored]
	if r == nil || !r.summary.Found {
		return
	}
	summary := &r.summary.V
	m.ReactionGroups = make(map[string]ReactionGroup, len(summary.Groups))
	for _, g := range summary.Groups {
		m.ReactionGroups[g.Type] = ReactionGroup{
			Count: int(g.Count), SumScores: int(g.Sum), FirstReactionAt: moment(g.First), LastReactionAt: moment(g.Last),
		}
	}
	m.LatestReactions = reactionsFrom(&out.people, stored.ID, summary.Latest)
	slices.SortFunc(r.own, func(a, b codec.Reaction) int { return cmp.Compare(b.At, a.At) })
	m.OwnReactions = reactionsFrom(&out.people, stored.ID, r.own)
}
