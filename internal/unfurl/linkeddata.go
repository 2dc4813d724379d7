package unfurl

import (
	"encoding/json"
	"slices"
	"strings"

	"golang.org/x/net/html"
)

// linkedData is the JSON-LD of a page, read when it is first needed: most pages
// say all in their tags.
type linkedData struct {
	scripts []string
	isRead  bool

	headline, name, description, image, thumbnail string
	publisher, site                               string // names
}

// maxDepth is how deep in JSON-LD things are looked for.
const maxDepth = 8

// thing is a JSON-LD object.
type thing map[string]any

func (d *linkedData) read() *linkedData {
	if d.isRead {
		return d
	}
	d.isRead = true
	var things []thing
	for _, script := range d.scripts {
		var value any
		if json.Unmarshal(jsonOf(script), &value) == nil {
			things = collect(things, value, maxDepth)
		}
	}
	byID := map[string]thing{}
	for _, t := range things {
		if id := t.text("@id"); id != "" && byID[id] == nil {
			byID[id] = t
		}
	}
	for _, t := range things {
		if t.is("WebSite") {
			d.site = first(d.site, t.text("name"))
		}
		if t.is("WebSite", "Organization", "NewsMediaOrganization", "BreadcrumbList", "Person", "ImageObject") {
			continue
		}
		d.headline = first(d.headline, t.text("headline"))
		d.name = first(d.name, t.text("name"))
		d.description = first(d.description, t.text("description"))
		d.image = first(d.image, of(t["image"], byID, "url", "contentUrl"))
		d.thumbnail = first(d.thumbnail, of(t["thumbnailUrl"], byID, "url", "contentUrl"))
		d.publisher = first(d.publisher, of(t["publisher"], byID, "name"))
	}
	return d
}

// jsonOf is the JSON of a script: many have a comment around it, or line breaks
// within strings.
func jsonOf(script string) []byte {
	script = strings.TrimSpace(script)
	for _, wrapping := range []struct{ start, end string }{{"<!--", "-->"}, {"//<![CDATA[", "//]]>"}, {"<![CDATA[", "]]>"}} {
		if inner, ok := strings.CutPrefix(script, wrapping.start); ok {
			script = strings.TrimSpace(strings.TrimSuffix(inner, wrapping.end))
		}
	}
	b := []byte(strings.TrimSuffix(script, ";"))
	for i, c := range b {
		if c < ' ' {
			b[i] = ' '
		}
	}
	return b
}

// collect adds the things of a value: itself, those of a list, those of a graph.
func collect(things []thing, value any, depth int) []thing {
	if depth == 0 {
		return things
	}
	switch value := value.(type) {
	case []any:
		for _, one := range value {
			things = collect(things, one, depth-1)
		}
	case map[string]any:
		things = append(things, value)
		things = collect(things, value["@graph"], depth-1)
	}
	return things
}

// is says whether a thing is of one of the types.
func (t thing) is(types ...string) bool {
	switch value := t["@type"].(type) {
	case string:
		return slices.Contains(types, value)
	case []any:
		return slices.ContainsFunc(value, func(one any) bool {
			name, ok := one.(string)
			return ok && slices.Contains(types, name)
		})
	}
	return false
}

// text is a text of a thing. It should not be escaped for html, but often is.
func (t thing) text(name string) string {
	s, _ := t[name].(string)
	return strings.TrimSpace(html.UnescapeString(s))
}

// of is a text that may stand by itself, in a thing under one of the names, in
// a list of these, or in a thing that is named by its id.
func of(value any, byID map[string]thing, names ...string) string {
	if list, ok := value.([]any); ok && len(list) > 0 {
		value = list[0]
	}
	switch value := value.(type) {
	case string:
		return strings.TrimSpace(html.UnescapeString(value))
	case map[string]any:
		for _, t := range []thing{value, byID[thing(value).text("@id")]} {
			for _, name := range names {
				if s := t.text(name); s != "" {
					return s
				}
			}
		}
	}
	return ""
}
