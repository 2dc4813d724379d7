package chat

import (
	"encoding/json"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"
	"time"
)

// filterChannel is a channel for filters: fields by name, and members.
type filterChannel struct {
	fields map[string]any
	users  []UserID
	asked  []string
	err    error
}

func (c *filterChannel) field(name string) (any, error) {
	c.asked = append(c.asked, name)
	return c.fields[name], c.err
}

func (c *filterChannel) isMember(id UserID) (bool, error) {
	c.asked = append(c.asked, "isMember")
	return slices.Contains(c.users, id), c.err
}

func (c *filterChannel) members() ([]UserID, error) {
	c.asked = append(c.asked, "members")
	return c.users, c.err
}

func newFilterChannel() *filterChannel {
	return &filterChannel{
		fields: map[string]any{
			"type": "messaging", "cid": "messaging:ride", "id": "ride", "name": "Ride to O'Hare, Émile's", "created_by": "john",
			"member_count": 2.0, "created_at": time.Date(2026, 1, 2, 3, 4, 5, 6000, time.UTC), "last_message_at": nil,
			"frozen": false, "has_unread": true,
			"ride": map[string]any{"status": "new", "stops": []any{"a", 2.0, nil, map[string]any{"x": 1.0}}, "price": 9.5, "due": "2026-01-02T03:04:05Z", "none": nil},
			"paid": true,
		},
		users: []UserID{"jane", "john"},
	}
}

func TestFilter(t *testing.T) {
	created := time.Date(2026, 1, 2, 3, 4, 5, 6000, time.UTC)
	tests := map[string]struct {
		filter Filter
		want   bool
	}{
		"zero":                           {Filter{}, true},
		"and of none":                    {And(), true},
		"or of none":                     {Or(), false},
		"or of zero":                     {Or(Filter{}, Eq("type", "team")), true},
		"and":                            {And(Eq("type", "messaging"), Eq("frozen", false)), true},
		"and not":                        {And(Eq("type", "messaging"), Eq("frozen", true)), false},
		"or":                             {Or(Eq("type", "team"), Eq("frozen", false)), true},
		"or not":                         {Or(Eq("type", "team"), Eq("frozen", true)), false},
		"string":                         {Eq("type", "messaging"), true},
		"named string":                   {Eq("cid", CID("messaging:ride")), true},
		"other string":                   {Eq("type", "Messaging"), false},
		"in":                             {In("type", "team", "messaging"), true},
		"not in":                         {In("type", "team"), false},
		"in nothing":                     {In("type"), false},
		"in a slice":                     {In("cid", []CID{"messaging:ride"}), true},
		"in an empty slice":              {In("cid", []CID{}), false},
		"in with nil":                    {In("last_message_at", nil, created), true},
		"in a nil":                       {In("last_message_at", nil), true},
		"string greater":                 {Gt("name", "Ride"), true},
		"int":                            {Eq("member_count", 2), true},
		"uint8":                          {Eq("member_count", uint8(2)), true},
		"float32":                        {Gte("member_count", float32(2)), true},
		"greater":                        {Gt("member_count", 2), false},
		"less":                           {Lt("member_count", 2.5), true},
		"less or equal":                  {Lte("member_count", 1), false},
		"time":                           {Eq("created_at", created), true},
		"time elsewhere":                 {Eq("created_at", created.In(time.FixedZone("", 3600)).Add(999)), true},
		"time as text":                   {Eq("created_at", "2026-01-02T04:04:05.000006+01:00"), true},
		"time after":                     {Gt("created_at", "2026-01-02T03:04:05Z"), true},
		"time before":                    {Lt("created_at", created), false},
		"pointer to a time":              {Lte("created_at", &created), true},
		"time in":                        {In("created_at", created, "2026-01-01T00:00:00Z"), true},
		"bool":                           {Eq("has_unread", true), true},
		"bool in":                        {In("has_unread", true, false), true},
		"absent is nil":                  {Eq("last_message_at", nil), true},
		"present is not nil":             {Eq("type", nil), false},
		"absent is not false":            {Eq("hidden", false), false},
		"absent is not less":             {Lt("last_message_at", created), false},
		"absent is not in":               {In("last_message_at", created), false},
		"absent has no prefix":           {Autocomplete("color", ""), false},
		"absent contains nothing":        {Contains("color", nil), false},
		"exists":                         {Exists("type", true), true},
		"exists not":                     {Exists("type", false), false},
		"absent does not exist":          {Exists("last_message_at", false), true},
		"null does not exist":            {Exists("ride.none", true), false},
		"custom":                         {Eq("paid", true), true},
		"custom number":                  {Gt("ride.price", 9), true},
		"custom path":                    {Eq("ride.status", "new"), true},
		"custom path to nowhere":         {Eq("ride.status.x", nil), true},
		"custom path into an array":      {Eq("ride.stops.0", "a"), false},
		"other kind":                     {Eq("ride.price", "9.5"), false},
		"other kind is not less":         {Lt("ride.price", "z"), false},
		"bool is not less":               {Gte("paid", 1), false},
		"custom time":                    {Eq("ride.due", created), false},
		"custom time before":             {Lt("ride.due", created), true},
		"custom text is no time":         {Lt("ride.status", created), false},
		"custom text as text":            {Gte("ride.due", "2026"), true},
		"array":                          {Eq("ride.stops", []any{"a", 2, nil, Custom{"x": 1}}), true},
		"array in another order":         {Eq("ride.stops", []any{2, "a", nil, Custom{"x": 1}}), false},
		"array is not its element":       {Eq("ride.stops", "a"), false},
		"contains text":                  {Contains("ride.stops", "a"), true},
		"contains number":                {Contains("ride.stops", 2), true},
		"contains null":                  {Contains("ride.stops", nil), true},
		"contains object":                {Contains("ride.stops", map[string]int{"x": 1}), true},
		"contains not":                   {Contains("ride.stops", "b"), false},
		"contains is not for text":       {Contains("ride.status", "new"), false},
		"autocomplete":                   {Autocomplete("name", "rid"), true},
		"autocomplete second word":       {Autocomplete("name", "TO"), true},
		"autocomplete over words":        {Autocomplete("name", "to o'h"), true},
		"autocomplete after a mark":      {Autocomplete("name", "hare"), true},
		"autocomplete accent":            {Autocomplete("name", "ÉMI"), true},
		"autocomplete inside a word":     {Autocomplete("name", "ide"), false},
		"autocomplete nothing":           {Autocomplete("name", " "), true},
		"autocomplete number":            {Autocomplete("ride.price", "9"), false},
		"member":                         {Eq("members", "jane"), true},
		"member by id":                   {Contains("members", UserID("jane")), true},
		"no member":                      {Contains("members", "ann"), false},
		"any member":                     {In("members", "ann", "jane"), true},
		"any member of a list":           {In("members", []UserID{"ann", "john"}), true},
		"none of the members":            {In("members", "ann", "bob"), false},
		"members nil":                    {Eq("members", nil), false},
		"members in nil":                 {In("members", nil, "ann"), false},
		"exactly the members":            {Eq("members", []string{"john", "jane", "john"}), true},
		"fewer members":                  {Eq("members", []UserID{"john"}), false},
		"more members":                   {Eq("members", []any{"john", "jane", "ann"}), false},
		"members exist":                  {Exists("members", true), true},
		"members do not exist":           {Exists("members", false), false},
		"8 levels":                       {nestedFilter(8), true},
		"100 conditions":                 {And(slices.Repeat([]Filter{Eq("type", "messaging")}, 100)...), true},
		"100 values":                     {In("member_count", slices.Repeat([]any{2}, 100)...), true},
		"like a field's in other case":   {Eq("Type", nil), true},
		"field of the engine further in": {Exists("ride.type", false), true},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if err := test.filter.validate(); err != nil {
				t.Fatal(err)
			}
			if got, err := test.filter.matches(newFilterChannel()); err != nil || got != test.want {
				t.Errorf("got %v, %v; want %v", got, err, test.want)
			}
		})
	}
	alone := &filterChannel{}
	for _, filter := range []Filter{Eq("members", nil), In("members", "ann", nil), Exists("members", false), Eq("members", []string{})} {
		if got, err := filter.matches(alone); err != nil || !got {
			t.Errorf("a channel without members: got %v, %v", got, err)
		}
	}
}

// nestedFilter is a condition inside so many levels of And.
func nestedFilter(levels int) Filter {
	filter := Eq("type", "messaging")
	for range levels {
		filter = And(filter)
	}
	return filter
}

func TestFilterRefuses(t *testing.T) {
	tests := map[string]struct {
		filter        Filter
		field, reason string
	}{
		"9 levels":               {nestedFilter(9), "filter", "more than 8 deep"},
		"101 conditions":         {And(slices.Repeat([]Filter{Eq("type", "a")}, 101)...), "filter", "more than 100 conditions"},
		"101 empty filters":      {Or(slices.Repeat([]Filter{{}}, 101)...), "filter", "more than 100 conditions"},
		"101 values":             {In("type", slices.Repeat([]any{"a"}, 101)...), "filter.type", "at most 100"},
		"101 values in a slice":  {In("type", slices.Repeat([]string{"a"}, 1000)), "filter.type", "at most 100"},
		"101 members":            {Eq("members", slices.Repeat([]string{"a"}, 101)), "filter.members", "101 values; at most 100"},
		"no field":               {Eq("", 1), "filter", "empty"},
		"empty part":             {Eq("a..b", 1), "filter", "empty part"},
		"field not UTF-8":        {Eq("\xff", 1), "filter", "UTF-8"},
		"part of a field":        {Eq("members.0", "a"), "filter.members.0", "no parts"},
		"not for filters":        {Eq("truncated_at", "a"), "filter.truncated_at", "cannot be filtered by"},
		"part not for filters":   {Eq("config_overrides.typing", true), "filter.config_overrides.typing", "cannot be filtered by"},
		"number for a string":    {Eq("type", 1), "filter.type", "Eq does not take a number here; it needs a string"},
		"string for a number":    {Gt("member_count", "1"), "filter.member_count", "needs a number"},
		"text for a time":        {Lt("created_at", "yesterday"), "filter.created_at", "needs a time"},
		"number for a time":      {Lt("created_at", 1), "filter.created_at", "a number"},
		"string for a bool":      {Eq("frozen", "true"), "filter.frozen", "needs a boolean"},
		"wrong among others":     {In("frozen", true, 1), "filter.frozen", "a number"},
		"time for a string":      {Eq("name", time.Time{}), "filter.name", "a time"},
		"number for members":     {Contains("members", 1), "filter.members", "needs user ids"},
		"list in members":        {In("members", []string{"a"}, []string{"b"}), "filter.members", "an array"},
		"numbers for members":    {Eq("members", []int{1}), "filter.members", "an array"},
		"greater bool":           {Gt("frozen", true), "filter.frozen", "Gt does not apply to a boolean"},
		"greater members":        {Gt("members", "a"), "filter.members", "does not apply"},
		"contains in a string":   {Contains("name", "a"), "filter.name", "Contains does not apply"},
		"autocomplete a number":  {Autocomplete("member_count", "a"), "filter.member_count", "does not apply"},
		"autocomplete not UTF-8": {Autocomplete("name", "\xff"), "filter.name", "UTF-8"},
		"greater than nil":       {Gt("ride.price", nil), "filter.ride.price", "does not take null"},
		"greater than an array":  {Gt("ride.price", []int{1}), "filter.ride.price", "a string, a number or a time"},
		"NaN":                    {Eq("ride.price", math.NaN()), "filter.ride.price", "no number"},
		"infinity":               {Lt("member_count", math.Inf(1)), "filter.member_count", "no number"},
		"inexact":                {Eq("ride.price", 1<<53+1), "filter.ride.price", "send it as a string"},
		"without a form":         {Eq("ride.price", make(chan int)), "filter.ride.price", "unsupported"},
		"value with NUL":         {Eq("type", "\x00"), "filter.type", "NUL"},
		"further in":             {And(Filter{}, Or(Eq("type", 1))), "filter.type", "a number"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			wantInvalid(t, test.filter.validate(), test.field, test.reason)
			_, _ = test.filter.matches(newFilterChannel()) // must not panic
		})
	}
}

func TestFilterAsksOnlyWhatItNeeds(t *testing.T) {
	tests := map[string]struct {
		filter Filter
		asked  string
	}{
		"zero":                     {Filter{}, ""},
		"first decides":            {And(Eq("type", "team"), Contains("members", "jane")), "type"},
		"or ends early":            {Or(Eq("type", "messaging"), Contains("members", "jane")), "type"},
		"one member":               {Eq("members", "jane"), "isMember"},
		"members":                  {Eq("members", []string{"jane"}), "members"},
		"custom by its first name": {Eq("ride.status", "new"), "ride"},
	}
	for name, test := range tests {
		channel := newFilterChannel()
		if _, err := test.filter.matches(channel); err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(channel.asked, " "); got != test.asked {
			t.Errorf("%s: asked for %q, want %q", name, got, test.asked)
		}
	}
	broken := errors.New("broken")
	for _, filter := range []Filter{And(Eq("type", "a")), Or(Eq("members", "a")), Eq("members", nil)} {
		if matched, err := filter.matches(&filterChannel{err: broken}); matched || !errors.Is(err, broken) {
			t.Errorf("got %v, %v; want the error of the source", matched, err)
		}
	}
}

func TestFilterKeepsItsOwnValues(t *testing.T) {
	values, parts := []any{"messaging"}, []Filter{Eq("type", "messaging")}
	filters := []Filter{In("type", values...), In("type", values), And(parts...), Or(parts...)}
	values[0], parts[0] = "team", Eq("type", "team")
	for i, filter := range filters {
		if matched, err := filter.matches(newFilterChannel()); err != nil || !matched {
			t.Errorf("filter %d changed with what it was made from", i)
		}
	}
}

func TestFilterRequires(t *testing.T) {
	tests := map[string]struct {
		filter Filter
		field  string
		want   string
		ok     bool
	}{
		"zero":              {Filter{}, "type", "", false},
		"eq":                {Eq("type", "a"), "type", "a", true},
		"eq named":          {Eq("cid", CID("a:b")), "cid", "a:b", true},
		"eq nil":            {Eq("type", nil), "type", "", false},
		"eq of another":     {Eq("type", "a"), "cid", "", false},
		"in":                {In("type", "b", "a", "b"), "type", "a b", true},
		"in nothing":        {In("type"), "type", "", true},
		"in with nil":       {In("type", "a", nil), "type", "", false},
		"greater":           {Gt("type", "a"), "type", "", false},
		"exists":            {Exists("type", true), "type", "", false},
		"autocomplete":      {Autocomplete("type", "a"), "type", "", false},
		"and":               {And(Eq("frozen", true), Eq("type", "a")), "type", "a", true},
		"and takes fewest":  {And(In("type", "a", "b"), Eq("type", "c")), "type", "c", true},
		"and without":       {And(Eq("frozen", true)), "type", "", false},
		"or":                {Or(Eq("type", "b"), In("type", "a", "b")), "type", "a b", true},
		"or without":        {Or(Eq("type", "b"), Eq("frozen", true)), "type", "", false},
		"or of none":        {Or(), "type", "", true},
		"or of and":         {Or(And(Eq("type", "a"), Eq("frozen", true)), Eq("type", "b")), "type", "a b", true},
		"member":            {Eq("members", "a"), "members", "a", true},
		"contains member":   {Contains("members", "a"), "members", "a", true},
		"any member":        {In("members", "a", "b"), "members", "a b", true},
		"exactly":           {Eq("members", []string{"a", "b"}), "members", "a", true},
		"exactly none":      {Eq("members", []string{}), "members", "", false},
		"contains in array": {Contains("tags", "a"), "tags", "", false},
		"wrong":             {In("type", make(chan int)), "type", "", false},
	}
	for name, test := range tests {
		values, ok := test.filter.requires(test.field)
		if got := strings.Join(values, " "); got != test.want || ok != test.ok {
			t.Errorf("%s: got %q, %v; want %q, %v", name, got, ok, test.want, test.ok)
		}
	}
}

func TestFilterMentions(t *testing.T) {
	filter := And(Eq("type", "a"), Or(Exists("ride.status", true), Contains("members", "jane")))
	for field, want := range map[string]bool{"type": true, "ride": true, "members": true, "ride.status": false, "cid": false, "": false} {
		if got := filter.mentions(field); got != want {
			t.Errorf("%q: got %v", field, got)
		}
	}
	if (Filter{}).mentions("") {
		t.Error("the zero filter mentions something")
	}
}

// fuzzFilter makes a filter from a document: {"and": […]}, {"or": […]} or
// {"eq": "field", "value": …}.
func fuzzFilter(document any) Filter {
	object, _ := document.(map[string]any)
	for join, combine := range map[string]func(...Filter) Filter{"and": And, "or": Or} {
		if list, ok := object[join].([]any); ok {
			var parts []Filter
			for _, part := range list {
				parts = append(parts, fuzzFilter(part))
			}
			return combine(parts...)
		}
	}
	value := object["value"]
	for name, condition := range map[string]func(string, any) Filter{
		"eq": Eq, "gt": Gt, "gte": Gte, "lt": Lt, "lte": Lte, "contains": Contains,
		"in":     func(field string, value any) Filter { return In(field, value) },
		"exists": func(field string, value any) Filter { return Exists(field, value != nil) },
		"autocomplete": func(field string, value any) Filter {
			prefix, _ := value.(string)
			return Autocomplete(field, prefix)
		},
	} {
		if field, ok := object[name].(string); ok {
			return condition(field, value)
		}
	}
	return Filter{}
}

func FuzzFilter(f *testing.F) {
	for _, seed := range []string{
		`{}`, `{"and":[{"eq":"type","value":"messaging"},{"or":[{"in":"members","value":["jane",null]},{"lt":"created_at","value":"2026-01-02T03:04:05Z"}]}]}`,
		`{"contains":"ride.stops","value":{"x":1}}`, `{"autocomplete":"name","value":"İ"}`, `{"exists":"ride.none"}`, `{"eq":"members","value":["jane","john"]}`,
	} {
		f.Add(seed, "Ride to O'Hare")
	}
	f.Fuzz(func(t *testing.T, document, name string) {
		var parsed any
		if json.Unmarshal([]byte(document), &parsed) != nil {
			return
		}
		filter := fuzzFilter(parsed)
		channel := newFilterChannel()
		channel.fields["name"] = name
		matched, matchErr := filter.matches(channel)
		required := map[string][]string{}
		for _, field := range []string{"type", "cid", "members"} {
			if values, ok := filter.requires(field); ok {
				required[field] = values
			}
		}
		if err := filter.validate(); err != nil {
			if !errors.Is(err, ErrInvalid) {
				t.Fatalf("%v is not ErrInvalid", err)
			}
			return
		}
		if matchErr != nil {
			t.Fatalf("a valid filter failed: %v", matchErr)
		}
		for _, asked := range channel.asked {
			if asked != "isMember" && !filter.mentions(asked) {
				t.Fatalf("asked for %q, which the filter does not mention", asked)
			}
		}
		for field, values := range required {
			has := func(value string) bool { return channel.fields[field] == value }
			if field == "members" {
				has = func(value string) bool { return slices.Contains(channel.users, UserID(value)) }
			}
			if matched && !slices.ContainsFunc(values, has) {
				t.Fatalf("matched without any of %q in %s", values, field)
			}
		}
		if both, err := And(filter, filter).matches(channel); err != nil || both != matched {
			t.Fatalf("and: %v, %v; alone: %v", both, err, matched)
		}
		if either, err := Or(filter, Or()).matches(channel); err != nil || either != matched {
			t.Fatalf("or: %v, %v; alone: %v", either, err, matched)
		}
	})
}
