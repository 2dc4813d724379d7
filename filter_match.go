package chat

import (
	"cmp"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"
	"unicode"
)

// filterSource is a channel as a filter sees it. Only what the filter needs is
// asked, condition by condition in its order, until the answer is certain.
type filterSource interface {
	// field is a field of filterFields but members, or a custom field by its
	// first name: a string, float64, bool, time.Time, []any or map[string]any;
	// nil when absent.
	field(name string) (any, error)
	isMember(id UserID) (bool, error)
	members() ([]UserID, error)
}

// matches tells whether a channel passes a valid filter.
func (f Filter) matches(source filterSource) (bool, error) {
	switch f.operator {
	case filterAll:
		return true, nil
	case filterAnd, filterOr:
		// The first part that decides ends it: false for And, true for Or.
		decides := f.operator == filterOr
		for _, part := range f.parts {
			if matched, err := part.matches(source); err != nil || matched == decides {
				return matched, err
			}
		}
		return !decides, nil
	}
	if f.problem != nil {
		return false, f.problem
	}
	if f.field == "members" {
		return f.matchesMembers(source)
	}
	first, rest, _ := strings.Cut(f.field, ".")
	value, err := source.field(first)
	if err != nil {
		return false, err
	}
	return f.matchesValue(partOf(plainValue(value), rest)), nil
}

func (f Filter) matchesMembers(source filterSource) (bool, error) {
	for _, operand := range f.values {
		var matched bool
		var err error
		switch operand := operand.(type) {
		case string:
			matched, err = source.isMember(UserID(operand))
		case nil, bool, []any:
			matched, err = matchesAllMembers(source, operand)
		}
		if err != nil || matched {
			return matched, err
		}
	}
	return false, nil
}

// matchesAllMembers judges the members as a whole: whether there are none
// (nil), some or none (the boolean of Exists), or exactly those of a list.
func matchesAllMembers(source filterSource, operand any) (bool, error) {
	members, err := source.members()
	if err != nil {
		return false, err
	}
	switch operand := operand.(type) {
	case bool:
		return len(members) > 0 == operand, nil
	case []any:
		return sameUsers(members, operand), nil
	}
	return len(members) == 0, nil
}

// sameUsers tells whether two lists have the same users, in any order.
func sameUsers(members []UserID, operand []any) bool {
	want := map[UserID]bool{}
	for _, id := range operand {
		if text, ok := id.(string); ok {
			want[UserID(text)] = true
		}
	}
	have := map[UserID]bool{}
	for _, id := range members {
		have[id] = true
	}
	return maps.Equal(have, want)
}

func (f Filter) matchesValue(value any) bool {
	switch f.operator {
	case filterIn:
		return slices.ContainsFunc(f.values, func(operand any) bool { return equalValues(value, operand) })
	case filterExists:
		return (value != nil) == f.values[0].(bool)
	case filterContains:
		list, _ := value.([]any)
		return slices.ContainsFunc(list, func(element any) bool { return equalValues(element, f.values[0]) })
	case filterAutocomplete:
		text, ok := value.(string)
		return ok && hasWordPrefix(text, f.values[0].(string))
	case filterEq:
		return equalValues(value, f.values[0])
	}
	order, ok := compareValues(value, f.values[0])
	if !ok {
		return false
	}
	switch f.operator {
	case filterGt:
		return order > 0
	case filterGte:
		return order >= 0
	case filterLt:
		return order < 0
	}
	return order <= 0
}

// plainValue brings what a source returns into the form of the operands.
func plainValue(value any) any {
	switch value := value.(type) {
	case nil, string, float64, bool, time.Time, []any, map[string]any:
		return value
	case Custom:
		return map[string]any(value)
	}
	plain, err := normalValue("", value, 1)
	if err != nil {
		return nil
	}
	return plain
}

// partOf follows a dotted path into custom data; nil when it leads nowhere.
func partOf(value any, path string) any {
	for path != "" {
		var key string
		key, path, _ = strings.Cut(path, ".")
		object, ok := value.(map[string]any)
		if !ok {
			return nil
		}
		value = object[key]
	}
	return value
}

func equalValues(a, b any) bool {
	if order, ok := compareValues(a, b); ok {
		return order == 0
	}
	return reflect.DeepEqual(a, b)
}

// compareValues orders two strings, numbers or times. A text is a time when it
// is compared with one.
func compareValues(a, b any) (order int, ok bool) {
	if isA[time.Time](a) || isA[time.Time](b) {
		first, ok := asTime(a)
		if !ok {
			return 0, false
		}
		second, ok := asTime(b)
		return first.Compare(second), ok
	}
	switch a := a.(type) {
	case string:
		b, ok := b.(string)
		return strings.Compare(a, b), ok
	case float64:
		b, ok := b.(float64)
		return cmp.Compare(a, b), ok
	}
	return 0, false
}

func asTime(value any) (time.Time, bool) {
	switch value := value.(type) {
	case time.Time:
		return value, true
	case string:
		at, err := time.Parse(time.RFC3339, value)
		return at.Truncate(time.Microsecond), err == nil
	}
	return time.Time{}, false
}

// hasWordPrefix tells whether a prefix begins a text or one of its words. It
// may go on into the next words: "john sm" begins "John Smith".
func hasWordPrefix(text, prefix string) bool {
	text, prefix = strings.ToLower(text), strings.ToLower(strings.TrimSpace(prefix))
	before := ' '
	for i, letter := range text {
		begins := i == 0 ||
			isWordLetter(letter) && !isWordLetter(before) ||
			!unicode.IsSpace(letter) && unicode.IsSpace(before)
		if begins && strings.HasPrefix(text[i:], prefix) {
			return true
		}
		before = letter
	}
	return prefix == ""
}

func isWordLetter(letter rune) bool {
	return unicode.IsLetter(letter) || unicode.IsDigit(letter) || unicode.IsMark(letter)
}
