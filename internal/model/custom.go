package model

import (
	"fmt"
	"slices"
	"strings"
)

// Custom is custom data: texts, and objects of them.
type Custom map[string]any

// String is the same for what is the same.
func (c Custom) String() string {
	if len(c) == 0 {
		return ""
	}
	return fmt.Sprint(map[string]any(c)) // in the order of the keys
}

// CustomOf is the custom data of a step that replaces all of it.
func CustomOf(set []string) Custom {
	c, _ := Custom(nil).patched(set, nil)
	return c
}

// pair parts "path=value".
func pair(set string) (path, value string) {
	path, value, _ = strings.Cut(set, "=")
	return path, value
}

// patched is custom data after a patch, and whether there can be such: a path
// does not lead through a text.
func (c Custom) patched(set, unset []string) (Custom, bool) {
	root := map[string]any(c.clone())
	for _, s := range set {
		path, value := pair(s)
		object, last, ok := walk(root, path, true)
		if !ok {
			return nil, false
		}
		object[last] = value
	}
	for _, path := range unset {
		object, last, ok := walk(root, path, false)
		if !ok {
			return nil, false
		}
		delete(object, last)
	}
	return root, true
}

func (c Custom) clone() Custom {
	clone := Custom{}
	for key, value := range c {
		if object, ok := value.(map[string]any); ok {
			value = map[string]any(Custom(object).clone())
		}
		clone[key] = value
	}
	return clone
}

// walk goes to the object in which a path ends, and makes the objects that are
// missing on the way, or takes an empty one instead.
func walk(object map[string]any, path string, makes bool) (map[string]any, string, bool) {
	steps := strings.Split(path, ".")
	for _, key := range steps[:len(steps)-1] {
		if object[key] == nil {
			if !makes {
				return map[string]any{}, "", true
			}
			object[key] = map[string]any{}
		}
		next, ok := object[key].(map[string]any)
		if !ok {
			return nil, "", false
		}
		object = next
	}
	return object, steps[len(steps)-1], true
}

// badPatch says whether paths are such that no patch may have them: one twice or
// inside another, or one of a field that is not for patches.
func badPatch(s Step, reach ...string) bool {
	paths := slices.Clone(s.Unset)
	for _, set := range s.Set {
		path, _ := pair(set)
		paths = append(paths, path)
	}
	for i, path := range paths {
		field, inside, _ := strings.Cut(path, ".")
		if slices.Contains(s.reserved(), field) || slices.Contains(reach, field) && inside != "" {
			return true
		}
		for j, other := range paths {
			if i != j && (path == other || strings.HasPrefix(path, other+".")) {
				return true
			}
		}
	}
	return false
}

// reserved are fields that a step may try to patch, and may not: a user has no
// cid but in custom data.
func (s Step) reserved() []string {
	if s.Op == PatchUser {
		return []string{"created_at"}
	}
	return []string{"created_at", "cid"}
}

// custom is what of a step's paths is custom data and no field in reach.
func custom(s Step, reach ...string) (set, unset []string) {
	set, unset = slices.Clone(s.Set), slices.Clone(s.Unset)
	isField := func(path string) bool { return slices.Contains(reach, path) }
	set = slices.DeleteFunc(set, func(s string) bool { path, _ := pair(s); return isField(path) })
	return set, slices.DeleteFunc(unset, isField)
}

// field is what a step sets a field to.
func field(s Step, name string) (value string, set bool) {
	for _, each := range s.Set {
		if path, value := pair(each); path == name {
			return value, true
		}
	}
	return "", slices.Contains(s.Unset, name)
}

// Pairs are the paths of a step with their values.
func Pairs(set []string) map[string]any {
	pairs := map[string]any{}
	for _, s := range set {
		path, value := pair(s)
		pairs[path] = value
	}
	return pairs
}

// messageReach are the fields of a message that steps patch.
var messageReach = []string{"text", "attachments", "mentioned_users", "quoted_message_id"}

// patch does a patch of a message.
func (w *World) patch(s Step, m *Message) {
	if text, set := field(s, "text"); set {
		m.Text = text
	}
	if _, set := field(s, "attachments"); set {
		m.Titled = false
	}
	if _, set := field(s, "mentioned_users"); set {
		m.Mentions = nil
	}
	if _, set := field(s, "quoted_message_id"); set {
		w.unquote(s, m)
	}
	m.Custom, _ = m.Custom.patched(custom(s, messageReach...))
}
