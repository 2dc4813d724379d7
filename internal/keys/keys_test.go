package keys

import (
	"bytes"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"example.com/chat/storage"
)

// names are ids as they occur: prefixes of each other, signs that sort before
// letters, characters of several bytes, the highest byte last.
var names = []string{"!", "+", "-", "a", "a!", "a-b", "aa", "ab", "b", "messaging", "messaging:a", "messaging:a-", "é", "日本", "\U0010ffff"}

var moments = []int64{math.MinInt64, -1 << 40, -256, -255, -1, 0, 1, 255, 256, 1_700_000_000_000_000, math.MaxInt64 - 1, math.MaxInt64}

var channels = []Channel{0, 1, 255, 256, 1 << 32, 1_700_000_000_000_000, math.MaxInt64, math.MaxUint64}

var kinds = []ReplyKind{ReplyPublic, ReplyPrivate, ReplyPending}

func TestKeysAreReadBack(t *testing.T) {
	for _, c := range channels {
		if got, err := ChannelOfNumber(Number(c)); err != nil || got != c {
			t.Errorf("Number(%d) reads as %d, %v", c, got, err)
		}
		for _, name := range names {
			if user, got, err := ChannelOfUser(UserChannel(name, c)); err != nil || user != name || got != c {
				t.Errorf("UserChannel(%q, %d) reads as %q, %d, %v", name, c, user, got, err)
			}
			if got := MemberUser(Member(c, name)); got != name {
				t.Errorf("Member(%d, %q) reads as %q", c, name, got)
			}
			if got := KnownUser(Known(c, name)); got != name {
				t.Errorf("Known(%d, %q) reads as %q", c, name, got)
			}
		}
		for _, at := range moments {
			for build, key := range map[string][]byte{
				"Pending": Pending(c, at), "PendingBy": PendingBy(c, "jane", at), "Private": Private(c, at),
				"PrivateFor": PrivateFor(c, Everyone, 7, at), "Timeline": Timeline(c, at), "Chunk": Live(c).Chunk(at),
			} {
				if got, err := Moment(key); err != nil || got != at {
					t.Errorf("%s at %d reads as %d, %v", build, at, got, err)
				}
			}
			if gotAt, gotC, err := OfPendingAt(PendingAt(at, c)); err != nil || gotAt != at || gotC != c {
				t.Errorf("PendingAt(%d, %d) reads as %d, %d, %v", at, c, gotAt, gotC, err)
			}
			flag := FlagPlace{At: at, Channel: max(c, 1), Message: -at / 2, By: "jane"}
			if got, err := OfFlagAt(FlagAt(flag)); err != nil || got != flag {
				t.Errorf("FlagAt(%+v) reads as %+v, %v", flag, got, err)
			}
			if got, err := OfFlagIn(flag.Channel, FlagIn(flag.Channel, at, flag.Message, "jane")); err != nil || got != flag {
				t.Errorf("FlagIn(%+v) reads as %+v, %v", flag, got, err)
			}
			if message, by, err := OfFlag(Flag(c, at, "jane")); err != nil || message != at || by != "jane" {
				t.Errorf("Flag(%d, %d) reads as %d, %q, %v", c, at, message, by, err)
			}
			for _, kind := range []string{"", "like", "é"} {
				if message, user, got, err := OfReaction(Reaction(c, at, "jane", "like"+kind)); err != nil || message != at || user != "jane" || got != "like"+kind {
					t.Errorf("Reaction(%d, %d) reads as %d, %q, %q, %v", c, at, message, user, got, err)
				}
				message, of, got, user, name, err := OfReactionAt(ReactionAt(c, -at/2, kind, at, "jane", "like"))
				if err != nil || message != -at/2 || of != kind || got != at || user != "jane" || name != "like" {
					t.Errorf("ReactionAt(%d, %d, %q) reads as %d, %q, %d, %q, %q, %v", c, at, kind, message, of, got, user, name, err)
				}
			}
			if pinned, message, err := OfPin(Pin(c, at, -at/2)); err != nil || pinned != at || message != -at/2 {
				t.Errorf("Pin(%d, %d) reads as %d, %d, %v", c, at, pinned, message, err)
			}
			for _, kind := range kinds {
				parent, gotKind, gotAt, err := OfReply(Reply(c, -at/2, kind, at))
				if err != nil || parent != -at/2 || gotKind != kind || gotAt != at {
					t.Errorf("Reply(%d, %d, %d, %d) reads as %d, %d, %d, %v", c, -at/2, kind, at, parent, gotKind, gotAt, err)
				}
			}
		}
	}
	for _, name := range names {
		if got := BanUser(Ban(name)); got != name {
			t.Errorf("Ban(%q) reads as %q", name, got)
		}
		if got := BanInUser(BanIn(7, name)); got != name {
			t.Errorf("BanIn(%q) reads as %q", name, got)
		}
		if got := EphemeralID(Ephemeral(7, name)); got != name {
			t.Errorf("Ephemeral(%q) reads as %q", name, got)
		}
		if user, by, err := OfUserFlag(UserFlag(name, "jane")); err != nil || user != name || by != "jane" {
			t.Errorf("UserFlag(%q) reads as %q, %q, %v", name, user, by, err)
		}
		ofUser := FlagPlace{At: 5, User: name, By: "jane"}
		if got, err := OfFlagAt(FlagAt(ofUser)); err != nil || got != ofUser {
			t.Errorf("FlagAt(%+v) reads as %+v, %v", ofUser, got, err)
		}
		if got := MessageID(Message(name)); got != name {
			t.Errorf("Message(%q) reads as %q", name, got)
		}
		for _, at := range moments {
			gotAt, subject, err := OfDue("expiry", Due("expiry", at, name))
			if err != nil || gotAt != at || subject != name {
				t.Errorf("Due(%d, %q) reads as %d, %q, %v", at, name, gotAt, subject, err)
			}
		}
	}
}

func TestKeysOfThreadsAreReadBack(t *testing.T) {
	for _, c := range channels {
		for _, name := range names {
			for _, at := range moments {
				parent := -at / 2
				if gotAt, author, err := OfFirstReply(name, FirstReply(c, parent, name, at, "jane")); err != nil || gotAt != at || author != "jane" {
					t.Errorf("FirstReply(%q, %d) reads as %d, %q, %v", name, at, gotAt, author, err)
				}
				if got, user, err := OfThreadUser(InThread(c, parent, name)); err != nil || got != parent || user != name {
					t.Errorf("InThread(%d, %q) reads as %d, %q, %v", parent, name, got, user, err)
				}
				for _, key := range [][]byte{ThreadMark(c, parent, name), ReplyBy(c, parent, name, name, at), FirstReply(c, parent, name, at, name)} {
					if got, user, err := OfThreadUser(key); err != nil || got != parent || user != "" {
						t.Errorf("%q reads as %d, %q, %v", key, got, user, err)
					}
				}
				if user, gotC, got, err := OfThreadOf(ThreadOf(name, c, parent)); err != nil || user != name || gotC != c || got != parent {
					t.Errorf("ThreadOf(%q, %d, %d) reads as %q, %d, %d, %v", name, c, parent, user, gotC, got, err)
				}
				if got, err := ParentOf(ThreadSum(c, parent, name)); err != nil || got != parent {
					t.Errorf("ThreadSum(%d) reads as %d, %v", parent, got, err)
				}
				if got, err := ChannelOf(ThreadSum(c, parent, name)); err != nil || got != c {
					t.Errorf("ThreadSum(%d) is of channel %d, %v", c, got, err)
				}
				user, gotParent, gotAt, author, ok := OfMention(c, Mention(c, name, parent, at, "jane"))
				if !ok || user != name || gotParent != parent || gotAt != at || author != "jane" {
					t.Errorf("Mention(%q, %d, %d) reads as %q, %d, %d, %q, %v", name, parent, at, user, gotParent, gotAt, author, ok)
				}
				for _, audience := range []string{name, All, Everyone} {
					for _, s := range []Stream{ThreadLive(c, parent, audience), ThreadSilent(c, parent, audience), ThreadAuthor(c, parent, audience, name)} {
						if got, gotParent, ok := ThreadStreamOf(c, s.Key()); !ok || gotParent != parent || !bytes.Equal(got.Parts(), s.Parts()) {
							t.Errorf("stream %q reads as %q of %d, %v", s.Key(), got.Key(), gotParent, ok)
						}
					}
				}
			}
		}
		for _, key := range [][]byte{Mark(c, "a"), ForMe(c, "a"), Author(c, "a").Key(), ThreadBase(c, "a"), Mentions(c, "a", 1), PrivateAuthor(c, "a", "h1234567890123456789").Key()} {
			if user, _, _, _, ok := OfMention(c, key); ok {
				t.Errorf("%q reads as a mention of %q", key, user)
			}
		}
		for _, key := range [][]byte{Author(c, "a").Key(), ThreadStreams(c, 1), ThreadSum(c, 1, "a"), Head(c)} {
			if _, _, ok := ThreadStreamOf(c, key); ok {
				t.Errorf("%q reads as a stream of a thread", key)
			}
		}
	}
	for _, key := range [][]byte{nil, {familyThreadOf}, ThreadsOf("a"), Record(1), ThreadOf("a", 1, 1)[:10]} {
		if _, _, _, err := OfThreadOf(key); err == nil {
			t.Errorf("OfThreadOf reads %q", key)
		}
	}
}

func TestReadersRefuseOtherKeys(t *testing.T) {
	for _, key := range [][]byte{nil, {}, {familyNumber}, Number(1)[:8], append(Number(1), 0), Newest(1), Record(1)} {
		if _, err := ChannelOfNumber(key); err == nil {
			t.Errorf("ChannelOfNumber reads %q", key)
		}
	}
	for _, key := range [][]byte{nil, {familyUserOf}, UserChannels("")[:2], Record(1)} {
		if _, _, err := ChannelOfUser(key); err == nil {
			t.Errorf("ChannelOfUser reads %q", key)
		}
	}
	for _, key := range [][]byte{nil, PendingAll(), PendingAt(1, 1)[:16], append(PendingAt(1, 1), 0)} {
		if _, _, err := OfPendingAt(key); err == nil {
			t.Errorf("OfPendingAt reads %q", key)
		}
	}
	for _, key := range [][]byte{nil, Replies(1, 1), Reply(1, 1, ReplyPublic, 1)[:26], append(Reply(1, 1, ReplyPublic, 1), 0)} {
		if _, _, _, err := OfReply(key); err == nil {
			t.Errorf("OfReply reads %q", key)
		}
	}
	for _, key := range [][]byte{nil, DueAll("expiry"), Due("expiry", 1, "")[:12]} {
		if _, _, err := OfDue("expiry", key); err == nil {
			t.Errorf("OfDue reads %q", key)
		}
	}
	for _, key := range [][]byte{nil, FlagsAt(), FlagAt(FlagPlace{Channel: 1})[:25], UserFlag("a", "b"), FlagAt(FlagPlace{User: "a"}), FlagAt(FlagPlace{By: "a"})} {
		if _, err := OfFlagAt(key); err == nil {
			t.Errorf("OfFlagAt reads %q", key)
		}
	}
	for _, key := range [][]byte{nil, UserFlagsAll(), UserFlags("a"), UserFlag("", "a"), FlagsAt(), {familyUserFlag, 'a'}} {
		if _, _, err := OfUserFlag(key); err == nil {
			t.Errorf("OfUserFlag reads %q", key)
		}
	}
	for _, key := range [][]byte{nil, FlagsIn(1), FlagIn(1, 2, 3, "")} {
		if _, err := OfFlagIn(1, key); err == nil {
			t.Errorf("OfFlagIn reads %q", key)
		}
		if _, _, err := OfFlag(key[:min(len(key), 18)]); err == nil {
			t.Errorf("OfFlag reads %q", key)
		}
	}
	for _, key := range [][]byte{nil, Reactions(1, 2), ReactionsBy(1, 2, "a"), Reaction(1, 2, "", "like"), ReactionsAll(1)} {
		if _, _, _, err := OfReaction(key); err == nil {
			t.Errorf("OfReaction reads %q", key)
		}
	}
	for _, key := range [][]byte{nil, ReactionOrders(1, 2), ReactionsAt(1, 2, "like"), ReactionsFrom(1, 2, "like", 3), ReactionAt(1, 2, "like", 3, "", "like"), append(ReactionOrders(1, 2), "like"...)} {
		if _, _, _, _, _, err := OfReactionAt(key); err == nil {
			t.Errorf("OfReactionAt reads %q", key)
		}
	}
	for _, key := range [][]byte{nil, Pins(1), PinsFrom(1, 2), append(Pin(1, 2, 3), 0), PinsFor(1, "jane"), PinsForFrom(1, "jane", 2), append(PinFor(1, "jane", 2, 3), 1)} {
		if _, _, err := OfPin(key); err == nil {
			t.Errorf("OfPin reads %q", key)
		}
	}
	if _, err := Moment([]byte("1234567")); err == nil {
		t.Error("Moment reads seven bytes")
	}
}

// TestKeysKeepTheOrderOfTheirParts builds each family's keys of parts that
// rise, the first part slowest, and expects the keys to rise.
func TestKeysKeepTheOrderOfTheirParts(t *testing.T) {
	sorted := slices.Sorted(slices.Values(names))
	byName := func(build func(string) []byte) (list [][]byte) {
		for _, name := range sorted {
			list = append(list, build(name))
		}
		return list
	}
	byMoment := func(build func(int64) []byte) (list [][]byte) {
		for _, at := range moments {
			list = append(list, build(at))
		}
		return list
	}
	byChannel := func(build func(Channel) []byte) (list [][]byte) {
		for _, c := range channels {
			list = append(list, build(c))
		}
		return list
	}
	nameThen := func(build func(string) [][]byte) (list [][]byte) {
		for _, name := range sorted {
			list = append(list, build(name)...)
		}
		return list
	}
	momentThen := func(build func(int64) [][]byte) (list [][]byte) {
		for _, at := range moments {
			list = append(list, build(at)...)
		}
		return list
	}
	for family, list := range map[string][][]byte{
		"Type":        byName(Type),
		"User":        byName(User),
		"Mutes":       byName(Mutes),
		"CID":         byName(CID),
		"Message":     byName(Message),
		"Number":      byChannel(Number),
		"Newest":      byChannel(Newest),
		"Record":      byChannel(Record),
		"Head":        byChannel(Head),
		"UserChannel": nameThen(func(s string) [][]byte { return byChannel(func(c Channel) []byte { return UserChannel(s, c) }) }),
		"PendingAt":   momentThen(func(at int64) [][]byte { return byChannel(func(c Channel) []byte { return PendingAt(at, c) }) }),
		"Task": nameThen(func(queue string) [][]byte {
			return nameThen(func(s string) [][]byte {
				return byChannel(func(n Channel) []byte { return Task(queue, s, uint64(n)) })
			})
		}),
		"Due": nameThen(func(queue string) [][]byte {
			return momentThen(func(at int64) [][]byte { return byName(func(s string) []byte { return Due(queue, at, s) }) })
		}),
		"Member":   byName(func(s string) []byte { return Member(7, s) }),
		"Known":    byName(func(s string) []byte { return Known(7, s) }),
		"Mark":     byName(func(s string) []byte { return Mark(7, s) }),
		"ForMe":    byName(func(s string) []byte { return ForMe(7, s) }),
		"Pending":  byMoment(func(at int64) []byte { return Pending(7, at) }),
		"Private":  byMoment(func(at int64) []byte { return Private(7, at) }),
		"Timeline": byMoment(func(at int64) []byte { return Timeline(7, at) }),
		"Chunk":    byMoment(Silent(7).Chunk),
		"PendingBy": nameThen(func(s string) [][]byte {
			return byMoment(func(at int64) []byte { return PendingBy(7, s, at) })
		}),
		"PrivateFor": nameThen(func(s string) [][]byte {
			return momentThen(func(parent int64) [][]byte {
				return byMoment(func(at int64) []byte { return PrivateFor(7, s, parent, at) })
			})
		}),
		"Reply": momentThen(func(parent int64) (list [][]byte) {
			for _, kind := range kinds {
				list = append(list, byMoment(func(at int64) []byte { return Reply(7, parent, kind, at) })...)
			}
			return list
		}),
		"RemovedIn": byChannel(func(n Channel) []byte { return Silent(7).RemovedIn(uint64(n)) }),
	} {
		for i := 1; i < len(list); i++ {
			if bytes.Compare(list[i-1], list[i]) >= 0 {
				t.Errorf("%s: %q is not before %q", family, list[i-1], list[i])
			}
		}
	}
}

func TestDueUntilEndsAfterTheMomentItself(t *testing.T) {
	for _, until := range moments[:len(moments)-1] {
		end := DueUntil("expiry", until)
		for _, at := range moments {
			for _, subject := range names {
				if due := bytes.Compare(Due("expiry", at, subject), end) < 0; due != (at <= until) {
					t.Errorf("due at %d, until %d: %v", at, until, due)
				}
			}
		}
	}
}

// family is a range of keys and some keys of it.
type family struct {
	name string
	in   []byte
	keys [][]byte
}

// families lists every family once, with the keys that may lie in its range.
func families() []family {
	list := []family{
		{"meta", Meta(), [][]byte{Meta()}},
		{"settings", Settings(), [][]byte{Settings()}},
		{"types", Types(), nil},
		{"users", Users(), nil},
		{"mutes", []byte{familyMutes}, nil},
		{"erasure", []byte{familyErasure}, nil},
		{"cids", CIDs(""), nil},
		{"messages", Messages(), nil},
		{"numbers", Numbers(), nil},
		{"newest", []byte{familyNewest}, nil},
		{"user channels", []byte{familyUserOf}, nil},
		{"pending at", PendingAll(), nil},
		{"tasks", []byte{familyTask}, nil},
		{"due", []byte{familyDue}, nil},
		{"threads of users", ThreadsOfAll(), nil},
	}
	at := func(name string) *family {
		for i := range list {
			if list[i].name == name {
				return &list[i]
			}
		}
		list = append(list, family{name: name})
		return &list[len(list)-1]
	}
	add := func(name string, key []byte) { f := at(name); f.keys = append(f.keys, key) }
	for _, s := range names {
		add("types", Type(s))
		add("users", User(s))
		add("mutes", Mutes(s))
		add("erasure", Erasure(s))
		add("cids", CID(s))
		add("messages", Message(s))
		add("tasks", Task(s, s, 1))
		add("due", Due(s, 1, s))
	}
	for _, c := range channels {
		add("numbers", Number(c))
		add("newest", Newest(c))
		add("pending at", PendingAt(-1, c))
		in := func(name string, rng []byte, keys ...[]byte) {
			f := at(fmt.Sprintf("%s of %d", name, c))
			f.in = rng
			f.keys = append(f.keys, keys...)
		}
		in("record", Record(c), Record(c))
		in("head", Head(c), Head(c))
		in("silent", Silent(c).Key(), Silent(c).Key())
		for _, s := range names {
			add("user channels", UserChannel(s, c))
			in("members", Members(c), Member(c, s))
			in("known", KnownAll(c), Known(c, s))
			in("pending by", PendingsByAll(c), PendingBy(c, s, 1))
			in("private for", PrivatesForAll(c), PrivateFor(c, s, 0, 1), PrivateFor(c, Everyone, 0, 1))
			in("stream parts", append(number([]byte{familyChannel}, c), inStream), partsOf(Live(c), Author(c, s), PrivateAuthor(c, s, s))...)
			for _, m := range moments {
				in("thread sums", ThreadSumsAll(c), ThreadSum(c, m, s), ThreadSum(c, m, All), ThreadSum(c, m, Everyone))
				in("thread users", ThreadUsersAll(c), ReplyBy(c, m, All, s, m), FirstReply(c, m, Everyone, m, s), InThread(c, m, s), ThreadMark(c, m, s))
				in("thread streams", ThreadStreamsAll(c), ThreadLive(c, m, s).Key(), ThreadSilent(c, m, All).Key(), ThreadAuthor(c, m, Everyone, s).Key())
				add("threads of users", ThreadOf(s, c, m))
			}
			user := func(kind string) string { return fmt.Sprintf("%s of %q", kind, s) }
			in(user("mark"), Mark(c, s), Mark(c, s))
			in(user("for me"), ForMe(c, s), ForMe(c, s))
			in(user("author"), Author(c, s).Key(), Author(c, s).Key())
			in(user("thread base"), ThreadBase(c, s), ThreadBase(c, s))
			in(user("mentions"), append(UserIn(c, s), userMention), Mention(c, s, 0, 1, s), Mention(c, s, 1, 1, s))
			in(user("private live"), PrivateLive(c, s).Key(), PrivateLive(c, s).Key())
			in(user("private silent"), PrivateSilent(c, s).Key(), PrivateSilent(c, s).Key())
			in(user("private author"), append(UserIn(c, s), userPrivateFrom), PrivateAuthor(c, s, "a").Key(), PrivateAuthor(c, s, "aa").Key())
		}
		for _, m := range moments {
			in("reactions", ReactionsAll(c), Reaction(c, m, "jane", "like"))
			in("orders of reactions", ReactionOrdersAll(c), ReactionAt(c, m, "", 1, "jane", "like"), ReactionAt(c, m, "like", 1, "jane", "like"))
			in("summaries of reactions", ReactedAll(c), Reacted(c, m))
			in("pins", Pins(c), Pin(c, m, 1))
			in("pins for one", PinsForAll(c), PinFor(c, "", m, 1), PinFor(c, "jane", m, 1))
			in("pending", Pendings(c), Pending(c, m))
			in("private", Privates(c), Private(c, m))
			in("timeline", Timelines(c), Timeline(c, m))
			in("threads", RepliesAll(c), Reply(c, m, ReplyPublic, m))
		}
	}
	return list
}

func partsOf(streams ...Stream) (list [][]byte) {
	for _, s := range streams {
		list = append(list, s.Chunk(1), s.Removed(), s.RemovedIn(0))
	}
	return list
}

func TestFamiliesDoNotOverlap(t *testing.T) {
	list := families()
	for _, f := range list {
		if len(f.keys) == 0 {
			t.Errorf("%s has no keys", f.name)
		}
		for _, key := range f.keys {
			if !bytes.HasPrefix(key, f.in) {
				t.Errorf("%s: %q is outside its range %q", f.name, key, f.in)
			}
			for _, other := range list {
				if other.name != f.name && bytes.HasPrefix(key, other.in) {
					t.Errorf("%s: %q lies in %s", f.name, key, other.name)
				}
			}
		}
	}
}

func TestUserRangesDoNotOverlap(t *testing.T) {
	for _, a := range names {
		for _, b := range names {
			if a == b {
				continue
			}
			for _, pair := range [][2][]byte{
				{UserChannels(a), UserChannel(b, 1)},
				{UserIn(1, a), Mark(1, b)},
				{UserIn(1, a), PrivateLive(1, Everyone).Key()},
				{PendingsBy(1, a), PendingBy(1, b, 1)},
				{PrivatesOf(1, a), PrivateFor(1, b, 0, 1)},
				{PrivatesFor(1, a, 0), PrivateFor(1, b, 0, 1)},
				{PrivatesFor(1, a, 0), PrivateFor(1, a, 1, 1)},
				{PrivatesFor(1, a, 0), PrivateFor(1, Everyone, 0, 1)},
				{Mentions(1, a, 0), Mention(1, b, 0, 1, a)},
				{Mentions(1, a, 0), Mention(1, a, 1, 1, b)},
				{RepliesBy(1, 1, a, a), ReplyBy(1, 1, a, b, 1)},
				{RepliesBy(1, 1, a, a), ReplyBy(1, 1, b, a, 1)},
				{FirstReplies(1, 1, a), FirstReply(1, 1, b, 1, a)},
				{ThreadsOf(a), ThreadOf(b, 1, 1)},
				{Tasks(a, a), Task(a, b, 1)},
				{TasksOf(a), Task(b, a, 1)},
				{DueAll(a), Due(b, 1, a)},
			} {
				if bytes.HasPrefix(pair[1], pair[0]) {
					t.Errorf("%q lies in the range %q of another", pair[1], pair[0])
				}
			}
		}
	}
	for _, c := range channels {
		for _, other := range channels {
			if c != other && bytes.HasPrefix(Record(other), InChannel(c)) {
				t.Errorf("channel %d lies in channel %d", other, c)
			}
		}
	}
}

func TestStreamPartsStayApart(t *testing.T) {
	streams := []Stream{Live(1), Silent(1), PrivateLive(1, Everyone), PrivateSilent(1, Everyone)}
	for _, a := range names {
		streams = append(streams, Author(1, a), PrivateLive(1, a), PrivateSilent(1, a), PrivateAuthor(1, Everyone, a))
		streams = append(streams, ThreadLive(1, 7, a), ThreadSilent(1, 7, a))
		for _, b := range names {
			streams = append(streams, ThreadAuthor(1, 7, a, b), ThreadAuthor(1, 8, a, b))
			streams = append(streams, PrivateAuthor(1, a, b))
		}
	}
	for i, s := range streams {
		if s.Channel() != 1 {
			t.Errorf("stream %q is of channel %d", s.Key(), s.Channel())
		}
		if s.InHead() != (i == 0) {
			t.Errorf("stream %q in the head: %v", s.Key(), s.InHead())
		}
		for _, part := range partsOf(s) {
			if !bytes.HasPrefix(part, s.Parts()) {
				t.Errorf("%q is outside the parts %q of its stream", part, s.Parts())
			}
			if !bytes.HasPrefix(part, InChannel(1)) {
				t.Errorf("%q is outside its channel", part)
			}
			for j, other := range streams {
				if i == j {
					continue
				}
				if bytes.HasPrefix(part, other.Parts()) {
					t.Errorf("part %q of %q lies in the parts of %q", part, s.Key(), other.Key())
				}
				if bytes.Equal(s.Key(), other.Key()) {
					t.Errorf("two streams under %q", s.Key())
				}
			}
		}
	}
}

// TestLongestKeysFit builds the keys of the longest names that the engine
// takes: a message id has 255 characters, of up to four bytes each.
func TestLongestKeysFit(t *testing.T) {
	user := strings.Repeat("u", 255)
	id := strings.Repeat("\U0001f600", 255)
	cid := strings.Repeat("t", 64) + ":" + strings.Repeat("i", 64)
	for _, key := range [][]byte{
		User(user), Mutes(user), Erasure(user), CID(cid), UserChannel(user, 1), Message(id), Member(1, user), Known(1, user),
		PendingBy(1, user, 1), PrivateFor(1, user, 1, 1), Mark(1, user), ForMe(1, user),
		PrivateAuthor(1, user, user).Key(), PrivateAuthor(1, user, user).RemovedIn(1),
		ThreadAuthor(1, 1, user, user).RemovedIn(1), ReplyBy(1, 1, user, user, 1), FirstReply(1, 1, user, 1, user), Mention(1, user, 1, 1, user), ThreadOf(user, 1, 1),
		Task("expiry", id, 1), Due("expiry", 1, id), Task("expiry given up", id+" 00001700000000000000", 1),
	} {
		// A scan goes on after a key with the key and one more byte.
		if len(key)+1 > storage.MaxKeyLen {
			t.Errorf("key %.20q… has %d bytes; at most %d", key, len(key), storage.MaxKeyLen)
		}
	}
}

func FuzzKeys(f *testing.F) {
	f.Add("jane", "john", int64(1), int64(-1), uint64(1))
	f.Add("a", "a!", int64(math.MinInt64), int64(math.MaxInt64), uint64(math.MaxUint64))
	f.Fuzz(func(t *testing.T, a, b string, x, y int64, n uint64) {
		// No name holds a zero byte.
		a, b = strings.ReplaceAll(a, "\x00", ""), strings.ReplaceAll(b, "\x00", "")
		c := Channel(n)
		if got := MessageID(Message(a)); got != a {
			t.Errorf("message %q reads as %q", a, got)
		}
		if got := MemberUser(Member(c, a)); got != a {
			t.Errorf("member %q reads as %q", a, got)
		}
		if got := KnownUser(Known(c, a)); got != a {
			t.Errorf("known user %q reads as %q", a, got)
		}
		if got, err := ChannelOfNumber(Number(c)); err != nil || got != c {
			t.Errorf("number %d reads as %d, %v", c, got, err)
		}
		if got, err := ChannelOpenTo(OpenTo(a, c)); err != nil || got != c {
			t.Errorf("channel %d, open to %q, reads as %d, %v", c, a, got, err)
		}
		if at, got, err := OfPendingAt(PendingAt(x, c)); err != nil || at != x || got != c {
			t.Errorf("pending %d in %d reads as %d in %d, %v", x, c, at, got, err)
		}
		for _, key := range [][]byte{Timeline(c, x), Private(c, x), Pending(c, x), PendingBy(c, a, x), PrivateFor(c, a, y, x), Author(c, a).Chunk(x)} {
			if got, err := Moment(key); err != nil || got != x {
				t.Errorf("%q of %d reads as %d, %v", key, x, got, err)
			}
		}
		streams := []Stream{Author(c, a), PrivateLive(c, a), PrivateSilent(c, a)}
		if b != "" { // every message has an author
			streams = append(streams, PrivateAuthor(c, a, b))
		}
		for _, s := range streams {
			if got, ok := StreamOf(c, s.Key()); !ok || !bytes.Equal(got.Key(), s.Key()) || !bytes.Equal(got.Parts(), s.Parts()) {
				t.Errorf("stream %q reads as %q, %v", s.Key(), got.Key(), ok)
			}
		}
		if user, got, err := ChannelOfUser(UserChannel(a, c)); err != nil || user != a || got != c {
			t.Errorf("channel %d of %q reads as %d of %q, %v", c, a, got, user, err)
		}
		if parent, _, at, err := OfReply(Reply(c, x, ReplyPublic, y)); err != nil || parent != x || at != y {
			t.Errorf("reply %d, %d reads as %d, %d, %v", x, y, parent, at, err)
		}
		if at, subject, err := OfDue(a, Due(a, x, b)); err != nil || at != x || subject != b {
			t.Errorf("due %d %q reads as %d %q, %v", x, b, at, subject, err)
		}
		for _, pair := range [][2][]byte{
			{Timeline(c, x), Timeline(c, y)},
			{PendingAt(x, c), PendingAt(y, c)},
			{PrivateFor(c, a, x, 0), PrivateFor(c, a, y, 0)},
			{Reply(c, x, ReplyPending, y), Reply(c, y, ReplyPublic, x)},
		} {
			if x != y && (bytes.Compare(pair[0], pair[1]) < 0) != (x < y) {
				t.Errorf("%d and %d lie as %q and %q", x, y, pair[0], pair[1])
			}
		}
		if a != b {
			if (bytes.Compare(UserChannel(a, c), UserChannel(b, c)) < 0) != (a < b) {
				t.Errorf("%q and %q lie in the wrong order", a, b)
			}
			if bytes.HasPrefix(Author(c, a).Chunk(x), Author(c, b).Parts()) {
				t.Errorf("the parts of %q lie in those of %q", a, b)
			}
		}
		// Whatever the bytes are, the readers answer.
		for _, key := range []string{a, b, a + b} {
			_, _ = ChannelOfNumber([]byte(key))
			_, _, _ = ChannelOfUser([]byte(key))
			_, _, _ = OfPendingAt([]byte(key))
			_, _, _, _ = OfReply([]byte(key))
			_, _, _ = OfDue(b, []byte(key))
			_, _ = Moment([]byte(key))
			_, _ = ChannelOpenTo([]byte(key))
			_, _ = StreamOf(c, append(Marks(c), key...))
		}
	})
}
