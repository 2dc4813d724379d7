package browser

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"example.com/chat/internal/markup"
	"example.com/chat/internal/markup/attack"
)

// chromium is the browser, or the test is skipped where there is none.
func chromium(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	if os.Getenv("CI") == "true" {
		t.Fatal("there is no Chromium: install the package chromium")
	}
	t.Skip("skipped: there is no Chromium")
	return ""
}

// visits counts what a browser asks of the server under test. Every host name
// leads to it.
type visits struct {
	page string

	mu    sync.Mutex
	other []string
}

func (v *visits) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/page" {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write([]byte(v.page))
		return
	}
	if r.URL.Path == "/favicon.ico" || r.URL.Query().Has("cup2key") { // the browser's own
		return
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	v.other = append(v.other, r.Host+r.URL.String())
}

// traps tell of whatever runs: dialogs, and a mark on the page at the end.
const traps = `<!doctype html><meta charset=utf-8><title>quiet</title><script>
for (const name of ['alert', 'confirm', 'prompt', 'print', 'open', 'eval', 'fetch'])
  window[name] = () => { document.title = 'ran ' + name; };
window.onerror = (message) => { document.title = 'ran: ' + message; };
</script>`

// end tells everything that the pointer is over it, that it has the focus, and
// writes the title, and what was loaded or tried, where a dump of the page shows
// it.
const end = `<script>
for (const e of document.querySelectorAll('div *')) {
  for (const name of ['mouseover', 'mouseenter', 'pointerenter', 'focus', 'load', 'error', 'toggle', 'animationend', 'keydown'])
    e.dispatchEvent(new Event(name));
}
setTimeout(() => {
  const loads = performance.getEntriesByType('resource')
    .filter((e) => e.name !== location.origin + '/favicon.ico').map((e) => ' loaded ' + e.name);
  document.body.dataset.verdict = document.title + loads.join('');
}, 500);
</script>`

// open shows a page in the browser and returns it as it is after a second, and
// what it asked the server for.
func open(t *testing.T, path, html string) (dump string, requests []string) {
	t.Helper()
	v := &visits{page: traps + html + end}
	server := httptest.NewServer(v)
	defer server.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	var out, problems bytes.Buffer
	c := exec.CommandContext(ctx, path,
		"--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
		"--disable-component-update", "--disable-sync", "--disable-dev-shm-usage", "--user-data-dir="+t.TempDir(),
		"--ignore-certificate-errors", "--host-resolver-rules=MAP * "+server.Listener.Addr().String(),
		"--virtual-time-budget=3000", "--timeout=60000", "--dump-dom", server.URL+"/page")
	c.Stdout, c.Stderr = &out, &problems
	c.WaitDelay = 10 * time.Second
	if err := c.Run(); err != nil {
		t.Fatalf("%v\n%s", err, problems.String())
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	return out.String(), v.other
}

func verdict(dump string) string {
	_, rest, _ := strings.Cut(dump, `data-verdict="`)
	v, _, _ := strings.Cut(rest, `"`)
	return v
}

// TestNothingRunsInABrowser shows all that is made of the attacks, some hundreds
// on a page.
func TestNothingRunsInABrowser(t *testing.T) {
	path := chromium(t)
	attacks, err := attack.Load(filepath.Join("..", "..", "shared", "corpus", "xss", "xss.json"))
	if errors.Is(err, fs.ErrNotExist) {
		t.Skip("skipped: the attack strings of ../shared/corpus/xss are not beside the repository")
	} else if err != nil {
		t.Fatal(err)
	}
	attacks = append(attacks, attack.Mutating()...)
	r := markup.New(markup.Options{})
	var page strings.Builder
	outputs, pages := 0, 0
	show := func() {
		pages++
		dump, requests := open(t, path, page.String())
		if v := verdict(dump); v != "quiet" {
			t.Errorf("page %d: %q", pages, v)
		}
		if len(requests) > 0 {
			t.Errorf("page %d asks for %q", pages, requests)
		}
		page.Reset()
	}
	for i, a := range attacks {
		for _, output := range attack.Outputs(r, a) {
			outputs++
			fmt.Fprintf(&page, "<div>%s</div>\n", output)
		}
		if i%400 == 399 {
			show()
		}
	}
	if page.Len() > 0 {
		show()
	}
	t.Logf("%d attacks, %d outputs on %d pages", len(attacks), outputs, pages)
}

// TestTheBrowserTells shows that the test above can fail.
func TestTheBrowserTells(t *testing.T) {
	path := chromium(t)
	for name, html := range map[string]string{
		"script":  "<div><script>alert(1)</script></div>",
		"handler": "<div><img src=data:, onerror=alert(1)></div>",
		"hover":   "<div><p onmouseover=alert(1)>a</p></div>",
	} {
		dump, _ := open(t, path, html)
		if verdict(dump) != "ran alert" {
			t.Errorf("%s: verdict %q", name, verdict(dump))
		}
	}
	for _, address := range []string{"http://tracker.example/pixel", "https://tracker.example/pixel"} {
		dump, requests := open(t, path, `<div><img src="`+address+`"></div>`)
		if verdict(dump) != "quiet loaded "+address || strings.HasPrefix(address, "http:") && len(requests) != 1 {
			t.Errorf("an image: verdict %q, requests %q", verdict(dump), requests)
		}
	}
}
