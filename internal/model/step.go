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
	PutUser         Op = "put user"
	Deactivate      Op = "deactivate"
	Reactivate      Op = "reactivate"
	EnsureChannel   Op = "ensure channel"
	DeleteChannel   Op = "delete channel"
	Truncate        Op = "truncate"
	Freeze          Op = "freeze"
	Disable         Op = "disable"
	HoldMessages    Op = "hold messages" // the channel marks messages pending
	AddMembers      Op = "add members"
	RemoveMembers   Op = "remove members"
	Leave           Op = "leave"
	ChangeRole      Op = "change role" // of a member
	Send            Op = "send"
	Update          Op = "update"
	Delete          Op = "delete"
	DeleteForMe     Op = "delete for me"
	Undelete        Op = "undelete"
	Commit          Op = "commit"
	MarkRead        Op = "mark read"
	MarkReadTo      Op = "mark read to"
	MarkUnread      Op = "mark unread"
	MuteUser        Op = "mute user"
	UnmuteUser      Op = "unmute user"
	MuteChannel     Op = "mute channel"
	UnmuteChannel   Op = "unmute channel"
	Hide            Op = "hide"
	Show            Op = "show"
	SetTimeout      Op = "set timeout" // of pending messages
	Sleep           Op = "sleep"
	ReopenStore     Op = "reopen"
	ReopenInThePast Op = "reopen in the past" // the clock has been set back
	RunDueWork      Op = "run due work"
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
	Users  []string
	Role   string
	Type   string
	Text   string
	Parent string
	Quoted string

	Audience []string // of a private message
	Mentions []string

	Show   bool // a reply is shown in the channel
	Silent bool
	Titled bool // the message has an attachment
	Hold   Hold
	Hard   bool
	On     bool
	For    time.Duration
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

// Script is the steps, one a line.
func Script(steps []Step) string {
	var b strings.Builder
	for _, s := range steps {
		fmt.Fprintf(&b, "\t%s\n", s)
	}
	return b.String()
}
