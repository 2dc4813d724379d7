package chat

import "slices"

// Action is something a user may be allowed to do. Channel types grant actions
// to roles; a channel can override the grants of its type.
type Action string

// The actions. Those that end in -own are about one's own message or reaction.
// SearchMessages belongs to a call of a later release.
const (
	ReadChannel          Action = "read-channel"
	CreateChannel        Action = "create-channel"
	UpdateChannel        Action = "update-channel"
	UpdateChannelMembers Action = "update-channel-members"
	DeleteChannel        Action = "delete-channel"
	TruncateChannel      Action = "truncate-channel"
	LeaveChannel         Action = "leave-channel"
	MuteChannel          Action = "mute-channel"
	UseFrozenChannel     Action = "use-frozen-channel"
	CreateMessage        Action = "create-message"
	CreateReply          Action = "create-reply"
	CreateAttachment     Action = "create-attachment"
	CreateMention        Action = "create-mention"
	CreateMentionAll     Action = "create-mention-all"    // everyone in the channel
	CreateMentionOnline  Action = "create-mention-online" // everyone who is online
	CreateSystemMessage  Action = "create-system-message"
	AddLinks             Action = "add-links"
	UpdateMessage        Action = "update-message"
	UpdateMessageOwn     Action = "update-message-own"
	DeleteMessage        Action = "delete-message"
	DeleteMessageOwn     Action = "delete-message-own"
	PinMessage           Action = "pin-message"
	FlagMessage          Action = "flag-message"
	RunMessageAction     Action = "run-message-action"
	CreateReaction       Action = "create-reaction"
	DeleteReaction       Action = "delete-reaction"
	DeleteReactionOwn    Action = "delete-reaction-own"
	SendCustomEvent      Action = "send-custom-event"
	SearchMessages       Action = "search-messages"
	BanChannelMember     Action = "ban-channel-member"
	BanUser              Action = "ban-user"
	MuteUser             Action = "mute-user"
	FlagUser             Action = "flag-user"
	SkipCooldown         Action = "skip-cooldown"
	SkipModeration       Action = "skip-moderation"

	// CreateRestrictedVisibilityMessage is needed to send a private message,
	// ReadRestrictedVisibilityMessage to see those that one neither wrote nor
	// is listed in.
	CreateRestrictedVisibilityMessage Action = "create-restricted-visibility-message"
	ReadRestrictedVisibilityMessage   Action = "read-restricted-visibility-message"
)

// allActions is what an admin may do, in every channel.
var allActions = [...]Action{
	ReadChannel, CreateChannel, UpdateChannel, UpdateChannelMembers, DeleteChannel, TruncateChannel,
	LeaveChannel, MuteChannel, UseFrozenChannel, CreateMessage, CreateReply, CreateAttachment,
	CreateMention, CreateMentionAll, CreateMentionOnline, CreateSystemMessage, AddLinks, UpdateMessage, UpdateMessageOwn, DeleteMessage,
	DeleteMessageOwn, PinMessage, FlagMessage, RunMessageAction, CreateReaction, DeleteReaction,
	DeleteReactionOwn, SendCustomEvent, SearchMessages, BanChannelMember, BanUser, MuteUser, FlagUser,
	SkipCooldown, SkipModeration, CreateRestrictedVisibilityMessage, ReadRestrictedVisibilityMessage,
}

// builtinGrants are the grants of the channel types that exist from the start.
func builtinGrants(channelType string) map[Role][]Action {
	member := []Action{
		ReadChannel, CreateMessage, CreateReply, CreateAttachment, CreateMention, CreateReaction, AddLinks,
		FlagMessage, MuteChannel, PinMessage, RunMessageAction, SendCustomEvent, LeaveChannel,
	}
	changes := []Action{UpdateChannel, UpdateChannelMembers, TruncateChannel, DeleteChannel}
	user := []Action{
		CreateChannel, MuteUser, FlagUser, SearchMessages, UpdateMessageOwn, DeleteMessageOwn, DeleteReactionOwn,
	}
	guest := []Action{FlagUser, MuteUser}
	anonymous := []Action{}
	writing := []Action{
		ReadChannel, CreateMessage, CreateReply, CreateAttachment, CreateMention, CreateReaction, AddLinks, FlagMessage,
		RunMessageAction,
	}
	creator := append(slices.Clone(member), changes...)
	moderatorOnly := []Action{
		BanChannelMember, CreateSystemMessage, DeleteMessage, UpdateMessage, DeleteReaction, SkipCooldown,
		SkipModeration, UpdateChannel, UpdateChannelMembers, UseFrozenChannel, CreateMentionAll, CreateMentionOnline,
	}
	moderator := append(slices.Clone(member), moderatorOnly...)
	// A moderator of the whole application is a user too.
	everywhere := append(append(slices.Clone(moderator), user...), BanUser)

	switch channelType {
	case "livestream":
		user = append(user, writing...)
		guest = append(guest, ReadChannel)
		anonymous = append(anonymous, ReadChannel)
	case "commerce":
		guest = append(guest, CreateChannel)
		member = slices.DeleteFunc(member, func(a Action) bool { return a == PinMessage })
		creator = slices.DeleteFunc(creator, func(a Action) bool { return a == PinMessage })
	case "gaming":
		user = slices.DeleteFunc(user, func(a Action) bool { return a == CreateChannel })
		everywhere = append(everywhere, TruncateChannel, DeleteChannel)
		creator = slices.Clone(member)
	}
	return map[Role][]Action{
		RoleUser:             user,
		RoleGuest:            guest,
		RoleAnonymous:        anonymous,
		RoleModerator:        everywhere,
		RoleAdmin:            slices.Clone(allActions[:]),
		RoleChannelMember:    member,
		RoleChannelModerator: moderator,
		RoleChannelCreator:   creator,
	}
}
