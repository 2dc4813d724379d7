package markup

import "strings"

// Characters that turn the direction of all that follows (embeddings, overrides
// and isolates) end with the text they stand in: it lies in a bdi element. In
// attributes they are left out.

// bidiLead is the first byte of each of them.
const bidiLead = 0xE2

// bidiControl is the length of the control at the start of a text, 0 if there is
// none: U+202A to U+202E and U+2066 to U+2069.
func bidiControl[T string | []byte](s T) int {
	if len(s) < 3 || s[0] != bidiLead {
		return 0
	}
	if s[1] == 0x80 && 0xAA <= s[2] && s[2] <= 0xAE || s[1] == 0x81 && 0xA6 <= s[2] && s[2] <= 0xA9 {
		return 3
	}
	return 0
}

// holdsBidi says whether a text holds a control.
func holdsBidi[T string | []byte](s T) bool {
	for i := range len(s) {
		if s[i] == bidiLead && bidiControl(s[i:]) > 0 {
			return true
		}
	}
	return false
}

// withoutBidi is a text without the controls.
func withoutBidi(s string) string {
	if !holdsBidi(s) {
		return s
	}
	return strings.Map(func(r rune) rune {
		if 0x202A <= r && r <= 0x202E || 0x2066 <= r && r <= 0x2069 {
			return -1
		}
		return r
	}, s)
}

// writeText writes text, escaped and its direction kept to itself.
func writeText(out *strings.Builder, s string) {
	if !holdsBidi(s) {
		out.WriteString(escape(s))
		return
	}
	out.WriteString("<bdi>")
	out.WriteString(escape(s))
	out.WriteString("</bdi>")
}
