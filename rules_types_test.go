package chat_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"example.com/chat"
)

// Semantics 7: channel types, their settings, and what a channel overrides.

func TestFiveTypesExistFromTheStart(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		list, err := s.ChannelTypes(s.ctx)
		s.check(err)
		var names []string
		for _, kind := range list {
			names = append(names, kind.Name)
			if !kind.Typing || !kind.ReadEvents || !kind.Reactions || !kind.Replies || !kind.Quotes || !kind.Mutes ||
				!kind.Search || !kind.URLEnrichment || kind.MarkMessagesPending || kind.MaxMessageLength != 5000 {
				t.Errorf("the type %s has other settings than documented: %+v", kind.Name, kind)
			}
			one, err := s.ChannelType(s.ctx, kind.Name)
			s.check(err)
			wantSame(t, "the type alone and in the list", one, kind)
		}
		if want := []string{"commerce", "gaming", "livestream", "messaging", "team"}; !slices.Equal(names, want) {
			t.Errorf("the types are %v, want %v", names, want)
		}
		_, err = s.ChannelType(s.ctx, "party")
		wantErr(t, err, chat.ErrNotFound)
	})
}

// TestWhatReadsReturnIsTheCallersOwn: changing it changes no type.
func TestWhatReadsReturnIsTheCallersOwn(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		before, err := s.ChannelType(s.ctx, "messaging")
		s.check(err)
		spoil := func(kind chat.ChannelType) {
			kind.Grants[chat.RoleUser] = nil
			kind.Grants[chat.RoleChannelMember][0] = chat.DeleteMessage
			kind.Commands[0] = "spoiled"
		}
		one, err := s.ChannelType(s.ctx, "messaging")
		s.check(err)
		spoil(one)
		list, err := s.ChannelTypes(s.ctx)
		s.check(err)
		for _, kind := range list {
			spoil(kind)
		}
		var kept *chat.ChannelType
		s.check(s.UpdateChannelType(s.ctx, "team", func(kind *chat.ChannelType) error {
			kept = kind
			kind.Typing = false
			return nil
		}))
		spoil(*kept)
		refusal := errors.New("changed my mind")
		err = s.UpdateChannelType(s.ctx, "messaging", func(kind *chat.ChannelType) error {
			spoil(*kind)
			return refusal
		})
		if err != refusal {
			t.Errorf("the application's own error comes back as %v", err)
		}
		for _, name := range []string{"messaging", "team"} {
			after, err := s.ChannelType(s.ctx, name)
			s.check(err)
			wantSame(t, "the grants of "+name, after.Grants, before.Grants)
			wantSame(t, "the commands of "+name, after.Commands, before.Commands)
		}
	})
}

func TestTheApplicationMakesTypes(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		made, err := s.CreateChannelType(s.ctx, chat.ChannelType{
			Name: "party", Replies: true,
			Grants: map[chat.Role][]chat.Action{"host": {chat.ReadChannel, chat.CreateMessage}},
		})
		s.check(err)
		if made.MaxMessageLength != 5000 || made.CreatedAt.IsZero() || made.Quotes {
			t.Errorf("the new type is %+v", made)
		}
		stored, err := s.ChannelType(s.ctx, "party")
		s.check(err)
		wantSame(t, "the new type as it is read", stored, made)
		_, err = s.CreateChannelType(s.ctx, chat.ChannelType{Name: "party"})
		wantFieldErr(t, err, chat.ErrConflict, "name")

		// A role of the application's own has the grants that types give it.
		s.user(chat.User{ID: "hosting", Role: "host"})
		cid := s.channel("party:tonight", "jane")
		s.as("hosting").send(cid, "Welcome")
		_, err = s.As("jane").Send(s.ctx, cid, chat.Draft{Text: "Hello"})
		wantErr(t, err, chat.ErrNotFound)

		for field, kind := range map[string]chat.ChannelType{
			"name":               {Name: "a party"},
			"max_message_length": {Name: "other", MaxMessageLength: 20_001},
			"commands[0]":        {Name: "other", Commands: []string{"a b"}},
			"grants":             {Name: "other", Grants: map[chat.Role][]chat.Action{"host": {"dance"}}},
		} {
			_, err := s.CreateChannelType(s.ctx, kind)
			wantFieldErr(t, err, chat.ErrInvalid, field)
		}
		_, err = s.CreateChannelType(s.ctx, chat.ChannelType{Name: "other", MaxMessageLength: -1})
		wantFieldErr(t, err, chat.ErrInvalid, "max_message_length")
		err = s.UpdateChannelType(s.ctx, "party", func(kind *chat.ChannelType) error { kind.MaxMessageLength = 0; return nil })
		wantFieldErr(t, err, chat.ErrInvalid, "max_message_length")
		wantErr(t, s.UpdateChannelType(s.ctx, "other", func(*chat.ChannelType) error { return nil }), chat.ErrNotFound)
		wantErr(t, s.UpdateChannelType(s.ctx, "party", nil), chat.ErrInvalid)
	})
}

func TestATypeInUseIsNotDeleted(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		_, err := s.CreateChannelType(s.ctx, chat.ChannelType{Name: "party"})
		s.check(err)
		cid := s.channel("party:tonight", "jane")
		wantErr(t, s.DeleteChannelType(s.ctx, "party"), chat.ErrState)
		s.check(s.DeleteChannel(s.ctx, cid, chat.DeleteSoft))
		wantErr(t, s.DeleteChannelType(s.ctx, "party"), chat.ErrState)
		s.check(s.DeleteChannel(s.ctx, cid, chat.DeleteHard))
		s.check(s.DeleteChannelType(s.ctx, "party"))
		_, err = s.ChannelType(s.ctx, "party")
		wantErr(t, err, chat.ErrNotFound)
		wantErr(t, s.DeleteChannelType(s.ctx, "party"), chat.ErrNotFound)
		_, err = s.EnsureChannel(s.ctx, "party:again", chat.ChannelDraft{CreatedBy: "jane"})
		wantErr(t, err, chat.ErrNotFound)
		// The name of one is the beginning of another's.
		_, err = s.CreateChannelType(s.ctx, chat.ChannelType{Name: "messag"})
		s.check(err)
		s.channel("messaging:ride", "jane")
		s.check(s.DeleteChannelType(s.ctx, "messag"))
	})
}

// setting is a setting of a type that shows in what users may do.
type setting struct {
	name     string
	change   func(*chat.ChannelType)
	override chat.ChannelOverrides
	// act does what the setting is about; refusal is what it answers then.
	act     func(s *scenario, cid chat.CID) error
	refusal error
}

func settings() []setting {
	off, on, short := false, true, 4
	none := map[chat.Role][]chat.Action{chat.RoleChannelMember: {chat.ReadChannel}}
	post := func(d chat.Draft) func(*scenario, chat.CID) error {
		return func(s *scenario, cid chat.CID) error {
			first := s.send(cid, "jane", chat.Draft{Text: "One"}, &chat.SendOptions{Pending: chat.PendingOff})
			if d.ParentID != "" {
				d.ParentID = first.ID
			}
			if d.QuotedID != "" {
				d.QuotedID = first.ID
			}
			_, err := s.As("john").Send(s.ctx, cid, d)
			return err
		}
	}
	return []setting{
		{
			"replies", func(k *chat.ChannelType) { k.Replies = false },
			chat.ChannelOverrides{Replies: &off},
			post(chat.Draft{Text: "Two", ParentID: "the first"}), chat.ErrPermission,
		},
		{
			"quotes", func(k *chat.ChannelType) { k.Quotes = false },
			chat.ChannelOverrides{Quotes: &off},
			post(chat.Draft{Text: "Two", QuotedID: "the first"}), chat.ErrPermission,
		},
		{
			"quotes, by an update", func(k *chat.ChannelType) { k.Quotes = false },
			chat.ChannelOverrides{Quotes: &off},
			func(s *scenario, cid chat.CID) error {
				first := s.send(cid, "jane", chat.Draft{Text: "One"}, nil)
				own := s.as("john").send(cid, "Two")
				_, err := s.As("john").UpdateMessage(s.ctx, own.ID, chat.MessageUpdate{Text: "Two", QuotedID: first.ID})
				return err
			},
			chat.ErrPermission,
		},
		{
			"mutes", func(k *chat.ChannelType) { k.Mutes = false },
			chat.ChannelOverrides{Mutes: &off},
			func(s *scenario, cid chat.CID) error { return s.As("john").MuteChannel(s.ctx, cid, 0) },
			chat.ErrPermission,
		},
		{
			"max message length", func(k *chat.ChannelType) { k.MaxMessageLength = 4 },
			chat.ChannelOverrides{MaxMessageLength: &short},
			post(chat.Draft{Text: "ééééé"}), chat.ErrTooLong,
		},
		{
			"mark messages pending", func(k *chat.ChannelType) { k.MarkMessagesPending = true },
			chat.ChannelOverrides{MarkMessagesPending: &on},
			func(s *scenario, cid chat.CID) error {
				m := s.as("john").send(cid, "Two")
				_, err := s.As("jane").Message(s.ctx, m.ID)
				return err
			},
			chat.ErrNotFound,
		},
		{
			"grants", func(k *chat.ChannelType) { k.Grants = none },
			chat.ChannelOverrides{Grants: none},
			post(chat.Draft{Text: "Two"}), chat.ErrPermission,
		},
	}
}

func TestEachSettingOfATypeHolds(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		for i, setting := range settings() {
			cid := s.channel(chat.CID(fmt.Sprint("messaging:ride", i)), "jane", "john")
			before, err := s.ChannelType(s.ctx, "messaging")
			s.check(err)
			if err := setting.act(s, cid); err != nil {
				t.Errorf("%s: with the standard setting: %v", setting.name, err)
			}
			s.check(s.As("john").UnmuteChannel(s.ctx, cid))
			s.check(s.UpdateChannelType(s.ctx, "messaging", func(k *chat.ChannelType) error { setting.change(k); return nil }))
			if err := setting.act(s, cid); !errors.Is(err, setting.refusal) {
				t.Errorf("%s: with the type's setting changed: %v, want %v", setting.name, err, setting.refusal)
			}
			s.check(s.UpdateChannelType(s.ctx, "messaging", func(k *chat.ChannelType) error { *k = before; return nil }))
		}
	})
}

func TestAChannelOverridesEachSetting(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		other := s.channel("messaging:other", "jane", "john")
		for i, setting := range settings() {
			cid := s.channel(chat.CID(fmt.Sprint("messaging:ride", i)), "jane", "john")
			channel, err := s.SetOverrides(s.ctx, cid, setting.override)
			s.check(err)
			wantSame(t, "the overrides", channel.Overrides, setting.override)
			if err := setting.act(s, cid); !errors.Is(err, setting.refusal) {
				t.Errorf("%s: overridden: %v, want %v", setting.name, err, setting.refusal)
			}
			if err := setting.act(s, other); err != nil {
				t.Errorf("%s: in another channel of the type: %v", setting.name, err)
			}
			s.check(s.As("john").UnmuteChannel(s.ctx, other))
			_, err = s.SetOverrides(s.ctx, cid, chat.ChannelOverrides{})
			s.check(err)
			if err := setting.act(s, cid); err != nil {
				t.Errorf("%s: no longer overridden: %v", setting.name, err)
			}
		}
	})
}

// TestOverridesAreKeptWhole covers the settings that later calls obey: they are
// stored, read and replaced as a whole.
func TestOverridesAreKeptWhole(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		on, off, length, commands := true, false, 20_000, []string{"giphy"}
		all := chat.ChannelOverrides{
			Typing: &off, ReadEvents: &off, Reactions: &off, Replies: &off, Quotes: &off, Mutes: &off, Search: &off,
			URLEnrichment: &off, MarkMessagesPending: &on, MaxMessageLength: &length, Commands: &commands,
			Grants: map[chat.Role][]chat.Action{chat.RoleGuest: {chat.ReadChannel}},
		}
		s.users("jane")
		made, err := s.EnsureChannel(s.ctx, "messaging:ride", chat.ChannelDraft{CreatedBy: "jane", Members: []chat.UserID{"jane"}, Overrides: all})
		s.check(err)
		wantSame(t, "overrides given at creation", made.Overrides, all)
		s.reopen()
		wantSame(t, "overrides after a restart", s.as("jane").channel("messaging:ride").Channel.Overrides, all)
		s.user(chat.User{ID: "gus", Role: chat.RoleGuest})
		s.as("gus").wantTexts("messaging:ride") // the override lets guests read
		for _, action := range []chat.Action{chat.CreateReply, chat.CreateReaction, chat.MuteChannel, chat.SearchMessages} {
			if slices.Contains(s.as("jane").channel("messaging:ride").Capabilities, action) {
				t.Errorf("Jane's capabilities have %s, which is off in the channel", action)
			}
		}
		// A longer text than the type allows.
		_, err = s.As("jane").Send(s.ctx, "messaging:ride", chat.Draft{Text: strings.Repeat("x", 20_000)})
		s.check(err)
		_, err = s.SetOverrides(s.ctx, "messaging:ride", chat.ChannelOverrides{Typing: &off})
		s.check(err)
		wantSame(t, "overrides replaced", s.as("jane").channel("messaging:ride").Channel.Overrides, chat.ChannelOverrides{Typing: &off})
		_, err = s.As("gus").Channel(s.ctx, "messaging:ride")
		wantErr(t, err, chat.ErrNotFound)

		long := 20_001
		for field, o := range map[string]chat.ChannelOverrides{
			"config_overrides.max_message_length": {MaxMessageLength: &long},
			"config_overrides.commands[1]":        {Commands: &[]string{"ok", ""}},
			"config_overrides.grants":             {Grants: map[chat.Role][]chat.Action{"": {chat.ReadChannel}}},
		} {
			_, err := s.SetOverrides(s.ctx, "messaging:ride", o)
			wantFieldErr(t, err, chat.ErrInvalid, field)
		}
		_, err = s.SetOverrides(s.ctx, "messaging:nowhere", chat.ChannelOverrides{})
		wantErr(t, err, chat.ErrNotFound)
	})
}

// TestAnInstanceSeesTheChangesOfAnother: types and settings lie in the store.
func TestAnInstanceSeesTheChangesOfAnother(t *testing.T) {
	eachDriver(t, func(t *testing.T, s *scenario) {
		other, err := chat.New(s.store, nil)
		s.check(err)
		defer other.Close()
		cid := s.channel("messaging:ride", "jane")
		s.as("jane").send(cid, "Hello")
		s.check(other.UpdateChannelType(s.ctx, "messaging", func(k *chat.ChannelType) error { k.MaxMessageLength = 3; return nil }))
		_, err = s.As("jane").Send(s.ctx, cid, chat.Draft{Text: "Hello"})
		wantErr(t, err, chat.ErrTooLong)
		s.check(other.UpdateSettings(s.ctx, func(set *chat.Settings) error { set.AsyncModeration.Timeout = time.Hour; return nil }))
		set, err := s.Settings(s.ctx)
		s.check(err)
		if set.AsyncModeration.Timeout != time.Hour {
			t.Errorf("the timeout another instance set reads as %v", set.AsyncModeration.Timeout)
		}
	})
}
