package chat

import (
	"strings"
	"testing"
	"unicode"
)

// FuzzCommand parses any text: what is a command has a name that could be
// enabled and loses nothing but white space; a target is a user id.
func FuzzCommand(f *testing.F) {
	for _, text := range []string{"/giphy cats", "/ban @john  he spams ", "/", "//", "/ x", "/x\u00a0y", "/x\ny", "/ban @@", "x", "/\xff", "/mute @a@b.c"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		name, args, ok := parseCommand(text)
		if ok {
			if err := checkChannelWord("name", "the name", name); err != nil {
				t.Fatal(err)
			}
			squeeze := func(s string) string {
				return strings.Map(func(r rune) rune {
					if unicode.IsSpace(r) {
						return -1
					}
					return r
				}, s)
			}
			if !strings.HasPrefix(text, "/"+name) || squeeze("/"+name+args) != squeeze(text) {
				t.Errorf("%q parses as %q and %q", text, name, args)
			}
		}
		user, reason, ok := parseTarget(args)
		if ok && (checkUserID("user", user) != nil || !strings.HasPrefix(args, "@"+string(user)) || !strings.HasSuffix(args, reason)) {
			t.Errorf("%q parses as %q and %q", args, user, reason)
		}
	})
}
