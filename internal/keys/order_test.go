package keys

import (
	"bytes"
	"cmp"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// parts is what keys are built of. Each kind of key takes some of them.
type parts struct {
	channel    Channel
	name, more string
	at, parent int64
	kind       ReplyKind
	n          uint64
}

// orderedKey is a kind of key: how it is built, and which of its parts come
// first in its order.
type orderedKey struct {
	build   func(parts) []byte
	compare func(a, b parts) int
}

// orderedKeys is every builder of this package, by its name. The prefixes of
// ranges lie as their parts do, too; one without parts is the same each time.
func orderedKeys() map[string]orderedKey {
	channel := func(a, b parts) int { return cmp.Compare(a.channel, b.channel) }
	name := func(a, b parts) int { return strings.Compare(a.name, b.name) }
	more := func(a, b parts) int { return strings.Compare(a.more, b.more) }
	at := func(a, b parts) int { return cmp.Compare(a.at, b.at) }
	parent := func(a, b parts) int { return cmp.Compare(a.parent, b.parent) }
	kind := func(a, b parts) int { return cmp.Compare(a.kind, b.kind) }
	n := func(a, b parts) int { return cmp.Compare(a.n, b.n) }
	by := func(list ...func(a, b parts) int) func(a, b parts) int {
		return func(a, b parts) int {
			for _, compare := range list {
				if c := compare(a, b); c != 0 {
					return c
				}
			}
			return 0
		}
	}
	return map[string]orderedKey{
		"ReceiverPlace":  {func(p parts) []byte { return ReceiverPlace(p.name) }, by(name)},
		"Meta":           {func(parts) []byte { return Meta() }, by()},
		"UsersVersion":   {func(parts) []byte { return UsersVersion() }, by()},
		"Settings":       {func(parts) []byte { return Settings() }, by()},
		"Types":          {func(parts) []byte { return Types() }, by()},
		"Users":          {func(parts) []byte { return Users() }, by()},
		"Numbers":        {func(parts) []byte { return Numbers() }, by()},
		"Messages":       {func(parts) []byte { return Messages() }, by()},
		"PendingAll":     {func(parts) []byte { return PendingAll() }, by()},
		"Type":           {func(p parts) []byte { return Type(p.name) }, name},
		"User":           {func(p parts) []byte { return User(p.name) }, name},
		"Erasure":        {func(p parts) []byte { return Erasure(p.name) }, name},
		"Mutes":          {func(p parts) []byte { return Mutes(p.name) }, name},
		"MutesStamp":     {func(p parts) []byte { return MutesStamp(p.name) }, name},
		"CID":            {func(p parts) []byte { return CID(p.name) }, name},
		"CIDs":           {func(p parts) []byte { return CIDs(p.name) }, name},
		"Message":        {func(p parts) []byte { return Message(p.name) }, name},
		"Number":         {func(p parts) []byte { return Number(p.channel) }, channel},
		"Newest":         {func(p parts) []byte { return Newest(p.channel) }, channel},
		"NewestOf":       {func(p parts) []byte { return NewestOf([]Channel{1, p.channel})[1] }, channel},
		"OpenTo":         {func(p parts) []byte { return OpenTo(p.name, p.channel) }, by(name, channel)},
		"OpenToAll":      {func(p parts) []byte { return OpenToAll(p.name) }, name},
		"UserChannel":    {func(p parts) []byte { return UserChannel(p.name, p.channel) }, by(name, channel)},
		"UserChannels":   {func(p parts) []byte { return UserChannels(p.name) }, name},
		"PendingAt":      {func(p parts) []byte { return PendingAt(p.at, p.channel) }, by(at, channel)},
		"Task":           {func(p parts) []byte { return Task(p.name, p.more, p.n) }, by(name, more, n)},
		"Tasks":          {func(p parts) []byte { return Tasks(p.name, p.more) }, by(name, more)},
		"TasksOf":        {func(p parts) []byte { return TasksOf(p.name) }, name},
		"Due":            {func(p parts) []byte { return Due(p.name, p.at, p.more) }, by(name, at, more)},
		"DueAll":         {func(p parts) []byte { return DueAll(p.name) }, name},
		"InChannel":      {func(p parts) []byte { return InChannel(p.channel) }, channel},
		"Record":         {func(p parts) []byte { return Record(p.channel) }, channel},
		"Member":         {func(p parts) []byte { return Member(p.channel, p.name) }, by(channel, name)},
		"Members":        {func(p parts) []byte { return Members(p.channel) }, channel},
		"Known":          {func(p parts) []byte { return Known(p.channel, p.name) }, by(channel, name)},
		"KnownAll":       {func(p parts) []byte { return KnownAll(p.channel) }, channel},
		"Pending":        {func(p parts) []byte { return Pending(p.channel, p.at) }, by(channel, at)},
		"Pendings":       {func(p parts) []byte { return Pendings(p.channel) }, channel},
		"PendingBy":      {func(p parts) []byte { return PendingBy(p.channel, p.name, p.at) }, by(channel, name, at)},
		"PendingsBy":     {func(p parts) []byte { return PendingsBy(p.channel, p.name) }, by(channel, name)},
		"PendingsByAll":  {func(p parts) []byte { return PendingsByAll(p.channel) }, channel},
		"Reply":          {func(p parts) []byte { return Reply(p.channel, p.parent, p.kind, p.at) }, by(channel, parent, kind, at)},
		"Replies":        {func(p parts) []byte { return Replies(p.channel, p.parent) }, by(channel, parent)},
		"RepliesOf":      {func(p parts) []byte { return RepliesOf(p.channel, p.parent, p.kind) }, by(channel, parent, kind)},
		"RepliesAll":     {func(p parts) []byte { return RepliesAll(p.channel) }, channel},
		"Private":        {func(p parts) []byte { return Private(p.channel, p.at) }, by(channel, at)},
		"Privates":       {func(p parts) []byte { return Privates(p.channel) }, channel},
		"PrivateFor":     {func(p parts) []byte { return PrivateFor(p.channel, p.name, p.parent, p.at) }, by(channel, name, parent, at)},
		"PrivatesFor":    {func(p parts) []byte { return PrivatesFor(p.channel, p.name, p.parent) }, by(channel, name, parent)},
		"PrivatesOf":     {func(p parts) []byte { return PrivatesOf(p.channel, p.name) }, by(channel, name)},
		"PrivatesForAll": {func(p parts) []byte { return PrivatesForAll(p.channel) }, channel},
		"Timeline":       {func(p parts) []byte { return Timeline(p.channel, p.at) }, by(channel, at)},
		"Timelines":      {func(p parts) []byte { return Timelines(p.channel) }, channel},
		"Head":           {func(p parts) []byte { return Head(p.channel) }, channel},
		"Mark":           {func(p parts) []byte { return Mark(p.channel, p.name) }, by(channel, name)},
		"Marks":          {func(p parts) []byte { return Marks(p.channel) }, channel},
		"ForMe":          {func(p parts) []byte { return ForMe(p.channel, p.name) }, by(channel, name)},
		"UserIn":         {func(p parts) []byte { return UserIn(p.channel, p.name) }, by(channel, name)},

		"Bans":         {func(parts) []byte { return Bans() }, by()},
		"Ban":          {func(p parts) []byte { return Ban(p.name) }, name},
		"Blocks":       {func(p parts) []byte { return Blocks(p.name) }, name},
		"BlocksAll":    {func(parts) []byte { return BlocksAll() }, by()},
		"BlockList":    {func(p parts) []byte { return BlockList(p.name) }, name},
		"BlockLists":   {func(parts) []byte { return BlockLists() }, by()},
		"LastSend":     {func(p parts) []byte { return LastSend(p.channel, p.name) }, by(channel, name)},
		"BanIn":        {func(p parts) []byte { return BanIn(p.channel, p.name) }, by(channel, name)},
		"BansIn":       {func(p parts) []byte { return BansIn(p.channel) }, channel},
		"Ephemeral":    {func(p parts) []byte { return Ephemeral(p.channel, p.name) }, by(channel, name)},
		"Ephemerals":   {func(p parts) []byte { return Ephemerals(p.channel) }, channel},
		"Flag":         {func(p parts) []byte { return Flag(p.channel, p.parent, p.name) }, by(channel, parent, name)},
		"Flags":        {func(p parts) []byte { return Flags(p.channel, p.parent) }, by(channel, parent)},
		"FlagsAll":     {func(p parts) []byte { return FlagsAll(p.channel) }, channel},
		"FlagIn":       {func(p parts) []byte { return FlagIn(p.channel, p.at, p.parent, p.name) }, by(channel, at, parent, name)},
		"FlagsIn":      {func(p parts) []byte { return FlagsIn(p.channel) }, channel},
		"UserFlag":     {func(p parts) []byte { return UserFlag(p.name, p.more) }, by(name, more)},
		"UserFlags":    {func(p parts) []byte { return UserFlags(p.name) }, name},
		"UserFlagsAll": {func(parts) []byte { return UserFlagsAll() }, by()},
		"FlagsAt":      {func(parts) []byte { return FlagsAt() }, by()},
		"FlagAt": {func(p parts) []byte {
			return FlagAt(FlagPlace{At: p.at, Channel: max(p.channel, 1), Message: p.parent, By: p.name})
		}, by(at, func(a, b parts) int { return cmp.Compare(max(a.channel, 1), max(b.channel, 1)) }, parent, name)},

		"Reaction":     {func(p parts) []byte { return Reaction(p.channel, p.parent, p.name, p.more) }, by(channel, parent, name, more)},
		"ReactionsBy":  {func(p parts) []byte { return ReactionsBy(p.channel, p.parent, p.name) }, by(channel, parent, name)},
		"Reactions":    {func(p parts) []byte { return Reactions(p.channel, p.parent) }, by(channel, parent)},
		"ReactionsAll": {func(p parts) []byte { return ReactionsAll(p.channel) }, channel},
		"ReactionAt": {
			func(p parts) []byte { return ReactionAt(p.channel, p.parent, p.name, p.at, p.more, "like") },
			by(channel, parent, name, at, more),
		},
		"ReactionsAt":       {func(p parts) []byte { return ReactionsAt(p.channel, p.parent, p.name) }, by(channel, parent, name)},
		"ReactionsFrom":     {func(p parts) []byte { return ReactionsFrom(p.channel, p.parent, p.name, p.at) }, by(channel, parent, name, at)},
		"ReactionOrders":    {func(p parts) []byte { return ReactionOrders(p.channel, p.parent) }, by(channel, parent)},
		"ReactionOrdersAll": {func(p parts) []byte { return ReactionOrdersAll(p.channel) }, channel},
		"Reacted":           {func(p parts) []byte { return Reacted(p.channel, p.at) }, by(channel, at)},
		"ReactedAll":        {func(p parts) []byte { return ReactedAll(p.channel) }, channel},
		"Pin":               {func(p parts) []byte { return Pin(p.channel, p.at, p.parent) }, by(channel, at, parent)},
		"PinsFrom":          {func(p parts) []byte { return PinsFrom(p.channel, p.at) }, by(channel, at)},
		"Pins":              {func(p parts) []byte { return Pins(p.channel) }, channel},
		"PinFor":            {func(p parts) []byte { return PinFor(p.channel, p.name, p.at, p.parent) }, by(channel, name, at, parent)},
		"PinsForFrom":       {func(p parts) []byte { return PinsForFrom(p.channel, p.name, p.at) }, by(channel, name, at)},
		"PinsFor":           {func(p parts) []byte { return PinsFor(p.channel, p.name) }, by(channel, name)},
		"PinsForAll":        {func(p parts) []byte { return PinsForAll(p.channel) }, channel},

		// The moment after the last is the last.
		"DueUntil": {
			func(p parts) []byte { return DueUntil(p.name, min(p.at, math.MaxInt64-1)) },
			by(name, func(a, b parts) int {
				return cmp.Compare(min(a.at, math.MaxInt64-1), min(b.at, math.MaxInt64-1))
			}),
		},

		"ChannelLog": {func(p parts) []byte { return ChannelLog(p.channel) }, by(channel)},
		"PrivateLog": {func(p parts) []byte { return PrivateLog(p.channel) }, by(channel)},
		"UserLog":    {func(p parts) []byte { return UserLog(p.name) }, by(name)},
		"GoneLog":    {func(p parts) []byte { return GoneLog(p.name) }, by(name)},

		"ThreadSum":        {func(p parts) []byte { return ThreadSum(p.channel, p.parent, p.name) }, by(channel, parent, name)},
		"ThreadSums":       {func(p parts) []byte { return ThreadSums(p.channel, p.parent) }, by(channel, parent)},
		"ThreadSumsAll":    {func(p parts) []byte { return ThreadSumsAll(p.channel) }, channel},
		"ReplyBy":          {func(p parts) []byte { return ReplyBy(p.channel, p.parent, p.name, p.more, p.at) }, by(channel, parent, name, more, at)},
		"RepliesBy":        {func(p parts) []byte { return RepliesBy(p.channel, p.parent, p.name, p.more) }, by(channel, parent, name, more)},
		"FirstReply":       {func(p parts) []byte { return FirstReply(p.channel, p.parent, p.name, p.at, p.more) }, by(channel, parent, name, at, more)},
		"FirstReplies":     {func(p parts) []byte { return FirstReplies(p.channel, p.parent, p.name) }, by(channel, parent, name)},
		"InThread":         {func(p parts) []byte { return InThread(p.channel, p.parent, p.name) }, by(channel, parent, name)},
		"InThreads":        {func(p parts) []byte { return InThreads(p.channel, p.parent) }, by(channel, parent)},
		"ThreadMark":       {func(p parts) []byte { return ThreadMark(p.channel, p.parent, p.name) }, by(channel, parent, name)},
		"ThreadUsers":      {func(p parts) []byte { return ThreadUsers(p.channel, p.parent) }, by(channel, parent)},
		"ThreadUsersAll":   {func(p parts) []byte { return ThreadUsersAll(p.channel) }, channel},
		"ThreadOf":         {func(p parts) []byte { return ThreadOf(p.name, p.channel, p.parent) }, by(name, channel, parent)},
		"ThreadsOf":        {func(p parts) []byte { return ThreadsOf(p.name) }, name},
		"ThreadsOfAll":     {func(parts) []byte { return ThreadsOfAll() }, by()},
		"ThreadStreams":    {func(p parts) []byte { return ThreadStreams(p.channel, p.parent) }, by(channel, parent)},
		"ThreadStreamsAll": {func(p parts) []byte { return ThreadStreamsAll(p.channel) }, channel},
		"ThreadBase":       {func(p parts) []byte { return ThreadBase(p.channel, p.name) }, by(channel, name)},
		"Mention":          {func(p parts) []byte { return Mention(p.channel, p.name, p.parent, p.at, p.more) }, by(channel, name, parent, at, more)},
		"Mentions":         {func(p parts) []byte { return Mentions(p.channel, p.name, p.parent) }, by(channel, name, parent)},
		"MentionsAfter": {
			func(p parts) []byte { return MentionsAfter(p.channel, p.name, p.parent, min(p.at, math.MaxInt64-1)) },
			by(channel, name, parent, func(a, b parts) int {
				return cmp.Compare(min(a.at, math.MaxInt64-1), min(b.at, math.MaxInt64-1))
			}),
		},

		"Stream.Key":       {func(p parts) []byte { return Author(p.channel, p.name).Key() }, by(channel, name)},
		"Stream.Chunk":     {func(p parts) []byte { return Live(p.channel).Chunk(p.at) }, by(channel, at)},
		"Stream.Chunks":    {func(p parts) []byte { return Silent(p.channel).Chunks() }, channel},
		"Stream.Removed":   {func(p parts) []byte { return PrivateLive(p.channel, "u").Removed() }, channel},
		"Stream.RemovedIn": {func(p parts) []byte { return PrivateSilent(p.channel, "u").RemovedIn(p.n) }, by(channel, n)},
		"Stream.Parts":     {func(p parts) []byte { return PrivateAuthor(p.channel, "u", "v").Parts() }, channel},
	}
}

// checkOrder has the keys of two lots of parts lie as the parts do, and equal
// parts make equal keys.
func checkOrder(t *testing.T, a, b parts) {
	t.Helper()
	for name, key := range orderedKeys() {
		if got, want := bytes.Compare(key.build(a), key.build(b)), key.compare(a, b); got != want {
			t.Errorf("%s: the keys of %+v and %+v compare as %d, their parts as %d", name, a, b, got, want)
		}
	}
}

// TestEveryBuilderIsInTheListOfOrderedKeys reads the package for what builds
// keys: a builder that is not in the list would not be fuzzed.
func TestEveryBuilderIsInTheListOfOrderedKeys(t *testing.T) {
	list := orderedKeys()
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	builders := regexp.MustCompile(`(?m)^func (\(s (Stream)\) )?([A-Z]\w*)\(.*\) (\[\])?\[\]byte {`)
	found := 0
	for _, path := range files {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		source, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, match := range builders.FindAllStringSubmatch(string(source), -1) {
			name := match[3]
			if match[2] != "" {
				name = match[2] + "." + name
			}
			found++
			if _, ok := list[name]; !ok {
				t.Errorf("%s: %s is not in the list", path, name)
			}
		}
	}
	if found != len(list) {
		t.Errorf("the package has %d builders, the list %d", found, len(list))
	}
}

// FuzzKeyOrder builds every kind of key of any two lots of parts: they lie as
// their parts do.
func FuzzKeyOrder(f *testing.F) {
	f.Add("jane", "john", "m1", "m2", uint64(1), uint64(2), int64(-1), int64(1), int64(5), int64(6), byte(0))
	f.Add("a", "a!", "", "a", uint64(math.MaxUint64), uint64(0), int64(math.MinInt64), int64(math.MaxInt64), int64(0), int64(0), byte(7))
	f.Add("a", "a", "b\x01", "b", uint64(256), uint64(256), int64(255), int64(255), int64(-256), int64(-255), byte(3))
	f.Fuzz(func(t *testing.T, aName, bName, aMore, bMore string, aNumber, bNumber uint64, aAt, bAt, aParent, bParent int64, same byte) {
		text := func(s string) string { return strings.ReplaceAll(s, "\x00", "") } // no name holds a zero byte
		a := parts{Channel(aNumber), text(aName), text(aMore), aAt, aParent, kinds[int(same)%len(kinds)], aNumber}
		b := parts{Channel(bNumber), text(bName), text(bMore), bAt, bParent, kinds[int(same>>4)%len(kinds)], bNumber}
		checkOrder(t, a, a)
		checkOrder(t, a, b)
		// What differs in the first parts hides the later ones: have some equal.
		if same&1 != 0 {
			b.channel = a.channel
		}
		if same&2 != 0 {
			b.name = a.name
		}
		if same&4 != 0 {
			b.more, b.parent = a.more, a.parent
		}
		if same&8 != 0 {
			b.at = a.at
		}
		checkOrder(t, a, b)
	})
}
