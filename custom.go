package chat

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"math/big"
	"math/bits"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// maxCustomDepth bounds objects and arrays inside each other, the outermost
// included.
const maxCustomDepth = 32

// nameSet is a set of field names.
type nameSet map[string]bool

// The names that custom data may not use, because in JSON it lies flat beside
// the engine's own fields. They come from the structs that make the JSON, so
// that a new field is reserved by being written down once.
var (
	messageFields    = namesOf[messageJSON]("user_id", "skip_push", "skip_enrich_url", "hard_delete")
	attachmentFields = namesOf[attachmentJSON]()
	reactionFields   = namesOf[reactionJSON]("user_id")
	userFields       = namesOf[userJSON]("user_id")
	memberFields     = namesOf[memberJSON]("user_id")

	// What a channel can be filtered by is reserved too: a custom field of that
	// name could not be reached.
	channelFields = namesOf[channelJSON](slices.Collect(maps.Keys(filterFields))...)
)

// namesOf is the set of the JSON names of a struct's fields and some more.
func namesOf[Wire any](more ...string) nameSet {
	names := nameSet{}
	wire := reflect.TypeFor[Wire]()
	for i := range wire.NumField() {
		names[jsonName(wire.Field(i))] = true
	}
	for _, name := range more {
		names[name] = true
	}
	return names
}

func jsonName(field reflect.StructField) string {
	name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
	return name
}

// encodeCustom checks custom data and returns it as compact JSON with sorted
// keys; nil when there is none. What it refuses is ErrInvalid and names the
// path, beginning with field. Decoding the result with decodeCustom gives
// exactly what every later read gives; encoding that again gives the same
// bytes.
func encodeCustom(field string, custom Custom, limit int, reserved nameSet) ([]byte, error) {
	if len(custom) == 0 {
		return nil, nil
	}
	for _, key := range slices.Sorted(maps.Keys(custom)) {
		if reserved[key] {
			return nil, invalid(field+"."+key, "%q is a reserved name: choose another", key)
		}
	}
	normal, err := normalValue(field, map[string]any(custom), 1)
	if err != nil {
		return nil, err
	}
	encoded, err := marshalPlain(normal)
	if err != nil {
		return nil, invalid(field, "cannot be written as JSON: %v", err)
	}
	if len(encoded) > limit {
		return nil, invalid(field, "custom data is %s bytes of JSON; at most %s", grouped(len(encoded)), grouped(limit))
	}
	return encoded, nil
}

// decodeCustom is the inverse of encodeCustom. Bytes that encodeCustom did not
// make may give nil.
func decodeCustom[Bytes string | []byte](encoded Bytes) Custom {
	if len(encoded) == 0 {
		return nil
	}
	var custom Custom
	if err := json.Unmarshal([]byte(encoded), &custom); err != nil || len(custom) == 0 {
		return nil
	}
	return custom
}

// normalValue returns a deep copy of a value as a read gives it back: nil,
// bool, string, float64, []any or map[string]any. It is ErrInvalid, naming the
// path, when the value has no such form or the form would not hold all of it.
// Depth is that of the value itself, 1 for the outermost object.
func normalValue(path string, value any, depth int) (any, error) {
	switch value := value.(type) {
	case nil:
		return nil, nil
	case bool:
		return value, nil
	case string:
		return value, checkText(path, value)
	case float64:
		if math.IsNaN(value) || math.IsInf(value, 0) {
			return nil, invalid(path, "%v is no number in JSON", value)
		}
		return value, nil
	case int:
		return exactInteger(path, int64(value))
	case int64:
		return exactInteger(path, value)
	case json.Number:
		return exactNumber(path, value)
	case Custom:
		return normalObject(path, value, depth)
	case map[string]any:
		return normalObject(path, value, depth)
	case []any:
		return normalArray(path, value, depth)
	}
	// Any other kind of value is what encoding/json makes of it.
	encoded, err := marshalRecovering(value)
	if err != nil {
		return nil, invalid(path, "cannot be written as JSON: %v", err)
	}
	if !utf8.Valid(encoded) || hasReplacement(encoded) {
		return nil, invalid(path, "has a string that is not valid UTF-8")
	}
	decoder := json.NewDecoder(bytes.NewReader(encoded))
	decoder.UseNumber() // so that exactNumber sees the digits
	var plain any
	if err := decoder.Decode(&plain); err != nil {
		return nil, invalid(path, "cannot be written as JSON: %v", err)
	}
	return normalValue(path, plain, depth)
}

func normalObject(path string, object map[string]any, depth int) (any, error) {
	if object == nil {
		return nil, nil // as encoding/json has it
	}
	if depth > maxCustomDepth {
		return nil, tooDeep(path)
	}
	normal := make(map[string]any, len(object))
	// In order, so that the same data always meets the same error.
	for _, key := range slices.Sorted(maps.Keys(object)) {
		if err := checkKey(path, key); err != nil {
			return nil, err
		}
		value, err := normalValue(path+"."+key, object[key], depth+1)
		if err != nil {
			return nil, err
		}
		normal[key] = value
	}
	return normal, nil
}

func normalArray(path string, array []any, depth int) (any, error) {
	if array == nil {
		return nil, nil
	}
	if depth > maxCustomDepth {
		return nil, tooDeep(path)
	}
	normal := make([]any, len(array))
	for i, value := range array {
		var err error
		if normal[i], err = normalValue(element(path, i), value, depth+1); err != nil {
			return nil, err
		}
	}
	return normal, nil
}

func tooDeep(path string) error {
	return invalid(path, "is nested more than %d deep, or contains itself", maxCustomDepth)
}

// checkKey refuses keys that a dotted path could not name.
func checkKey(path, key string) error {
	switch {
	case key == "":
		return invalid(path, "has an empty key")
	case strings.Contains(key, "."):
		return invalid(path, "the key %.64q has a dot, which separates the parts of a path", key)
	case !utf8.ValidString(key) || strings.Contains(key, "\x00"):
		return invalid(path, "the key %.64q is not valid UTF-8 without NUL", key)
	}
	return nil
}

func exactInteger(path string, value int64) (any, error) {
	magnitude := uint64(value)
	if value < 0 {
		magnitude = -magnitude
	}
	// Float64 holds 53 significant bits.
	if bits.Len64(magnitude)-bits.TrailingZeros64(magnitude) > 53 {
		return nil, inexact(path, strconv.FormatInt(value, 10))
	}
	return float64(value), nil
}

// exactNumber is the float64 of a number in JSON. An integer must be held
// exactly; a fraction is rounded as always.
func exactNumber(path string, number json.Number) (any, error) {
	literal := string(number)
	if literal == "" {
		literal = "0" // as encoding/json has it
	}
	if strings.Trim(literal, "0123456789+-.eE") != "" || !json.Valid([]byte(literal)) {
		return nil, invalid(path, "%.64q is no number in JSON", literal)
	}
	value, err := strconv.ParseFloat(literal, 64)
	if err != nil {
		return nil, invalid(path, "the number %.64s is too large: send it as a string", literal)
	}
	// The shortest form of a large float64 ends in zeros that it does not hold.
	if !strings.ContainsAny(literal, ".eE") && literal != strconv.FormatFloat(value, 'f', -1, 64) {
		exact, _ := new(big.Int).SetString(literal, 10)
		held, _ := big.NewFloat(value).Int(nil)
		if exact == nil || exact.Cmp(held) != 0 {
			return nil, inexact(path, literal)
		}
	}
	return value, nil
}

func inexact(path, literal string) error {
	return invalid(path, "a float64 cannot hold the integer %.64s exactly: send it as a string", literal)
}

// marshalRecovering marshals a value of the caller's, whose MarshalJSON may
// panic.
func marshalRecovering(value any) (encoded []byte, err error) {
	defer func() {
		if cause := recover(); cause != nil {
			err = fmt.Errorf("marshaling panicked: %v", cause)
		}
	}()
	return marshalPlain(value)
}

// marshalPlain is json.Marshal that leaves < > & as they are.
func marshalPlain(value any) ([]byte, error) {
	var buffer bytes.Buffer
	encoder := json.NewEncoder(&buffer)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(buffer.Bytes(), []byte("\n")), nil
}

// hasReplacement tells whether JSON has an escape that decodes to U+FFFD.
// Encoding/json writes a byte that is not UTF-8 as \ufffd, and the character
// U+FFFD itself unescaped; it reads half a surrogate pair as U+FFFD.
func hasReplacement(encoded []byte) bool {
	for i := 0; i+1 < len(encoded); i++ {
		if encoded[i] != '\\' {
			continue
		}
		if encoded[i+1] != 'u' {
			i++ // past the escaped character, which may be a backslash
			continue
		}
		switch unit := codeUnit(encoded[i:]); {
		case unit == utf8.RuneError, 0xDC00 <= unit && unit < 0xE000:
			return true
		case 0xD800 <= unit && unit < 0xDC00:
			i += 6
			if low := codeUnit(encoded[i:]); low < 0xDC00 || low >= 0xE000 {
				return true
			}
		}
		i += 5
	}
	return false
}

// codeUnit reads an escape such as \u00e9 at the start of JSON; -1 if there is
// none.
func codeUnit(encoded []byte) rune {
	if len(encoded) < 6 || encoded[0] != '\\' || encoded[1] != 'u' {
		return -1
	}
	unit, err := strconv.ParseUint(string(encoded[2:6]), 16, 16)
	if err != nil {
		return -1
	}
	return rune(unit)
}

// marshalFlat writes a struct as a JSON object with custom data flat behind its
// fields, sorted. A custom key of a reserved name, which no call accepts, is
// left out: the field wins.
func marshalFlat(wire any, custom Custom, reserved nameSet) ([]byte, error) {
	encoded, err := marshalPlain(wire)
	if err != nil {
		return nil, err
	}
	isReserved := func(key string, _ any) bool { return reserved[key] }
	for key := range custom {
		if reserved[key] {
			custom = maps.Clone(custom)
			maps.DeleteFunc(custom, isReserved)
			break
		}
	}
	if len(custom) == 0 {
		return encoded, nil
	}
	flat, err := marshalPlain(custom)
	if err != nil {
		return nil, err
	}
	encoded = encoded[:len(encoded)-1] // the closing brace
	if len(encoded) > 1 {
		encoded = append(encoded, ',')
	}
	return append(encoded, flat[1:]...), nil
}

// unmarshalFlat is the inverse of marshalFlat; wire is a pointer to a struct.
// Unlike encoding/json it takes no other spelling of a field's name, so that
// the custom key "Text" never becomes the field "text". Skip names fields that
// are not read.
func unmarshalFlat(data []byte, wire any, reserved nameSet, skip ...string) (Custom, error) {
	var object map[string]json.RawMessage
	if err := json.Unmarshal(data, &object); err != nil {
		return nil, withoutGoTypes(err)
	}
	fields := reflect.ValueOf(wire).Elem()
	for i := range fields.NumField() {
		name := jsonName(fields.Type().Field(i))
		raw, ok := object[name]
		if !ok || slices.Contains(skip, name) {
			continue
		}
		if err := json.Unmarshal(raw, fields.Field(i).Addr().Interface()); err != nil {
			return nil, fmt.Errorf("%s: %w", name, withoutGoTypes(err))
		}
		delete(object, name)
	}
	var custom Custom
	for key, raw := range object {
		if reserved[key] {
			continue
		}
		var value any
		if err := json.Unmarshal(raw, &value); err != nil {
			return nil, fmt.Errorf("%s: %w", key, withoutGoTypes(err))
		}
		if custom == nil {
			custom = make(Custom, len(object))
		}
		custom[key] = value
	}
	return custom, nil
}

// withoutGoTypes words a mismatch of types without the names of our own.
func withoutGoTypes(err error) error {
	var mismatch *json.UnmarshalTypeError
	if errors.As(err, &mismatch) {
		return fmt.Errorf("a JSON %s does not fit here", mismatch.Value)
	}
	return err
}

// grouped writes a count with its thousands apart: 5,120.
func grouped(count int) string {
	digits := strconv.Itoa(count)
	for i := len(digits) - 3; i > 0 && digits[i-1] != '-'; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}
