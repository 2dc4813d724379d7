// Package attack puts known attack strings where a message may hold them, for
// the tests of package markup: its own, an independent sanitizer's, a browser's.
package attack

import (
	"encoding/json"
	"os"
	"strings"

	"example.com/chat/internal/markup"
)

// Load reads the strings of a file: an array of them in JSON.
func Load(file string) ([]string, error) {
	raw, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var list []string
	err = json.Unmarshal(raw, &list)
	return list, err
}

// Forms is an attack as the text of a message: alone, and in each part of one.
func Forms(s string) []string {
	return []string{
		s,
		"[" + s + "](https://a.example)",
		"[a](" + s + ")",
		"[a](<" + s + ">)",
		"[a](https://a.example \"" + s + "\")",
		"![" + s + "](https://a.example/i.png)",
		"![a](" + s + ")",
		"![a](https://a.example/i.png '" + s + "')",
		"<" + s + ">",
		"`" + s + "`",
		"```" + s + "\n" + s + "\n```",
		"~~~ " + s + "\n" + s,
		"    " + s,
		"> " + strings.ReplaceAll(s, "\n", "\n> "),
		"- " + s + "\n  1. " + s,
		"# " + s,
		"**" + s + "** ~~" + s + "~~ *" + s + "*",
		"https://a.example/" + s,
		s + "\n\n" + s,
	}
}

// Outputs is all the html that an attack becomes: as a text in each form, and as
// html of the application.
func Outputs(r *markup.Renderer, s string) []string {
	list := []string{
		r.Rebuild(s), r.Rebuild(`<a href="` + s + `">a</a>`), r.Rebuild("<p title='" + s + "'>" + s),
		r.Rebuild(`<img src="` + s + `" alt='` + s + `'>`), r.Rebuild("<pre><code class=\"language-" + s + "\">" + s),
	}
	for _, text := range Forms(s) {
		made, err := r.Render(text)
		if err != nil {
			made.HTML = "<failed>" // no test lets this pass
		}
		if made.Plain {
			made.HTML = markup.Paragraph(text)
		}
		list = append(list, made.HTML)
	}
	return list
}
