package chat_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"example.com/chat/internal/model"
)

// modelCounts is how often each kind of step was done, and what it answered.
type modelCounts struct {
	steps map[model.Op]map[model.Kind]int
	types map[string]int // sends by channel type
}

func newModelCounts() *modelCounts {
	return &modelCounts{map[model.Op]map[model.Kind]int{}, map[string]int{}}
}

func (c *modelCounts) add(s model.Step, answer model.Kind) {
	if c.steps[s.Op] == nil {
		c.steps[s.Op] = map[model.Kind]int{}
	}
	c.steps[s.Op][answer]++
	if s.Op == model.Send && answer == model.OK {
		channelType, _, _ := strings.Cut(s.CID, ":")
		c.types[channelType]++
		switch {
		case s.Audience != nil:
			c.types["private"]++
		case s.Parent != "":
			c.types["reply"]++
		}
		if model.LinkOf(s.Text) != "" {
			c.types["link"]++
		}
	}
	if s.Purge != "" && answer == model.OK {
		c.types[s.Purge+" with a ban"]++
	}
}

// addRestraint counts what shadow bans, blocks and block lists make of a step
// that is to be done.
func (c *modelCounts) addRestraint(w *model.World, s model.Step) {
	if action := w.Screened(s).Action; action != "" {
		c.types["list: "+action]++
	}
	ch := w.Channel(s.CID)
	if s.Op != model.Send || ch == nil || w.Message(s.ID) != nil || !w.Shadows(s.By, ch) {
		return
	}
	kind := "shadowed"
	if w.BlockedIn(s.By, ch) {
		kind = "blocked"
	}
	c.types[kind]++
}

// restraints are what addRestraint counts, and deletions with a ban.
var restraints = []string{
	"list: " + model.ListFlags, "list: " + model.ListHolds, "list: " + model.ListRejects, "shadowed", "blocked",
	model.ErasedSoft + " with a ban", model.ErasedWhole + " with a ban",
}

// answers are all answers of all steps.
func (c *modelCounts) answers() map[model.Kind]int {
	all := map[model.Kind]int{}
	for _, answers := range c.steps {
		for kind, n := range answers {
			all[kind] += n
		}
	}
	return all
}

func (c *modelCounts) String() string {
	var b strings.Builder
	for _, op := range slices.Sorted(maps.Keys(c.steps)) {
		fmt.Fprintf(&b, "\t%s: %d done", op, c.steps[op][model.OK])
		for _, kind := range slices.Sorted(maps.Keys(c.steps[op])) {
			if kind != model.OK {
				fmt.Fprintf(&b, ", %d %s", c.steps[op][kind], kind)
			}
		}
		fmt.Fprintln(&b)
	}
	fmt.Fprintf(&b, "\tsent: %v\n", c.types)
	return b.String()
}

// missing are the kinds of steps that were never done, and the errors and kinds
// of messages that never came. Without a fake clock time does not pass.
func (c *modelCounts) missing(fakeClock bool) []string {
	var list []string
	for _, op := range model.Ops {
		passes := op == model.Sleep || op == model.SetTimeout || op == model.ReopenInThePast || op == model.SetCooldown
		if c.steps[op][model.OK] == 0 && (fakeClock || !passes) {
			list = append(list, string(op))
		}
	}
	answers := c.answers()
	for _, kind := range model.Kinds {
		if answers[kind] == 0 && (fakeClock || kind != model.Cooldown) {
			list = append(list, string(kind))
		}
	}
	for _, kind := range append([]string{"messaging", "team", "livestream", "commerce", "gaming", "private", "reply", "link", "error"}, restraints...) {
		if c.types[kind] == 0 {
			list = append(list, "sends: "+kind)
		}
	}
	if fakeClock && c.types["push"] == 0 {
		list = append(list, "push")
	}
	return list
}
