package chat

import (
	"reflect"
	"slices"
	"strings"
	"time"
)

const (
	maxFilterDepth      = 8   // And and Or inside each other
	maxFilterConditions = 100 // in a whole filter; what is empty counts as one
	maxFilterValues     = 100 // in one condition
)

// Filter says which channels a query returns. Make one with [Eq], [In], [Gt],
// [Gte], [Lt], [Lte], [Exists], [Contains] and [Autocomplete], and join them with
// [And] and [Or]. The zero Filter matches every channel. A Filter never changes
// and is safe for concurrent use.
//
// Fields are:
//
//   - type, cid, id, name, created_by (a user id): strings
//   - member_count: a number
//   - created_at, updated_at, last_message_at: a [time.Time] or RFC 3339 text
//   - frozen, disabled, hidden, muted, pinned, archived, has_unread, invited (the
//     viewer's invite is open): booleans
//   - members: user ids
//   - any custom field, by its dotted path: "ride.status"
//
// A field that is absent, or null in custom data, matches only Eq with nil, In
// with nil among the values, and Exists with false. Values of different kinds
// are never equal and never less or greater; but a custom text that is an RFC
// 3339 time compares with a [time.Time]. All kinds of numbers compare as
// float64, text by its bytes, times to the microsecond.
//
// A filter that is wrong (a value of the wrong kind for a field, an operator
// that the field does not have, more than 100 conditions, more than 100 values
// in one, more than 8 levels of And and Or) is ErrInvalid in the query.
type Filter struct {
	operator filterOperator
	field    string
	values   []any    // the operands, in normal form or time.Time
	parts    []Filter // of And and Or
	problem  error    // what the constructor could not make a value of
}

type filterOperator int

// The zero operator matches everything.
const (
	filterAll filterOperator = iota
	filterEq
	filterIn
	filterGt
	filterGte
	filterLt
	filterLte
	filterExists
	filterContains
	filterAutocomplete
	filterAnd
	filterOr
)

func (o filterOperator) String() string {
	names := [...]string{"", "Eq", "In", "Gt", "Gte", "Lt", "Lte", "Exists", "Contains", "Autocomplete", "And", "Or"}
	return names[o]
}

// filterKind is the kind of a field, which decides its values and operators.
type filterKind int

const (
	customField filterKind = iota
	stringField
	numberField
	timeField
	boolField
	membersField
)

func (k filterKind) String() string {
	names := [...]string{"any value", "a string", "a number", "a time (time.Time or RFC 3339 text)", "a boolean", "user ids"}
	return names[k]
}

// filterFields are the fields beside custom data.
var filterFields = map[string]filterKind{
	"type":            stringField,
	"cid":             stringField,
	"id":              stringField,
	"name":            stringField,
	"created_by":      stringField,
	"members":         membersField,
	"member_count":    numberField,
	"created_at":      timeField,
	"updated_at":      timeField,
	"last_message_at": timeField,
	"frozen":          boolField,
	"disabled":        boolField,
	"hidden":          boolField,
	"muted":           boolField,
	"pinned":          boolField,
	"archived":        boolField,
	"has_unread":      boolField,
	"invited":         boolField,
}

// has tells whether fields of this kind can be asked with an operator.
func (k filterKind) has(operator filterOperator) bool {
	switch operator {
	case filterEq, filterIn, filterExists:
		return true
	case filterGt, filterGte, filterLt, filterLte:
		return k != boolField && k != membersField
	case filterContains:
		return k == customField || k == membersField
	case filterAutocomplete:
		return k == customField || k == stringField
	}
	return false
}

// Eq matches where the field has the value. Nil matches where it is absent. A
// custom array or object must be equal as a whole. Of members, one id matches
// where that user is a member, a list of ids where the members are exactly
// those, in any order.
func Eq(field string, value any) Filter { return newFilter(filterEq, field, value) }

// In matches where the field has one of the values; of members, where any of
// the users is a member. No values match nothing. A slice as the only value
// counts as its elements.
func In(field string, values ...any) Filter {
	if len(values) == 1 {
		values = elementsOf(values[0])
	}
	return newFilter(filterIn, field, values...)
}

// Gt matches where the field is greater than the value, or later.
func Gt(field string, value any) Filter { return newFilter(filterGt, field, value) }

// Gte matches where the field is the value or greater.
func Gte(field string, value any) Filter { return newFilter(filterGte, field, value) }

// Lt matches where the field is less than the value, or earlier.
func Lt(field string, value any) Filter { return newFilter(filterLt, field, value) }

// Lte matches where the field is the value or less.
func Lte(field string, value any) Filter { return newFilter(filterLte, field, value) }

// Exists matches where the field is there, or with false where it is absent. A
// custom field that is null is absent.
func Exists(field string, exists bool) Filter { return newFilter(filterExists, field, exists) }

// Contains matches where the field is a custom array with an element equal to
// the value, or where the user is one of the members. For a part of a text use
// [Autocomplete].
func Contains(field string, value any) Filter { return newFilter(filterContains, field, value) }

// Autocomplete matches where the field is a string and, without regard to case,
// the prefix begins it or one of its words. The empty prefix matches every
// string.
func Autocomplete(field, prefix string) Filter { return newFilter(filterAutocomplete, field, prefix) }

// And matches where all filters do; with none, everywhere.
func And(filters ...Filter) Filter {
	return Filter{operator: filterAnd, parts: slices.Clone(filters)}
}

// Or matches where one of the filters does; with none, nowhere.
func Or(filters ...Filter) Filter {
	return Filter{operator: filterOr, parts: slices.Clone(filters)}
}

// newFilter brings the operands into the form that is compared. What cannot be
// is kept as the filter's problem for validate to return.
func newFilter(operator filterOperator, field string, values ...any) Filter {
	filter := Filter{operator: operator, field: field}
	if len(values) > maxFilterValues {
		filter.problem = tooManyValues(field, len(values))
		return filter
	}
	for _, value := range values {
		operand, err := filterOperand(field, value)
		if err != nil {
			filter.problem = err
			return filter
		}
		filter.values = append(filter.values, operand)
	}
	return filter
}

func filterOperand(field string, value any) (any, error) {
	if at, ok := value.(time.Time); ok {
		return at.Truncate(time.Microsecond), nil // as times are stored
	}
	operand, err := normalValue("filter."+field, value, 1)
	if err != nil {
		return nil, err
	}
	if text, ok := operand.(string); ok && filterFields[field] == timeField {
		if at, ok := asTime(text); ok {
			return at, nil
		}
	}
	return operand, nil
}

// elementsOf is the elements of a slice, or the value itself.
func elementsOf(value any) []any {
	list := reflect.ValueOf(value)
	if list.Kind() != reflect.Slice {
		return []any{value}
	}
	// One above the limit is enough to be refused.
	elements := make([]any, min(list.Len(), maxFilterValues+1))
	for i := range elements {
		elements[i] = list.Index(i).Interface()
	}
	return elements
}

// validate returns ErrInvalid, naming the field, for a filter that no query
// takes.
func (f Filter) validate() error {
	conditions := 0
	return f.check(1, &conditions)
}

func (f Filter) check(depth int, conditions *int) error {
	if len(f.parts) > 0 {
		if depth > maxFilterDepth {
			return invalid("filter", "has And and Or nested more than %d deep", maxFilterDepth)
		}
		for _, part := range f.parts {
			if err := part.check(depth+1, conditions); err != nil {
				return err
			}
		}
		return nil
	}
	if *conditions++; *conditions > maxFilterConditions {
		return invalid("filter", "has more than %d conditions", maxFilterConditions)
	}
	switch f.operator {
	case filterAll, filterAnd, filterOr:
		return nil
	}
	return f.checkCondition()
}

func (f Filter) checkCondition() error {
	kind, err := kindOf(f.field)
	if err != nil {
		return err
	}
	if f.problem != nil {
		return f.problem
	}
	field := "filter." + f.field
	if !kind.has(f.operator) {
		return invalid(field, "the operator %v does not apply to %s", f.operator, kind)
	}
	if f.operator == filterExists || f.operator == filterAutocomplete {
		return nil // their values are typed
	}
	for _, value := range f.values {
		if !f.takes(kind, value) {
			return invalid(field, "%v does not take %s here; it needs %s", f.operator, describeOperand(value), wantedBy(kind))
		}
		if list, ok := value.([]any); ok && len(list) > maxFilterValues {
			return tooManyValues(f.field, len(list))
		}
		if err := checkNamed(kind, field, value); err != nil {
			return err
		}
	}
	return nil
}

// maxFilterText is longer than every text of a field of ours.
const maxFilterText = 1024

// checkNamed checks what a condition on a field of ours names: users by ids
// that there can be, anything else by a text of bearable length.
func checkNamed(kind filterKind, field string, value any) error {
	switch value := value.(type) {
	case []any:
		for _, v := range value {
			if err := checkNamed(kind, field, v); err != nil {
				return err
			}
		}
	case string:
		if kind == membersField {
			return checkUserID(field, UserID(value))
		}
		if kind == stringField && len(value) > maxFilterText {
			return fail(ErrTooLong, field, "has %d bytes; at most %d", len(value), maxFilterText)
		}
	}
	return nil
}

// kindOf is the kind of a field, or ErrInvalid for one that cannot be asked.
func kindOf(field string) (filterKind, error) {
	if err := checkText("filter", field); err != nil {
		return 0, err
	}
	segments := strings.Split(field, ".")
	if slices.Contains(segments, "") {
		return 0, invalid("filter", "the field %.64q is empty or has an empty part", field)
	}
	kind, known := filterFields[segments[0]]
	switch {
	case known && len(segments) > 1:
		return 0, invalid("filter."+field, "%s has no parts", segments[0])
	case !known && channelFields[segments[0]]:
		return 0, invalid("filter."+field, "channels cannot be filtered by %s", segments[0])
	}
	return kind, nil
}

// takes tells whether a value is of the right kind for a condition.
func (f Filter) takes(kind filterKind, value any) bool {
	if value == nil {
		return f.operator == filterEq || f.operator == filterIn || f.operator == filterContains && kind == customField
	}
	switch kind {
	case stringField:
		return isA[string](value)
	case numberField:
		return isA[float64](value)
	case timeField:
		return isA[time.Time](value)
	case boolField:
		return isA[bool](value)
	case membersField:
		list, ok := value.([]any)
		return isA[string](value) || ok && f.operator == filterEq && allStrings(list)
	}
	switch f.operator {
	case filterGt, filterGte, filterLt, filterLte:
		return isA[string](value) || isA[float64](value) || isA[time.Time](value)
	}
	return true
}

func wantedBy(kind filterKind) string {
	if kind == customField { // where only the ordering operators want anything
		return "a string, a number or a time"
	}
	return kind.String()
}

func isA[T any](value any) bool {
	_, ok := value.(T)
	return ok
}

func allStrings(list []any) bool {
	return !slices.ContainsFunc(list, func(value any) bool { return !isA[string](value) })
}

func describeOperand(value any) string {
	if isA[time.Time](value) {
		return "a time"
	}
	return describe(value)
}

func tooManyValues(field string, count int) error {
	return invalid("filter."+field, "has %s values; at most %d", grouped(count), maxFilterValues)
}

// requires tells whether every channel that matches has one of the values in
// the field; of members, has one of them as a member. Without values nothing
// matches.
func (f Filter) requires(field string) (values []string, ok bool) {
	switch f.operator {
	case filterAnd:
		// Any part's values will do: the fewest.
		for _, part := range f.parts {
			if candidates, required := part.requires(field); required && (!ok || len(candidates) < len(values)) {
				values, ok = candidates, true
			}
		}
		return values, ok
	case filterOr:
		for _, part := range f.parts {
			candidates, required := part.requires(field)
			if !required {
				return nil, false
			}
			values = append(values, candidates...)
		}
		slices.Sort(values)
		return slices.Compact(values), true
	}
	isEqual := f.operator == filterEq || f.operator == filterIn ||
		f.operator == filterContains && field == "members"
	if f.field != field || f.problem != nil || !isEqual {
		return nil, false
	}
	operands := f.values
	if list, isList := onlyList(operands); isList && field == "members" && f.operator == filterEq && len(list) > 0 {
		operands = list[:1] // all are members, so the first is
	}
	for _, operand := range operands {
		text, isText := operand.(string)
		if !isText {
			return nil, false
		}
		values = append(values, text)
	}
	slices.Sort(values)
	return slices.Compact(values), true
}

func onlyList(operands []any) (list []any, ok bool) {
	if len(operands) != 1 {
		return nil, false
	}
	list, ok = operands[0].([]any)
	return list, ok
}

// mentions tells whether a condition asks about the field, or about a part of
// it.
func (f Filter) mentions(field string) bool {
	first, _, _ := strings.Cut(f.field, ".")
	return f.field != "" && first == field ||
		slices.ContainsFunc(f.parts, func(part Filter) bool { return part.mentions(field) })
}
