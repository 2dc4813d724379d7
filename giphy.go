package chat

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"
)

// GiphyOptions is what /giphy asks for pictures: Giphy's search API.
type GiphyOptions struct {
	Key string // the application's API key; empty: there is no /giphy

	// URL is the address of the search. It is the application's own, so it may
	// lie in a private network. Default https://api.giphy.com/v1/gifs/search.
	URL string

	Rating string // the most that is shown: g, pg, pg-13 or r. Default g.

	// Timeout bounds one search, from the request to the last byte of its
	// answer: 1 ms to 1 minute. Default 3 s.
	Timeout time.Duration
}

const (
	giphyURL       = "https://api.giphy.com/v1/gifs/search"
	giphyBody      = 1 << 20 // bytes of an answer
	giphyQuery     = 50      // runes of a query, says its documentation
	giphyMaxOffset = 4999    // says its documentation
)

func (o *GiphyOptions) fill() error {
	if o.URL == "" {
		o.URL = giphyURL
	}
	if o.Rating == "" {
		o.Rating = "g"
	}
	if o.Timeout == 0 {
		o.Timeout = 3 * time.Second
	}
	u, err := url.Parse(o.URL)
	switch {
	case err != nil || u.Hostname() == "" || u.Scheme != "http" && u.Scheme != "https":
		return invalid("URL", "is not an absolute http or https URL")
	case !slices.Contains([]string{"g", "pg", "pg-13", "r"}, o.Rating):
		return invalid("Rating", "is %.16q; must be g, pg, pg-13 or r", o.Rating)
	case o.Timeout < time.Millisecond || o.Timeout > time.Minute:
		return invalid("Timeout", "is %v; must be 1ms to 1m", o.Timeout)
	}
	return nil
}

// giphy answers /giphy.
type giphy struct {
	options GiphyOptions
	client  *http.Client
}

func newGiphy(o GiphyOptions) *giphy {
	return &giphy{options: o, client: &http.Client{
		Transport: &http.Transport{Proxy: http.ProxyFromEnvironment, MaxIdleConnsPerHost: 4, IdleConnTimeout: time.Minute},
		// Another address would be given the key.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

func (g *giphy) close() { g.client.CloseIdleConnections() }

// The buttons of a picture that is not sent yet. What shuffle shows next lies in
// its value.
func giphyButtons(next int) []AttachmentAction {
	return []AttachmentAction{
		{Name: actionSend, Text: "Send", Style: "primary", Type: "button", Value: actionSend},
		{Name: "shuffle", Text: "Shuffle", Style: "default", Type: "button", Value: strconv.Itoa(next)},
		{Name: actionCancel, Text: "Cancel", Style: "default", Type: "button", Value: actionCancel},
	}
}

// RunCommand answers with the best picture, or with the next when shuffled.
func (g *giphy) RunCommand(ctx context.Context, call CommandCall) (CommandAnswer, error) {
	if call.Args == "" {
		return refusal("Say what to look for: /%s text", call.Name).CommandAnswer, nil
	}
	if !slices.Contains(call.Capabilities, CreateAttachment) {
		return refusal("You may not attach pictures here.").CommandAnswer, nil
	}
	offset := 0
	if call.Action != nil {
		offset, _ = strconv.Atoi(call.Action.Value) // of the engine's own making
	}
	ctx, cancel := context.WithTimeout(ctx, g.options.Timeout)
	defer cancel()
	found, err := g.search(ctx, call.Args, offset)
	if err == nil && len(found.Data) == 0 && offset > 0 {
		offset = 0
		found, err = g.search(ctx, call.Args, offset)
	}
	if err != nil {
		return CommandAnswer{}, err
	}
	if len(found.Data) == 0 {
		return refusal("Giphy has no picture for this.").CommandAnswer, nil
	}
	next := 0
	if offset+1 < found.Pagination.TotalCount && offset < giphyMaxOffset {
		next = offset + 1
	}
	picture := found.Data[0].attachment(call.Args)
	picture.Actions = giphyButtons(next)
	return CommandAnswer{Attachments: []Attachment{picture}}, nil
}

// giphyAnswer is what of an answer is used.
type giphyAnswer struct {
	Data       []giphyPicture `json:"data"`
	Pagination struct {
		TotalCount int `json:"total_count"`
	} `json:"pagination"`
}

type giphyPicture struct {
	URL    string `json:"url"` // its page
	Title  string `json:"title"`
	Images struct {
		Original    giphyImage `json:"original"`
		FixedHeight giphyImage `json:"fixed_height"`
	} `json:"images"`
}

type giphyImage struct {
	URL string `json:"url"`
}

func (p *giphyPicture) attachment(query string) Attachment {
	a := Attachment{
		Type: "giphy", Title: p.Title, TitleLink: p.URL,
		ImageURL: p.Images.Original.URL, ThumbURL: p.Images.FixedHeight.URL,
	}
	if a.Title == "" {
		a.Title = query
	}
	if a.ThumbURL == "" {
		a.ThumbURL = a.ImageURL
	}
	return a
}

// search asks for one picture. Its errors name neither the key nor the query.
func (g *giphy) search(ctx context.Context, query string, offset int) (*giphyAnswer, error) {
	if runes := []rune(query); len(runes) > giphyQuery {
		query = string(runes[:giphyQuery])
	}
	u, err := url.Parse(g.options.URL)
	if err != nil {
		return nil, err
	}
	values := u.Query()
	for name, value := range map[string]string{
		"api_key": g.options.Key, "q": query, "limit": "1", "offset": strconv.Itoa(offset), "rating": g.options.Rating,
	} {
		values.Set(name, value)
	}
	u.RawQuery = values.Encode()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, errors.New("giphy: the address cannot be asked")
	}
	request.Header.Set("Accept", "application/json")
	response, err := g.client.Do(request)
	if err != nil {
		var asked *url.Error
		if errors.As(err, &asked) {
			err = asked.Err // without the address
		}
		return nil, fmt.Errorf("giphy: %w", err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("giphy: answers %d", response.StatusCode)
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, giphyBody+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("giphy: %w", err)
	case len(body) > giphyBody:
		return nil, fmt.Errorf("giphy: answers more than %d bytes", giphyBody)
	}
	var answer giphyAnswer
	if err := json.Unmarshal(body, &answer); err != nil {
		return nil, errors.New("giphy: answers no JSON of the form that its documentation has")
	}
	answer.Pagination.TotalCount = max(answer.Pagination.TotalCount, 0)
	return &answer, nil
}
