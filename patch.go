package chat

import (
	"maps"
	"slices"
	"strings"
)

// patchPlan is a [Patch] that has been checked as far as that needs no data:
// what it does to the engine's own fields, and what it does to custom data.
type patchPlan struct {
	fields map[string]patchStep
	custom []patchStep
}

// patchStep sets or unsets one path.
type patchStep struct {
	path  []string
	unset bool
	value any // a copy in normal form for custom data; as given for a field
}

// compilePatch checks a patch. Reserved are the names of fields, reach those
// among them that this patch may change. ErrInvalid names the path that is
// empty or malformed, given twice or inside another, leads to a field out of
// reach or into the parts of one, or has a value that custom data cannot hold.
func compilePatch(patch Patch, reserved, reach nameSet) (patchPlan, error) {
	var steps []patchStep
	// In order, so that the same patch always meets the same error.
	for _, path := range slices.Sorted(maps.Keys(patch.Set)) {
		steps = append(steps, patchStep{path: strings.Split(path, "."), value: patch.Set[path]})
	}
	for _, path := range patch.Unset {
		steps = append(steps, patchStep{path: strings.Split(path, "."), unset: true})
	}
	plan := patchPlan{fields: map[string]patchStep{}}
	for _, step := range steps {
		if err := step.check(reserved, reach); err != nil {
			return patchPlan{}, err
		}
		if reach[step.path[0]] {
			plan.fields[step.path[0]] = step
			continue
		}
		if !step.unset {
			value, err := normalValue(step.name(), step.value, len(step.path)+1)
			if err != nil {
				return patchPlan{}, err
			}
			step.value = value
		}
		plan.custom = append(plan.custom, step)
	}
	if err := checkApart(steps); err != nil {
		return patchPlan{}, err
	}
	return plan, nil
}

func (s patchStep) name() string { return strings.Join(s.path, ".") }

// check judges the path of one step by itself.
func (s patchStep) check(reserved, reach nameSet) error {
	list := "set"
	if s.unset {
		list = "unset"
	}
	name := s.name()
	if name == "" {
		return invalid(list, "has an empty path")
	}
	if err := checkText(list, name); err != nil {
		return err
	}
	for _, segment := range s.path {
		if segment == "" {
			return invalid(name, "the path has an empty part")
		}
	}
	if len(s.path) > maxCustomDepth {
		return invalid(name, "the path is more than %d deep", maxCustomDepth)
	}
	field := s.path[0]
	switch {
	case reach[field] && len(s.path) > 1:
		return invalid(name, "%s changes as a whole: the path must be %q", field, field)
	case reserved[field] && !reach[field]:
		return invalid(name, "%s cannot be changed by a partial update", field)
	}
	return nil
}

// checkApart refuses a path that is given twice or lies inside another: the
// result would depend on the order of the steps.
func checkApart(steps []patchStep) error {
	sorted := slices.SortedFunc(slices.Values(steps), func(a, b patchStep) int {
		return slices.Compare(a.path, b.path)
	})
	// Sorted part by part, a path is followed by those inside it.
	for i := 1; i < len(sorted); i++ {
		outer, inner := sorted[i-1], sorted[i]
		if len(inner.path) < len(outer.path) || !slices.Equal(outer.path, inner.path[:len(outer.path)]) {
			continue
		}
		if len(inner.path) == len(outer.path) {
			return invalid(inner.name(), "the path is given twice")
		}
		return invalid(inner.name(), "the path lies inside %q, which the patch changes too", outer.name())
	}
	return nil
}

// isEmpty tells whether the patch changes nothing.
func (p patchPlan) isEmpty() bool { return len(p.fields) == 0 && len(p.custom) == 0 }

// field is what the patch does to one of the fields in reach: set to a value,
// unset, or neither.
func (p patchPlan) field(name string) (value any, set, unset bool) {
	step, ok := p.fields[name]
	return step.value, ok && !step.unset, ok && step.unset
}

// text is the new value of a field that holds a string, if the patch changes
// it; unset is the empty string.
func (p patchPlan) text(name string) (text string, changed bool, err error) {
	value, set, unset := p.field(name)
	if !set {
		return "", unset, nil
	}
	text, err = stringFrom(name, value)
	return text, err == nil, err
}

// messageID is the new value of a field that holds the id of a message.
func (p patchPlan) messageID(name string) (id MessageID, changed bool, err error) {
	text, changed, err := p.text(name)
	return MessageID(text), changed, err
}

// userIDs is the new value of a field that lists users, if the patch changes
// it; unset is nil.
func (p patchPlan) userIDs(name string) (ids []UserID, changed bool, err error) {
	value, set, unset := p.field(name)
	if !set {
		return nil, unset, nil
	}
	list, err := listFrom(name, value, "user ids")
	if err != nil {
		return nil, false, err
	}
	for i, value := range list {
		id, err := stringFrom(element(name, i), value)
		if err != nil {
			return nil, false, err
		}
		ids = append(ids, UserID(id))
	}
	return ids, true, nil
}

// attachments is the new value of a field that lists attachments, if the patch
// changes it; unset is nil. Each is an [Attachment] or what its JSON decodes
// to. They are not yet checked as encodeAttachments does.
func (p patchPlan) attachments(name string) (attachments []Attachment, changed bool, err error) {
	value, set, unset := p.field(name)
	if !set {
		return nil, unset, nil
	}
	list, err := listFrom(name, value, "attachments")
	if err != nil {
		return nil, false, err
	}
	for i, value := range list {
		attachment, err := attachmentFrom(element(name, i), value)
		if err != nil {
			return nil, false, err
		}
		attachments = append(attachments, attachment)
	}
	return attachments, true, nil
}

// stringFrom takes a string, or whatever is one in JSON.
func stringFrom(field string, value any) (string, error) {
	normal, err := normalValue(field, value, 1)
	if err != nil {
		return "", err
	}
	text, ok := normal.(string)
	if !ok {
		return "", wrongType(field, normal, "a string")
	}
	return text, nil
}

// listFrom takes a list of anything. The elements of the lists that Go programs
// use here stay as they are, for all else is what its JSON is.
func listFrom(field string, value any, what string) ([]any, error) {
	switch list := value.(type) {
	case []any:
		if list != nil {
			return list, nil
		}
	case []Attachment:
		return anys(list), nil
	case []*Attachment:
		return anys(list), nil
	case []UserID:
		return anys(list), nil
	case []string:
		return anys(list), nil
	}
	normal, err := normalValue(field, value, 1)
	if err != nil {
		return nil, err
	}
	list, ok := normal.([]any)
	if !ok {
		return nil, wrongType(field, normal, "a list of "+what)
	}
	return list, nil
}

func wrongType(field string, value any, want string) error {
	if value == nil {
		return invalid(field, "is null: to clear it, unset it")
	}
	return invalid(field, "is %s; it must be %s", describe(value), want)
}

func anys[T any](list []T) []any {
	values := make([]any, len(list))
	for i, value := range list {
		values[i] = value
	}
	return values
}

// applyCustom returns custom data as the patch leaves it, sharing nothing with
// what was given; nil when nothing is left. A path through something that is no
// object is ErrInvalid. The result may still be too large: encodeCustom says.
func applyCustom(plan patchPlan, custom Custom) (Custom, error) {
	root := map[string]any{}
	for key, value := range custom {
		root[key] = deepCopy(value)
	}
	for _, step := range plan.custom {
		if err := step.apply(root); err != nil {
			return nil, err
		}
	}
	if len(root) == 0 {
		return nil, nil
	}
	return root, nil
}

func (s patchStep) apply(object map[string]any) error {
	last := len(s.path) - 1
	for i, key := range s.path[:last] {
		value, ok := object[key]
		if !ok && s.unset {
			return nil
		}
		if !ok {
			value = map[string]any{}
			object[key] = value
		}
		if object, ok = value.(map[string]any); !ok {
			through := strings.Join(s.path[:i+1], ".")
			return invalid(s.name(), "%s is %s: only an object has parts", through, describe(value))
		}
	}
	if s.unset {
		delete(object, s.path[last])
	} else {
		object[s.path[last]] = deepCopy(s.value) // the plan may be applied again
	}
	return nil
}

// deepCopy copies a value in normal form.
func deepCopy(value any) any {
	switch value := value.(type) {
	case map[string]any:
		object := make(map[string]any, len(value))
		for key, part := range value {
			object[key] = deepCopy(part)
		}
		return object
	case []any:
		array := make([]any, len(value))
		for i, part := range value {
			array[i] = deepCopy(part)
		}
		return array
	}
	return value
}
