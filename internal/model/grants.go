package model

import (
	"slices"
	"strings"
)

// standardTypes are the channel types that exist from the start.
func standardTypes() map[string]Type {
	types := map[string]Type{}
	for _, name := range []string{"messaging", "team", "livestream", "commerce", "gaming"} {
		types[name] = Type{Replies: true, Quotes: true, Mutes: true, Links: true, Commands: true, Grants: StandardGrants(name)}
	}
	return types
}

// StandardGrants are the actions by role of a channel type that exists from the
// start. Those of an admin are everything and not listed.
func StandardGrants(channelType string) map[string][]string {
	words := strings.Fields
	member := words(`read-channel create-message create-reply create-attachment create-mention create-reaction add-links
		flag-message mute-channel pin-message run-message-action send-custom-event leave-channel`)
	moderates := words(`ban-channel-member create-system-message delete-message update-message delete-reaction skip-cooldown
		skip-moderation update-channel update-channel-members use-frozen-channel create-mention-all create-mention-online`)
	user := words(`create-channel mute-user flag-user search-messages update-message-own delete-message-own delete-reaction-own`)
	guest := words(`flag-user mute-user`)
	changes := words(`update-channel update-channel-members truncate-channel delete-channel`)
	moderator := slices.Concat(member, moderates, user, words("ban-user"))
	var anonymous []string
	switch channelType {
	case "livestream":
		user = append(user, words(`read-channel create-message create-reply create-attachment create-mention create-reaction
			add-links flag-message run-message-action`)...)
		guest, anonymous = append(guest, "read-channel"), words("read-channel")
	case "commerce":
		guest = append(guest, "create-channel")
		member = slices.DeleteFunc(member, func(a string) bool { return a == "pin-message" })
	case "gaming":
		user = user[1:] // but create-channel
		moderator = slices.Concat(moderator, changes)
		changes = nil
	}
	return map[string][]string{
		"channel_member":    member,
		"channel_moderator": slices.Concat(member, moderates, words("pin-message")),
		"user":              user,
		"channel_creator":   slices.Concat(member, changes),
		"guest":             guest,
		"anonymous":         anonymous,
		"moderator":         moderator,
	}
}

// actions are all that there are that others may have and one may not.
func actions() []string {
	list := []string{"create-restricted-visibility-message", "read-restricted-visibility-message"}
	for _, name := range []string{"messaging", "gaming"} {
		for _, granted := range StandardGrants(name) {
			list = append(list, granted...)
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// grants are the actions of a role in a channel.
func (w *World) grants(ch *Channel, role string) []string {
	if list, ok := ch.Overrides.Grants[role]; ok {
		return list
	}
	return w.Types[ch.Type].Grants[role]
}

// On is a setting of a channel: its own, or that of its type.
func (w *World) On(ch *Channel, name string) bool {
	if on, ok := ch.Overrides.on[name]; ok {
		return on
	}
	return w.Types[ch.Type].on(name)
}

// The settings that steps change.
const (
	Pending = "pending" // messages become pending
	Replies = "replies"
	Quotes  = "quotes"
	Mutes   = "mutes"
	Links   = "links" // get previews

	// Commands are run, all or none.
	Commands = "commands"
)

func (t Type) on(name string) bool {
	switch name {
	case Pending:
		return t.Holds
	case Replies:
		return t.Replies
	case Quotes:
		return t.Quotes
	case Links:
		return t.Links
	case Commands:
		return t.Commands
	}
	return t.Mutes
}

// changed is the type with the settings of a step.
func (t Type) changed(s Step) Type {
	set := func(name string, target *bool) {
		if on, given := s.Setting(name); given {
			*target = on
		}
	}
	set(Pending, &t.Holds)
	set(Replies, &t.Replies)
	set(Quotes, &t.Quotes)
	set(Mutes, &t.Mutes)
	set(Links, &t.Links)
	set(Commands, &t.Commands)
	if s.Lists != nil {
		t.Lists = usesOf(s.Lists)
	}
	if s.Role != "" {
		grants := map[string][]string{s.Role: s.Actions}
		for role, actions := range t.Grants {
			if role != s.Role {
				grants[role] = actions
			}
		}
		t.Grants = grants
	}
	return t
}

// Overrides are what a channel has instead of its type's settings and grants.
type Overrides struct {
	Grants map[string][]string
	on     map[string]bool
	lists  *[]Use
}

// overrides are those that a step sets.
func overrides(s Step) Overrides {
	o := Overrides{Grants: map[string][]string{}, on: map[string]bool{}}
	for _, name := range []string{Pending, Replies, Quotes, Mutes, Links, Commands} {
		if on, given := s.Setting(name); given {
			o.on[name] = on
		}
	}
	if s.Role != "" {
		o.Grants[s.Role] = s.Actions
	}
	if s.Lists != nil {
		uses := usesOf(s.Lists)
		o.lists = &uses
	}
	return o
}
