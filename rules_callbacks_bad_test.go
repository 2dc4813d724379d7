package chat_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"example.com/chat"
	"example.com/chat/chattest"
	"example.com/chat/webhook"
)

// TestWhateverWasWrongWithAReceiverItGetsEverythingInTheEnd has receivers be of
// no use on real connections, each in its way, for all attempts but the last: of
// a message they are told that it was sent and then that it was deleted, once a
// callback, each time under the same id.
func TestWhateverWasWrongWithAReceiverItGetsEverythingInTheEnd(t *testing.T) {
	for name, wrong := range map[string]http.HandlerFunc{
		"answers 500": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) },
		"answers 301": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "/elsewhere", http.StatusMovedPermanently)
		},
		"closes before it answers":   func(w http.ResponseWriter, _ *http.Request) { hangUp(w, "") },
		"closes in its headers":      func(w http.ResponseWriter, _ *http.Request) { hangUp(w, "HTTP/1.1 200 OK\r\nContent-Le") },
		"answers something not HTTP": func(w http.ResponseWriter, _ *http.Request) { hangUp(w, "+OK POP3 ready\r\n") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel() // each waits for the second attempt
			badAndThenGood(t, wrong)
		})
	}
}

// badAndThenGood has a receiver do what is wrong with the first attempt of each
// callback.
func badAndThenGood(t *testing.T, wrong http.HandlerFunc) {
	var guard sync.Mutex
	var accepted []string
	ids := map[webhook.Kind]string{}
	verifier := &webhook.Verifier{Secrets: []string{hookSecret}}
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		c, err := verifier.Callback(r)
		if err != nil {
			t.Error(err)
			return
		}
		guard.Lock()
		defer guard.Unlock()
		if c.Attempt == 1 {
			ids[c.Kind] = c.ID
			wrong(w, r)
			return
		}
		if c.ID != ids[c.Kind] {
			t.Errorf("attempt %d has the id %s, and the first had %s", c.Attempt, c.ID, ids[c.Kind])
		}
		accepted = append(accepted, string(c.Kind))
	})
	p := &posting{chattest.NewWith(t, &chat.Options{NoBackground: true}), t}
	p.check(p.postTo(server.URL))
	p.AddChannel(lounge, "john")
	held, err := p.Send(t.Context(), lounge, "john", chat.Draft{Text: "held"}, &chat.SendOptions{Pending: chat.PendingOn})
	p.check(err)
	_, err = p.DeleteMessage(t.Context(), held.ID, chat.DeleteHard, "")
	p.check(err)
	came := 0
	for began := time.Now(); came < 2 && time.Since(began) < 20*time.Second; time.Sleep(50 * time.Millisecond) {
		_, err := p.RunDueWork(t.Context())
		p.check(err)
		guard.Lock()
		came = len(accepted)
		guard.Unlock()
	}
	guard.Lock()
	defer guard.Unlock()
	if got, want := strings.Join(accepted, " "), string(webhook.PendingSent)+" "+string(webhook.PendingDeleted); got != want {
		t.Errorf("it got %q in the end, want %q", got, want)
	}
}

// TestCertificateOfAnotherIsNotTaken: the certificate must be one that is
// trusted, for the host of the address, and in its time.
func TestCertificateOfAnotherIsNotTaken(t *testing.T) {
	now := time.Now()
	for _, test := range []struct {
		name        string
		host        string
		from, until time.Time
		want        string
	}{
		{"right", "127.0.0.1", now.Add(-time.Hour), now.Add(time.Hour), ""},
		{"for another host", "127.0.0.2", now.Add(-time.Hour), now.Add(time.Hour), "certificate is valid for 127.0.0.2"},
		{"over", "127.0.0.1", now.Add(-2 * time.Hour), now.Add(-time.Hour), "expired"},
		{"not begun", "127.0.0.1", now.Add(time.Hour), now.Add(2 * time.Hour), "not yet valid"},
	} {
		cert, trusted := certificate(t, test.host, test.from, test.until)
		var reached atomic.Int64
		server := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached.Add(1) }))
		server.TLS = &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12}
		server.Config.ErrorLog = log.New(io.Discard, "", 0)
		server.StartTLS()
		transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: trusted, MinVersion: tls.VersionTLS12}}
		problem := newPosting(t, server.URL, chat.Options{CallbackTransport: transport}).post()
		if !strings.Contains(problem, test.want) || (problem == "") != (test.want == "") {
			t.Errorf("%s: the problem is %q, want %q", test.name, problem, test.want)
		}
		if n := reached.Load(); (n > 0) != (test.want == "") {
			t.Errorf("%s: %d requests reached the receiver", test.name, n)
		}
		transport.CloseIdleConnections()
		server.Close()
	}
}

// certificate makes one that only its pool trusts.
func certificate(t *testing.T, host string, from, until time.Time) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: from, NotAfter: until, IPAddresses: []net.IP{net.ParseIP(host)},
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(parsed)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, pool
}
