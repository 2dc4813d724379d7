package model

import (
	"fmt"
	"slices"
	"time"
)

// ExportTime is how an export writes a time.
const ExportTime = "2006-01-02T15:04:05.000000Z"

// ExportLine is a line of an export in one word: of its fields those that are not
// empty. Of times that are not known it is said alone that there is one.
func ExportLine(kind string, fields map[string]any) string {
	for name, value := range fields {
		switch v := value.(type) {
		case nil:
			delete(fields, name)
		case string:
			if v == "" {
				delete(fields, name)
			}
		case bool:
			if !v {
				delete(fields, name)
			}
		}
	}
	return fmt.Sprint(kind, " ", fields) // in the order of the names
}

// Export is what an export of a user holds, in any order: in which lines come is
// for other tests. When they muted, blocked, flagged, reacted and joined, and up
// to when they have read, the model does not know.
func (w *World) Export(id string) []string {
	u := w.User(id)
	user := map[string]any{"id": id, "name": u.Name, "role": u.Role, "deactivated_at": !u.Active}
	for name, value := range u.Custom {
		user[name] = value
	}
	lines := []string{ExportLine("user", user)}
	for _, m := range u.Mutes {
		if w.lasts(m.Until) {
			lines = append(lines, ExportLine("mute", map[string]any{"user_id": m.User, "expires": !m.Until.IsZero()}))
		}
	}
	for _, other := range u.Blocks {
		lines = append(lines, ExportLine("block", map[string]any{"user_id": other}))
	}
	lines = append(lines, w.exportBans(id)...)
	lines = append(lines, w.exportFlags(id)...)
	for _, ch := range w.Channels {
		if m := ch.Member(id); m != nil && !ch.Deleted && !ch.Purged {
			lines = append(lines, w.exportMember(ch, m))
		}
	}
	for _, m := range w.Messages {
		if !m.Gone && !m.Ephemeral && !w.overdue(m) {
			lines = append(lines, w.exportMessage(id, m)...)
		}
	}
	slices.Sort(lines)
	return lines
}

// exportBans are the bans that a user knows of.
func (w *World) exportBans(id string) (lines []string) {
	for _, b := range w.bans {
		if b.User != id || b.Shadow || !w.lasts(b.Until) || b.Channel != nil && b.Channel.Purged {
			continue
		}
		ban := map[string]any{"reason": b.Reason, "expires": !b.Until.IsZero()}
		if b.Channel != nil {
			ban["cid"] = b.Channel.CID
		}
		lines = append(lines, ExportLine("ban", ban))
	}
	return lines
}

// exportFlags are the flags that a user put on what is there, hidden or not.
func (w *World) exportFlags(id string) (lines []string) {
	for _, f := range w.flags {
		switch {
		case f.By != id:
		case f.Message == nil:
			lines = append(lines, ExportLine("flag", map[string]any{"user_id": f.User, "reason": f.Reason}))
		case !f.Message.Gone:
			lines = append(lines, ExportLine("flag", map[string]any{"message_id": f.Message.ID, "reason": f.Reason}))
		}
	}
	return lines
}

func (w *World) exportMember(ch *Channel, m *Member) string {
	mutes := w.MutesChannel(m.User, ch)
	member := map[string]any{
		"cid": ch.CID, "role": m.Role, "invited_at": m.Invited, "invite_accepted_at": m.Accepted, "hidden": w.Hidden(m.User, ch),
		"history_cleared": !ch.Cleared[m.User].IsZero(), "muted": mutes, "mute_expires": mutes && !m.MutesUntil.IsZero(),
		"pinned_at": m.Pinned, "archived_at": m.Archived, "custom": m.Custom.export(),
	}
	return ExportLine("member", member)
}

// exportMessage is what an export of a user has of a message that is there,
// softly deleted or hidden by truncating too: what they sent whole, and what of
// them hangs on it.
func (w *World) exportMessage(id string, m *Message) (lines []string) {
	place := func() map[string]any { return map[string]any{"message_id": m.ID, "cid": m.Channel.CID} }
	if m.Author == id {
		lines = append(lines, ExportLine("message", m.export()))
	}
	for _, r := range m.Reactions {
		if r.User == id {
			reaction := place()
			reaction["type"], reaction["score"] = r.Type, r.Score
			lines = append(lines, ExportLine("reaction", reaction))
		}
	}
	if w.Pinned(m) && m.Pin.By == id {
		pin := place()
		pin["expires"] = !m.Pin.Until.IsZero()
		lines = append(lines, ExportLine("pin", pin))
	}
	if slices.Contains(m.ForMe, id) {
		lines = append(lines, ExportLine("deleted_for_me", place()))
	}
	return lines
}

// export is a message as its author sent it, and was shown it last. Whether an
// edit leaves the quote of what is gone for good is not laid down.
func (m *Message) export() map[string]any {
	shown := m.shown(m.Author)
	at := func(t time.Time) string {
		if t.IsZero() {
			return ""
		}
		return t.UTC().Format(ExportTime)
	}
	fields := map[string]any{
		"id": m.ID, "cid": m.Channel.CID, "type": m.Type, "text": shown.Text, "titled": shown.Titled, "preview": shown.Preview,
		"mentioned_user_ids": List(shown.Mentions), "mentioned_channel": m.All, "mentioned_here": m.Online, "silent": m.Silent,
		"show_in_channel": m.Show, "restricted_visibility": Names(m.Audience), "command": m.Command, "args": m.Args,
		"created_at": at(m.Created), "updated_at": at(shown.Updated), "message_text_updated_at": at(shown.TextUpdated),
		"sent_at": at(m.Sent), "deleted_at": at(m.DeletedAt), "pending": m.Pending, "custom": shown.Custom.export(),
	}
	if m.Pending {
		fields["pending_message_metadata"] = m.Meta
	}
	if m.Parent != nil {
		fields["parent_id"] = m.Parent.ID
	}
	if shown.Quoted != nil && !shown.Quoted.Gone {
		fields["quoted_message_id"] = shown.Quoted.ID
	}
	return fields
}

// export is custom data in an export, where it is left out if there is none.
func (c Custom) export() any {
	if len(c) == 0 {
		return nil
	}
	return map[string]any(c)
}
