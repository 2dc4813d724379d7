// Package webhook is for programs that receive the callbacks of a chat over
// HTTP: it checks that a request was signed by one who has the secret, and not
// long ago, and decodes it.
//
//	verifier := &webhook.Verifier{Secrets: []string{secret}}
//	http.Handle("POST /hooks/", verifier.Handler(func(ctx context.Context, c *webhook.Callback) error {
//		// c.Kind says what happened to c.Message.
//		return nil
//	}))
//
// A callback comes at least once: [Callback.ID] is the same each time. Those of
// one message come in order; those of different messages may come at the same
// time.
//
// # Signatures
//
// A request has two signatures, made with the same secret. X-Signature is the
// HMAC-SHA256 of the body in hex. The headers webhook-id, webhook-timestamp and
// webhook-signature are those of Standard Webhooks (standardwebhooks.com), and
// sign the id and the time with the body. A [Verifier] demands the second, since
// whoever has seen a request could repeat one that has the first alone for ever;
// where the first is there it must be right too.
//
// [Sign] signs a request of one's own in the same way, such as the answer of a
// moderator to the application.
//
// The package needs the standard library alone, so that a receiver does not get
// a chat engine with it. Its [Message] is what a receiver mostly wants to know; a
// program that has the package chat can decode [Message.Raw] into its Message.
package webhook
