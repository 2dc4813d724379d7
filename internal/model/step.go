package model

import (
	"fmt"
	"reflect"
	"strings"
	"time"
)

// Op is what a step does.
type Op string

// The steps there are.
const (
	PutUser        Op = "put user" // their name and custom data go
	PatchUser      Op = "patch user"
	Deactivate     Op = "deactivate"
	Reactivate     Op = "reactivate"
	EnsureChannel  Op = "ensure channel"
	EnsureDistinct Op = "ensure distinct channel"
	DeleteChannel  Op = "delete channel"
	UpdateChannel  Op = "update channel"
	PatchChannel   Op = "patch channel"
	SetOverrides   Op = "set overrides" // of the type's settings and grants
	ChangeType     Op = "change type"   // its settings and grants
	Truncate       Op = "truncate"
	Freeze         Op = "freeze"
	Disable        Op = "disable"
	AddMembers     Op = "add members"
	RemoveMembers  Op = "remove members"
	Leave          Op = "leave"
	ChangeMember   Op = "change member" // role and custom data
	Send           Op = "send"
	Update         Op = "update"
	PatchMessage   Op = "patch message"
	Delete         Op = "delete"
	DeleteForMe    Op = "delete for me"
	Undelete       Op = "undelete"
	Commit         Op = "commit"
	MarkRead       Op = "mark read"
	MarkReadTo     Op = "mark read to"
	MarkUnread     Op = "mark unread"

	MarkThreadRead   Op = "mark thread read"
	MarkThreadUnread Op = "mark thread unread"

	MuteUser        Op = "mute user"
	UnmuteUser      Op = "unmute user"
	MuteChannel     Op = "mute channel"
	UnmuteChannel   Op = "unmute channel"
	Hide            Op = "hide"
	Show            Op = "show"
	AcceptInvite    Op = "accept invite"
	RejectInvite    Op = "reject invite"
	PinChannel      Op = "pin channel"
	UnpinChannel    Op = "unpin channel"
	Archive         Op = "archive"
	Unarchive       Op = "unarchive"
	EraseUser       Op = "erase user" // Type: what becomes of their messages
	BanUser         Op = "ban"
	UnbanUser       Op = "unban"
	FlagMessage     Op = "flag message"
	FlagUser        Op = "flag user"
	UnflagMessage   Op = "unflag message"
	UnflagUser      Op = "unflag user"
	ReviewMessage   Op = "review flags of a message" // Text is the outcome
	ReviewUser      Op = "review flags of a user"
	SetCooldown     Op = "set cooldown"
	BlockUser       Op = "block user"
	UnblockUser     Op = "unblock user"
	CreateList      Op = "create block list"
	UpdateList      Op = "update block list"
	DeleteList      Op = "delete block list"
	React           Op = "react" // Action is the type, On drops the user's others
	Unreact         Op = "unreact"
	PinMessage      Op = "pin"
	Unpin           Op = "unpin"
	RunAction       Op = "run action"  // of what a command answered
	SetTimeout      Op = "set timeout" // of pending messages
	Sleep           Op = "sleep"
	ReopenStore     Op = "reopen"
	ReopenInThePast Op = "reopen in the past" // the clock has been set back
	RunDueWork      Op = "run due work"
)

// Ops are all kinds of steps.
var Ops = []Op{
	PutUser, PatchUser, Deactivate, Reactivate, EnsureChannel, EnsureDistinct, DeleteChannel, UpdateChannel, PatchChannel,
	SetOverrides, ChangeType, Truncate, Freeze, Disable, AddMembers, RemoveMembers, Leave,
	ChangeMember, Send, Update, PatchMessage, Delete, DeleteForMe, Undelete, Commit,
	MarkRead, MarkReadTo, MarkUnread, MarkThreadRead, MarkThreadUnread, MuteUser, UnmuteUser, MuteChannel, UnmuteChannel, Hide,
	Show, AcceptInvite, RejectInvite, PinChannel, UnpinChannel, Archive, Unarchive, EraseUser, BanUser, UnbanUser,
	FlagMessage, FlagUser, UnflagMessage, UnflagUser, ReviewMessage, ReviewUser, SetCooldown, BlockUser, UnblockUser,
	CreateList, UpdateList, DeleteList, React, Unreact, PinMessage, Unpin, RunAction, SetTimeout, Sleep, ReopenStore,
	ReopenInThePast, RunDueWork,
}

// What an edit may give among the attachments.
const (
	GivesBack = "back"
	Forges    = "forgery"
)

// What becomes of the messages of a user who is erased, or of one who is banned
// with them.
const (
	Kept        = "kept"
	ErasedSoft  = "soft"
	ErasedWhole = "whole"
)

// Hold is what the application says about a message becoming pending.
type Hold int

// The ways to say it.
const (
	AsTheChannelSays Hold = iota
	Held
	NotHeld
)

// Step is one thing that somebody does. It is plain data: a list of steps can be
// printed, cut down and run again.
type Step struct {
	Op Op
	By string // the user who does it; empty: the application

	CID    string
	ID     string // the message it is about or makes; of a system message a name for it
	User   string // the author, or whom it is about
	Author string // of a ban or review by the application; empty: itself
	Action string // of what a command answered
	Users  []string
	Role   string
	Type   string
	Text   string
	Parent string
	Quoted string

	Set      []string // "path=value": custom data, or what a patch sets
	Unset    []string // paths
	Meta     string   // of a pending message
	Settings []string // "replies=off": see Setting
	Actions  []string // that the role is granted

	Audience []string // of a private message
	Mentions []string

	All, Online bool // mentions everyone

	Show   bool // a reply is shown in the channel
	Silent bool
	Titled bool // the message has an attachment

	Verdict string // of the moderator, if it is asked; empty: it lets it through

	Score  int  // of a reaction
	Pinned bool // the message is, as it is sent

	NoPreview bool   // of the link in the text
	Gives     string // the preview back, or a forgery of it, among the attachments

	Shadow bool   // who is banned is not told
	Purge  string // what becomes of the messages of who is banned; empty: nothing

	List  string   // a block list
	Words []string // of it
	Lists []string // "list=action": those that a channel or a type uses, in their order; NoLists: none

	Invite bool // who is added is asked
	Veiled bool // and sees nothing from before

	Hold Hold
	Hard bool
	On   bool
	For  time.Duration
}

// String is the step on one line, with what is set alone.
func (s Step) String() string {
	var b strings.Builder
	who := s.By
	if who == "" {
		who = "the application"
	}
	fmt.Fprintf(&b, "%s: %s", who, s.Op)
	v := reflect.ValueOf(s)
	for i := 2; i < v.NumField(); i++ {
		field := v.Field(i)
		if field.IsZero() {
			continue
		}
		name := strings.ToLower(v.Type().Field(i).Name)
		switch value := field.Interface().(type) {
		case bool:
			fmt.Fprintf(&b, " %s", name)
		case []string:
			fmt.Fprintf(&b, " %s=%s", name, strings.Join(value, ","))
		case string:
			if strings.Contains(value, " ") {
				value = fmt.Sprintf("%q", value)
			}
			fmt.Fprintf(&b, " %s=%s", name, value)
		default:
			fmt.Fprintf(&b, " %s=%v", name, value)
		}
	}
	return b.String()
}

// author is whose message a step sends: the application sends in a user's name.
func (s Step) author() string {
	if s.By != "" {
		return s.By
	}
	return s.User
}

// Setting is what a step says of a setting, if it does.
func (s Step) Setting(name string) (on, given bool) {
	for _, each := range s.Settings {
		if setting, value := pair(each); setting == name {
			return value == "on", true
		}
	}
	return false, false
}

// Script is the steps, one a line.
func Script(steps []Step) string {
	var b strings.Builder
	for _, s := range steps {
		fmt.Fprintf(&b, "\t%s\n", s)
	}
	return b.String()
}
