package chat_test

import (
	"testing"

	"example.com/chat"
)

func TestCommandsOfTheEngineSayTheirWordsWhateverAMessageMayHave(t *testing.T) {
	eachDriverWith(t, commandOptions(), func(t *testing.T, s *scenario) {
		commandStory(s)
		short := 20
		_, err := s.SetOverrides(s.ctx, commandRoom, chat.ChannelOverrides{MaxMessageLength: &short})
		s.check(err)
		mod := s.as("mod")
		for _, c := range []struct{ text, says string }{
			{"/ban @john boo", "@john was banned: boo"},
			{"/unban @john", "@john is no longer banned."},
			{"/flag @john", "@john was reported to the moderators."},
			{"/unmute @john", "@john is no longer muted."},
		} {
			if m := mod.send(commandRoom, c.text); m.Text != c.says {
				t.Errorf("%s answers %q, want %q", c.text, m.Text, c.says)
			}
		}
	})
}
