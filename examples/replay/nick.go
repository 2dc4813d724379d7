package main

import (
	"encoding/hex"
	"strings"
	"unicode/utf8"

	"example.com/chat"
)

// maxNick is the longest nick, in bytes: escaped it still fits a user id.
const maxNick = 84

// cleanNick takes out what the logging program put in, and characters that a
// name cannot hold. It is empty for what is no nick.
func cleanNick(nick string) string {
	nick, _ = cleanText(nick)
	nick = strings.ReplaceAll(nick, " ", "")
	if len(nick) > maxNick {
		return ""
	}
	return nick
}

// userOf makes a user id of a nick. IRC allows brackets, braces, backslash,
// caret and backtick: such a byte becomes + and two hexadecimal digits, so that
// different nicks are different users and nickOf finds the nick again.
func userOf(nick string) chat.UserID {
	var b strings.Builder
	for i := range len(nick) {
		c := nick[i]
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', strings.IndexByte("_-|.@", c) >= 0:
			b.WriteByte(c)
		default:
			b.WriteByte('+')
			b.WriteString(hex.EncodeToString([]byte{c}))
		}
	}
	return chat.UserID(b.String())
}

// nickOf is the nick of a user id that userOf made.
func nickOf(id chat.UserID) string {
	var b strings.Builder
	for rest := string(id); rest != ""; {
		before, after, found := strings.Cut(rest, "+")
		b.WriteString(before)
		if !found {
			break
		}
		c, err := hex.DecodeString(after[:min(2, len(after))])
		if err != nil || len(c) != 1 {
			return string(id)
		}
		b.Write(c)
		rest = after[2:]
	}
	return b.String()
}

// addressee is the nick that a text begins with, as in "nick: text" and
// "nick, text"; empty if it addresses nobody.
func addressee(text string) string {
	end := strings.IndexAny(text, ":, ")
	if end <= 0 || text[end] == ' ' {
		return ""
	}
	if end+1 < len(text) && text[end+1] != ' ' {
		return "" // http://…, 10:30
	}
	return text[:end]
}

// cleanText makes a text one that the engine takes and a client can show: bytes
// that are no UTF-8 become the replacement character, control characters other
// than tab (colours, bold, the bell) go.
func cleanText(text string) (clean string, changed bool) {
	clean = strings.Map(func(r rune) rune {
		if r < ' ' && r != '\t' || 0x7f <= r && r < 0xa0 {
			return -1
		}
		return r
	}, strings.ToValidUTF8(text, string(utf8.RuneError)))
	return clean, clean != text
}

// splitText cuts a text into parts of at most limit runes, at spaces where
// there are any.
func splitText(text string, limit int) []string {
	var parts []string
	for utf8.RuneCountInString(text) > limit {
		end := 0
		for range limit {
			_, size := utf8.DecodeRuneInString(text[end:])
			end += size
		}
		if space := strings.LastIndexByte(text[:end], ' '); space > 0 {
			end = space
		}
		if part := text[:end]; strings.TrimSpace(part) != "" {
			parts = append(parts, part)
		}
		text = strings.TrimLeft(text[end:], " ")
	}
	if strings.TrimSpace(text) != "" {
		parts = append(parts, text)
	}
	return parts
}
