package chat

import (
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// The limits that are the same everywhere.
const (
	maxMessageID      = 255 // characters
	maxUserID         = 255 // bytes
	maxCIDPart        = 64  // bytes of a channel's type and of its id
	maxName           = 255 // runes
	maxMentions       = 25
	maxCustom         = 5 << 10 // bytes of compact JSON
	maxMetadata       = 5 << 10
	maxMembersAtOnce  = 100
	maxUsersAtOnce    = 100
	maxIDsAtOnce      = 100
	maxHTML           = 100_000 // bytes, given by the application
	standardTextRunes = 5000
	maxTextRunes      = 20_000

	standardPage         = 25
	maxPage              = 300
	standardChannels     = 10
	maxChannels          = 30
	membersShown         = 100
	participantsShown    = 100
	standardThreads      = 10
	maxThreads           = 30
	standardReplies      = 3
	pendingShown         = 100
	standardPendingLimit = 25
	standardEvents       = 100
	maxFollowed          = 100 // channels that a reader of events names
	maxEventType         = 64  // bytes

	standardPendingTimeout = 3 * 24 * time.Hour
)

// checkText checks that a string is valid UTF-8 without NUL, as every string
// must be.
func checkText(field, s string) error {
	if !utf8.ValidString(s) {
		return invalid(field, "is not valid UTF-8")
	}
	if strings.IndexByte(s, 0) >= 0 {
		return invalid(field, "holds a NUL character")
	}
	return nil
}

func checkName(field, s string) error {
	if err := checkText(field, s); err != nil {
		return err
	}
	if n := utf8.RuneCountInString(s); n > maxName {
		return fail(ErrTooLong, field, "has %d characters; at most %d", n, maxName)
	}
	return nil
}

func checkMessageID(field string, id MessageID) error {
	s := string(id)
	if s == "" {
		return invalid(field, "is empty")
	}
	if err := checkText(field, s); err != nil {
		return err
	}
	if n := utf8.RuneCountInString(s); n > maxMessageID {
		return fail(ErrTooLong, field, "has %d characters; at most %d", n, maxMessageID)
	}
	for _, r := range s {
		if r == ',' || r == '%' || unicode.IsControl(r) {
			return invalid(field, "holds %q; commas, percent signs and control characters are not allowed", r)
		}
	}
	return nil
}

func checkMessageIDs(field string, ids []MessageID) error {
	for i, id := range ids {
		if err := checkMessageID(element(field, i), id); err != nil {
			return err
		}
	}
	return nil
}

func checkUserID(field string, id UserID) error {
	if id == "" {
		return invalid(field, "is empty; a user id has 1 to %d bytes", maxUserID)
	}
	if len(id) > maxUserID {
		return fail(ErrTooLong, field, "has %d bytes; at most %d", len(id), maxUserID)
	}
	for i := range len(id) {
		if !isNameByte(id[i]) && !strings.ContainsRune("@._-|:+", rune(id[i])) {
			return invalid(field, "%q holds a character other than letters, digits and @ . _ - | : +", shorten(string(id)))
		}
	}
	return nil
}

// checkUserIDs checks each id and folds repetitions.
func checkUserIDs(field string, ids []UserID, limit int) ([]UserID, error) {
	seen := make(map[UserID]bool, len(ids))
	var list []UserID
	for i, id := range ids {
		if err := checkUserID(element(field, i), id); err != nil {
			return nil, err
		}
		if !seen[id] {
			seen[id] = true
			list = append(list, id)
		}
	}
	if len(list) > limit {
		return nil, invalid(field, "names %d users; at most %d", len(list), limit)
	}
	return list, nil
}

// split parts a CID at its first colon.
func (c CID) split() (channelType, id string) {
	channelType, id, _ = strings.Cut(string(c), ":")
	return channelType, id
}

func checkCID(field string, cid CID) error {
	channelType, id, found := strings.Cut(string(cid), ":")
	if !found {
		return invalid(field, "%q is not of the form type:id", shorten(string(cid)))
	}
	if err := checkChannelWord(field, "the type", channelType); err != nil {
		return err
	}
	return checkChannelWord(field, "the id", id)
}

func checkChannelWord(field, what, s string) error {
	if s == "" || len(s) > maxCIDPart {
		return invalid(field, "%s has %d bytes; must be 1 to %d", what, len(s), maxCIDPart)
	}
	for i := range len(s) {
		if !isNameByte(s[i]) && !strings.ContainsRune("-_!", rune(s[i])) {
			return invalid(field, "%s %q holds a character other than letters, digits, - _ !", what, s)
		}
	}
	return nil
}

func isNameByte(b byte) bool {
	return 'a' <= b && b <= 'z' || 'A' <= b && b <= 'Z' || '0' <= b && b <= '9'
}

func shorten(s string) string {
	if len(s) > 80 {
		return s[:80] + "…"
	}
	return s
}

// checkLimit fills in the default of a limit and checks it.
func checkLimit(field string, limit *int, standard, most int) error {
	if *limit == 0 {
		*limit = standard
	}
	if *limit < 1 || *limit > most {
		return invalid(field, "is %d; must be 1 to %d", *limit, most)
	}
	return nil
}

// checkCount is checkLimit for a count that None turns off.
func checkCount(field string, count *int, standard, most int) error {
	if *count == None {
		*count = 0
		return nil
	}
	return checkLimit(field, count, standard, most)
}

// moment is a stored time.
func moment(at int64) time.Time {
	if at == 0 {
		return time.Time{}
	}
	return time.UnixMicro(at).UTC()
}

func momentPtr(at int64) *time.Time {
	if at == 0 {
		return nil
	}
	t := moment(at)
	return &t
}
