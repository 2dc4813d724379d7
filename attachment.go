package chat

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"
)

const (
	maxAttachments         = 30
	maxAttachmentBytes     = 5 << 10 // of compact JSON, all attachments of a message together
	maxAttachmentTypeBytes = 64
)

// attachmentJSON is the form of an [Attachment] in JSON, without its custom
// data.
type attachmentJSON struct {
	Type        string             `json:"type,omitempty"`
	AuthorName  string             `json:"author_name,omitempty"`
	AuthorLink  string             `json:"author_link,omitempty"`
	Title       string             `json:"title,omitempty"`
	TitleLink   string             `json:"title_link,omitempty"`
	Text        string             `json:"text,omitempty"`
	ImageURL    string             `json:"image_url,omitempty"`
	ThumbURL    string             `json:"thumb_url,omitempty"`
	AssetURL    string             `json:"asset_url,omitempty"`
	OGScrapeURL string             `json:"og_scrape_url,omitempty"`
	Actions     []AttachmentAction `json:"actions,omitempty"`
}

// MarshalJSON writes the fields that are set, and custom data flat beside them.
func (a Attachment) MarshalJSON() ([]byte, error) {
	return marshalFlat(&attachmentJSON{
		Type:        a.Type,
		AuthorName:  a.AuthorName,
		AuthorLink:  a.AuthorLink,
		Title:       a.Title,
		TitleLink:   a.TitleLink,
		Text:        a.Text,
		ImageURL:    a.ImageURL,
		ThumbURL:    a.ThumbURL,
		AssetURL:    a.AssetURL,
		OGScrapeURL: a.OGScrapeURL,
		Actions:     a.Actions,
	}, a.Custom, attachmentFields)
}

// UnmarshalJSON reads what MarshalJSON writes. Unknown fields are custom data.
func (a *Attachment) UnmarshalJSON(data []byte) error {
	var wire attachmentJSON
	custom, err := unmarshalFlat(data, &wire, attachmentFields)
	if err != nil {
		return err
	}
	*a = Attachment{
		Type:        wire.Type,
		AuthorName:  wire.AuthorName,
		AuthorLink:  wire.AuthorLink,
		Title:       wire.Title,
		TitleLink:   wire.TitleLink,
		Text:        wire.Text,
		ImageURL:    wire.ImageURL,
		ThumbURL:    wire.ThumbURL,
		AssetURL:    wire.AssetURL,
		OGScrapeURL: wire.OGScrapeURL,
		Actions:     nilIfEmpty(wire.Actions),
		Custom:      custom,
	}
	return nil
}

// encodeAttachments checks attachments from a caller and returns them as a
// compact JSON array; nil when there are none. What it refuses is ErrInvalid
// and names the place: "attachments[2].image_url" for the field "attachments".
// Decoding the result gives what every later read gives.
func encodeAttachments(field string, list []Attachment) ([]byte, error) {
	for i := range list {
		if list[i].OGScrapeURL != "" {
			return nil, notYourPreview(element(field, i))
		}
	}
	encoded, _, err := encodeBesidePreview(field, list)
	return encoded, err
}

// notYourPreview is the error for a preview that is not the engine's.
func notYourPreview(place string) error {
	return invalid(place+".og_scrape_url", "is set by the engine alone, on the preview of a link; leave it out, or give the preview back as it is")
}

// claim is an attachment from a caller that says it is the preview which the
// message has.
type claim struct {
	place string
	Attachment
}

// encodeBesidePreview is encodeAttachments for a message that may have a
// preview. The attachments that claim to be it are returned apart; they count
// towards no limit.
func encodeBesidePreview(field string, list []Attachment) (encoded []byte, claims []claim, err error) {
	if len(list) > maxAttachments+1 {
		return nil, nil, tooManyAttachments(field, len(list)) // before any work
	}
	count := 0
	for i, attachment := range list {
		place := element(field, i)
		one, err := encodeAttachment(place, attachment)
		if err != nil {
			return nil, nil, err
		}
		if attachment.OGScrapeURL != "" {
			claims = append(claims, claim{place, attachment})
			continue
		}
		if count == 0 {
			encoded = append(encoded, '[')
		} else {
			encoded = append(encoded, ',')
		}
		encoded = append(encoded, one...)
		count++
	}
	if count == 0 {
		return nil, claims, nil
	}
	encoded = append(encoded, ']')
	if count > maxAttachments {
		return nil, nil, tooManyAttachments(field, count)
	}
	if size := len(encoded); size > maxAttachmentBytes {
		return nil, nil, invalid(field, "together are %s bytes of JSON; at most %s", grouped(size), grouped(maxAttachmentBytes))
	}
	return encoded, claims, nil
}

// encodePreview checks what an Enricher made of a link and returns it as it is
// stored; nothing if there is nothing in it.
func encodePreview(link string, preview Attachment) (string, error) {
	preview.OGScrapeURL = ""
	encoded, err := encodeAttachment("preview", preview)
	if err != nil || string(encoded) == "{}" {
		return "", err
	}
	preview.OGScrapeURL = link
	if encoded, err = encodeAttachment("preview", preview); err != nil {
		return "", err
	}
	if len(encoded) > maxPreviewBytes {
		return "", invalid("preview", "is %s bytes of JSON; at most %s", grouped(len(encoded)), grouped(maxPreviewBytes))
	}
	return string(encoded), nil
}

// decodePreview is the inverse of encodePreview.
func decodePreview(stored string) Attachment {
	list := decodeAttachments("[" + stored + "]")
	if len(list) == 0 {
		return Attachment{}
	}
	return list[0]
}

// joinPreview puts a preview, if there is one, behind stored attachments.
func joinPreview(own, preview string) string {
	switch {
	case preview == "":
		return own
	case own == "":
		return "[" + preview + "]"
	}
	return strings.TrimSuffix(own, "]") + "," + preview + "]"
}

// splitPreview is the inverse of joinPreview. The preview is the one attachment
// with an og_scrape_url, and the last.
func splitPreview(stored string) (own, preview string) {
	if !strings.Contains(stored, `"og_scrape_url"`) {
		return stored, ""
	}
	var list []json.RawMessage
	if err := json.Unmarshal([]byte(stored), &list); err != nil || len(list) == 0 {
		return stored, ""
	}
	preview = string(list[len(list)-1])
	if decodePreview(preview).OGScrapeURL == "" {
		return stored, ""
	}
	if own = strings.TrimSuffix(stored, preview+"]"); own == "[" {
		return "", preview
	}
	return strings.TrimSuffix(own, ",") + "]", preview
}

// countAttachments is how many attachments are stored.
func countAttachments(stored string) int { return len(decodeAttachments(stored)) }

func tooManyAttachments(field string, count int) error {
	return invalid(field, "has %s attachments; at most %d", grouped(count), maxAttachments)
}

// decodeAttachments is the inverse of encodeAttachments. Bytes that
// encodeAttachments did not make may give nil.
func decodeAttachments[Bytes string | []byte](encoded Bytes) []Attachment {
	if len(encoded) == 0 {
		return nil
	}
	var list []Attachment
	if err := json.Unmarshal([]byte(encoded), &list); err != nil {
		return nil
	}
	return nilIfEmpty(list)
}

// sameAttachment tells whether two attachments read the same, whatever Go types
// their custom data has: what came back from a client is the preview that was
// sent to it.
func sameAttachment(a, b Attachment) bool {
	first, err := encodeAttachment("", a)
	if err != nil {
		return false
	}
	second, err := encodeAttachment("", b)
	return err == nil && string(first) == string(second)
}

// encodeAttachment checks one attachment by itself and returns its compact JSON.
func encodeAttachment(place string, attachment Attachment) ([]byte, error) {
	if size := len(attachment.Type); size > maxAttachmentTypeBytes {
		return nil, invalid(place+".type", "is %s bytes; at most %d", grouped(size), maxAttachmentTypeBytes)
	}
	for _, text := range attachmentTexts(&attachment) {
		if err := checkText(place+"."+text.name, *text.value); err != nil {
			return nil, err
		}
		if text.isURL {
			if err := checkAttachmentURL(place+"."+text.name, *text.value); err != nil {
				return nil, err
			}
		}
	}
	for i, action := range attachment.Actions {
		place := element(place+".actions", i)
		if action.Name == "" {
			return nil, invalid(place+".name", "is empty: an action is called by its name")
		}
		for _, text := range actionTexts(&action) {
			if err := checkText(place+"."+text.name, *text.value); err != nil {
				return nil, err
			}
		}
	}
	custom, err := encodeCustom(place+".custom", attachment.Custom, maxAttachmentBytes, attachmentFields)
	if err != nil {
		return nil, err
	}
	attachment.Custom = decodeCustom(custom) // in the form that a read gives
	encoded, err := marshalPlain(attachment)
	if err != nil {
		return nil, invalid(place, "cannot be written as JSON: %v", err)
	}
	return encoded, nil
}

// textField is a string field with its JSON name.
type textField struct {
	name  string
	value *string
	isURL bool
}

func attachmentTexts(a *Attachment) []textField {
	return []textField{
		{name: "type", value: &a.Type},
		{name: "author_name", value: &a.AuthorName},
		{name: "author_link", value: &a.AuthorLink, isURL: true},
		{name: "title", value: &a.Title},
		{name: "title_link", value: &a.TitleLink, isURL: true},
		{name: "text", value: &a.Text},
		{name: "image_url", value: &a.ImageURL, isURL: true},
		{name: "thumb_url", value: &a.ThumbURL, isURL: true},
		{name: "asset_url", value: &a.AssetURL, isURL: true},
		// As typed in the message, which may leave out the scheme.
		{name: "og_scrape_url", value: &a.OGScrapeURL},
	}
}

func actionTexts(a *AttachmentAction) []textField {
	return []textField{
		{name: "name", value: &a.Name},
		{name: "text", value: &a.Text},
		{name: "style", value: &a.Style},
		{name: "type", value: &a.Type},
		{name: "value", value: &a.Value},
	}
}

// checkAttachmentURL lets http, https and relative URLs through, judged as a
// browser would read them, which is more generously than net/url.
func checkAttachmentURL(field, value string) error {
	if value == "" {
		return nil
	}
	if strings.TrimSpace(value) != value {
		return invalid(field, "has white space around the URL")
	}
	// A browser takes it for a slash: \\host leads to another site.
	if strings.Contains(value, `\`) {
		return invalid(field, `has a backslash: write it as %%5C`)
	}
	if strings.HasPrefix(value, "//") {
		return invalid(field, "has a host without a scheme: write https: before it")
	}
	parsed, err := url.Parse(value)
	if err != nil {
		var wrapped *url.Error
		if errors.As(err, &wrapped) {
			err = wrapped.Err // without the whole URL again
		}
		return invalid(field, "is no URL: %v", err)
	}
	switch parsed.Scheme {
	case "":
		return nil
	case "http", "https":
		if parsed.Hostname() == "" {
			return invalid(field, "has no host")
		}
		return nil
	}
	return invalid(field, "has the scheme %.64q: only http, https and relative URLs are allowed", parsed.Scheme)
}

// attachmentFrom reads an attachment from the value of a patch: an Attachment
// or what its JSON decodes to.
func attachmentFrom(place string, value any) (Attachment, error) {
	switch value := value.(type) {
	case Attachment:
		return value, nil
	case *Attachment:
		if value != nil {
			return *value, nil
		}
	}
	normal, err := normalValue(place, value, 1)
	if err != nil {
		return Attachment{}, err
	}
	object, ok := normal.(map[string]any)
	if !ok {
		return Attachment{}, invalid(place, "is %s; an attachment is an object", describe(normal))
	}
	var attachment Attachment
	if err := takeTexts(place, object, attachmentTexts(&attachment)); err != nil {
		return Attachment{}, err
	}
	if err := takeActions(place+".actions", object, &attachment); err != nil {
		return Attachment{}, err
	}
	if len(object) > 0 { // what was not taken
		attachment.Custom = object
	}
	return attachment, nil
}

// takeTexts moves string fields out of an object.
func takeTexts(place string, object map[string]any, texts []textField) error {
	for _, text := range texts {
		value, ok := object[text.name]
		if !ok {
			continue
		}
		delete(object, text.name)
		if value == nil {
			continue
		}
		if *text.value, ok = value.(string); !ok {
			return invalid(place+"."+text.name, "is %s; it must be a string", describe(value))
		}
	}
	return nil
}

// takeActions moves the actions out of the object of an attachment.
func takeActions(place string, object map[string]any, attachment *Attachment) error {
	value, ok := object["actions"]
	delete(object, "actions")
	if !ok || value == nil {
		return nil
	}
	list, ok := value.([]any)
	if !ok {
		return invalid(place, "is %s; it must be a list of actions", describe(value))
	}
	for i, value := range list {
		place := element(place, i)
		object, ok := value.(map[string]any)
		if !ok {
			return invalid(place, "is %s; an action is an object", describe(value))
		}
		var action AttachmentAction
		if err := takeTexts(place, object, actionTexts(&action)); err != nil {
			return err
		}
		for name := range object {
			return invalid(place, "an action has no field %.64q", name)
		}
		attachment.Actions = append(attachment.Actions, action)
	}
	return nil
}

// describe names the kind of a normal value in JSON's words.
func describe(value any) string {
	switch value.(type) {
	case nil:
		return "null"
	case bool:
		return "a boolean"
	case string:
		return "a string"
	case float64:
		return "a number"
	case []any:
		return "an array"
	case map[string]any:
		return "an object"
	}
	return fmt.Sprintf("a %T", value)
}
