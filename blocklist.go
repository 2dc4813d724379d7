package chat

import (
	"context"
	"encoding/json"
	"slices"
	"time"
	"unicode/utf8"

	"example.com/chat/internal/record"
)

// BlockList is words and phrases that are looked for in what users send: see
// ChannelType.BlockLists.
type BlockList struct {
	Name string `json:"name"` // 1 to 64 letters, digits, - _ !

	// Words are 1 to 1,000 words or phrases, each at most 100 characters. They
	// match whole words, whatever their case, and whatever stands between the
	// words of a phrase. In scripts that put no spaces between words each
	// character counts as one. Each needs a letter or a digit; there are no
	// patterns: what else it holds, a * too, stands between words.
	Words []string `json:"words"`

	CreatedAt time.Time `json:"created_at"`
	UpdatedAt time.Time `json:"updated_at"`
}

// BlockAction is what becomes of a message that holds something of a block list.
type BlockAction string

// The actions, the stricter the later. Where several apply the strictest is
// taken.
const (
	BlockFlag   BlockAction = "flag"   // it is posted, and listed by Flags, without a user
	BlockHold   BlockAction = "hold"   // it becomes pending; an edit or a command's answer is rejected
	BlockReject BlockAction = "reject" // ErrRejected, which does not say why
)

// BlockListUse says what becomes of messages that hold something of a list.
type BlockListUse struct {
	List   string      `json:"list"`
	Action BlockAction `json:"action"`
}

const (
	maxBlockLists     = 100  // there are
	maxBlockListsUsed = 10   // by a channel
	maxBlockWords     = 1000 // of a list
	maxBlockWord      = 100  // runes
)

// storedBlockList is how a block list lies in the store; made ready once, when
// it is read for the first time.
type storedBlockList struct {
	BlockList
	phrases phrases
}

func (l *storedBlockList) UnmarshalJSON(b []byte) error {
	if err := json.Unmarshal(b, &l.BlockList); err != nil {
		return err
	}
	l.phrases = phrases{}
	for _, word := range l.Words {
		l.phrases.add(word)
	}
	return nil
}

// clone is a copy that shares no memory with l.
func (l *storedBlockList) clone() BlockList {
	list := l.BlockList
	list.Words = slices.Clone(list.Words)
	return list
}

func checkBlockWords(words []string) error {
	if len(words) == 0 || len(words) > maxBlockWords {
		return invalid("words", "has %d; must be 1 to %d", len(words), maxBlockWords)
	}
	for i, word := range words {
		field := element("words", i)
		if err := checkText(field, word); err != nil {
			return err
		}
		if n := utf8.RuneCountInString(word); n > maxBlockWord {
			return fail(ErrTooLong, field, "has %d characters; at most %d", n, maxBlockWord)
		}
		if len(wordsOf(word).starts) == 0 {
			return invalid(field, "holds no letter and no digit")
		}
	}
	return nil
}

// checkBlockListUses checks what a type or its overrides say of block lists.
func checkBlockListUses(uses []BlockListUse) error {
	if len(uses) > maxBlockListsUsed {
		return invalid("block_lists", "has %d; at most %d", len(uses), maxBlockListsUsed)
	}
	for i, use := range uses {
		field := element("block_lists", i)
		if err := checkChannelWord(field+".list", "the name", use.List); err != nil {
			return err
		}
		switch use.Action {
		case BlockFlag, BlockHold, BlockReject:
		default:
			return invalid(field+".action", "is %.64q; must be %s, %s or %s", use.Action, BlockFlag, BlockHold, BlockReject)
		}
	}
	return nil
}

// checkBlockListsThere is an error if a list that is used does not exist.
func checkBlockListsThere(r *record.Reader, uses []BlockListUse) error {
	lists, err := blockListsOf(r, uses)
	for i, list := range lists {
		if !list.Found {
			return invalid(element("block_lists", i), "there is no block list %q", uses[i].List)
		}
	}
	return err
}

func blockListsOf(r *record.Reader, uses []BlockListUse) ([]*record.Shared[storedBlockList], error) {
	lists := make([]*record.Shared[storedBlockList], len(uses))
	b := r.Batch()
	for i, use := range uses {
		lists[i] = record.BlockList[storedBlockList](b, use.List)
	}
	return lists, b.Run()
}

// CreateBlockList makes a block list. ErrConflict if there is one of the name,
// ErrLimit after 100 of them.
func (a *App) CreateBlockList(ctx context.Context, l BlockList) (_ BlockList, err error) {
	const op = "CreateBlockList"
	defer a.operation(&ctx, op).ended(&err)
	if err := checkChannelWord("name", "the name", l.Name); err != nil {
		return BlockList{}, in(op, err)
	}
	l.Words = slices.Clone(l.Words)
	if err := checkBlockWords(l.Words); err != nil {
		return BlockList{}, in(op, err)
	}
	err = a.update(ctx, op, record.AppScope, func(tx *record.Txn) error {
		lists, err := record.BlockLists[storedBlockList](&tx.Reader)
		if err != nil {
			return err
		}
		if slices.ContainsFunc(lists, func(known *storedBlockList) bool { return known.Name == l.Name }) {
			return fail(ErrConflict, "name", "there is a block list %q already", l.Name)
		}
		if len(lists) >= maxBlockLists {
			return fail(ErrLimit, "", "there are %d block lists; at most %d", len(lists), maxBlockLists)
		}
		l.CreatedAt = now()
		l.UpdatedAt = l.CreatedAt
		return tx.PutBlockList(l.Name, l)
	})
	if err != nil {
		return BlockList{}, err
	}
	return l, nil
}

// UpdateBlockList replaces the words of a block list; what is sent from then on
// is held against them. ErrNotFound if there is none of the name.
func (a *App) UpdateBlockList(ctx context.Context, name string, words []string) (_ BlockList, err error) {
	const op = "UpdateBlockList"
	defer a.operation(&ctx, op).ended(&err)
	if err := checkChannelWord("name", "the name", name); err != nil {
		return BlockList{}, in(op, err)
	}
	words = slices.Clone(words)
	if err := checkBlockWords(words); err != nil {
		return BlockList{}, in(op, err)
	}
	var list BlockList
	err = a.update(ctx, op, record.AppScope, func(tx *record.Txn) error {
		stored, err := loadBlockList(&tx.Reader, name)
		if err != nil {
			return err
		}
		list = stored.BlockList
		list.Words, list.UpdatedAt = words, now()
		return tx.PutBlockList(name, list)
	})
	if err != nil {
		return BlockList{}, err
	}
	return list, nil
}

// DeleteBlockList deletes a block list. ErrNotFound if there is none of the
// name, ErrState if a channel type uses it. A channel whose own overrides name it
// does without.
func (a *App) DeleteBlockList(ctx context.Context, name string) (err error) {
	const op = "DeleteBlockList"
	defer a.operation(&ctx, op).ended(&err)
	if err := checkChannelWord("name", "the name", name); err != nil {
		return in(op, err)
	}
	return a.update(ctx, op, record.AppScope, func(tx *record.Txn) error {
		if _, err := loadBlockList(&tx.Reader, name); err != nil {
			return err
		}
		types, err := record.Types[ChannelType](&tx.Reader)
		if err != nil {
			return err
		}
		for _, t := range types {
			if slices.ContainsFunc(t.BlockLists, func(use BlockListUse) bool { return use.List == name }) {
				return fail(ErrState, "name", "block list %q is used by channel type %q", name, t.Name)
			}
		}
		return tx.DeleteBlockList(name)
	})
}

// BlockLists returns all block lists, by name.
func (a *App) BlockLists(ctx context.Context) (_ []BlockList, err error) {
	defer a.operation(&ctx, "BlockLists").ended(&err)
	var list []BlockList
	err = a.view(ctx, "BlockLists", func(r *record.Reader) error {
		list = nil
		stored, err := record.BlockLists[storedBlockList](r)
		for _, l := range stored {
			list = append(list, l.clone())
		}
		return err
	})
	return list, err
}

func loadBlockList(r *record.Reader, name string) (*storedBlockList, error) {
	b := r.Batch()
	l := record.BlockList[storedBlockList](b, name)
	if err := b.Run(); err != nil {
		return nil, err
	}
	if !l.Found {
		return nil, notFound("block list", name)
	}
	return l.V, nil
}

// blocked is what of the block lists of a channel a text holds.
type blocked struct {
	action BlockAction // empty: nothing
	list   string
	said   string
}

// screens says whether what the caller says is held against block lists.
func (r *room) screens() bool {
	return len(r.kind.BlockLists) > 0 && !r.app && !r.can(SkipModeration)
}

// screen holds a text against the block lists of the channel.
func (r *room) screen(reader *record.Reader, w *words) (b blocked, err error) {
	lists, err := blockListsOf(reader, r.kind.BlockLists)
	if err != nil {
		return b, err
	}
	for i, use := range r.kind.BlockLists {
		if !lists[i].Found || use.Action.strength() <= b.action.strength() {
			continue
		}
		if said, found := lists[i].V.phrases.find(w); found {
			b = blocked{use.Action, use.List, said}
		}
	}
	return b, nil
}

func (a BlockAction) strength() int {
	return slices.Index([]BlockAction{"", BlockFlag, BlockHold, BlockReject}, a)
}

// refuses is an error if the text is rejected, or held where nothing can be.
func (b *blocked) refuses(holds bool) error {
	switch {
	case b.action == BlockReject:
		return fail(ErrRejected, "text", "holds words that are not allowed here")
	case b.action == BlockHold && !holds:
		return fail(ErrRejected, "text", "holds words that have to be looked at first")
	}
	return nil
}

// metadata says of a pending message why it is: not what was found, as its
// author reads it.
func (b *blocked) metadata() []string { return []string{"block_list", b.list} }

// reason is that of a flag.
func (b *blocked) reason() string {
	return "block list " + b.list + ": " + b.said
}
