package events

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/go-downtime/downtime/period"
)

const (
	webhookTimeout = 15 * time.Second // of one attempt
	maxAnswer      = 64 << 10         // of an answer that is read so that the connection can be used again
	maxFault       = 300              // bytes of the text of a fault, which is logged at each attempt
	secretPrefix   = "whsec_"
	leastSecret    = 24 // bytes, as Standard Webhooks demands
	mostSecret     = 64
	maxSecrets     = 8
)

// Webhook sends events by POST, signed as Standard Webhooks 1.0 specifies. The zero value is not valid;
// use [NewWebhook].
type Webhook struct {
	url     *url.URL
	secrets [][]byte
	client  *http.Client
}

// NewWebhook returns a webhook that sends to this URL. The URL has the scheme https, or http with a
// loopback address. secrets holds one secret or several, separated by white space, each "whsec_" and
// 24 to 64 bytes in Base64. If there are several, each request has one signature for each
// secret, so that a secret can be replaced. If transport is nil, the webhook uses a default transport.
//
// Errors: a *[period.FieldError] with the field "webhook" or "secret". It holds no secret, and no
// path of the URL, because some receivers have a secret in the path.
func NewWebhook(target, secrets string, transport http.RoundTripper) (*Webhook, error) {
	u, err := parseTarget(target)
	if err != nil {
		return nil, err
	}
	keys, err := parseSecrets(secrets)
	if err != nil {
		return nil, err
	}
	return &Webhook{url: u, secrets: keys, client: &http.Client{
		Transport:     transport,
		Timeout:       webhookTimeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}, nil
}

// Place names the receiver without secrets: "https://hooks.example.com".
func (w *Webhook) Place() string { return w.url.Scheme + "://" + w.url.Host }

// Deliver makes one attempt. A 2xx answer means that the event is delivered. 408, 429, 5xx and a
// failed connection can be tried again. Another answer, also a redirect, is a [*FinalError].
func (w *Webhook) Deliver(ctx context.Context, e Event) error {
	body, now := e.Encode(), time.Now()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, w.url.String(), bytes.NewReader(body))
	if err != nil {
		return &FinalError{errors.New("the request cannot be made")}
	}
	stamp := strconv.FormatInt(now.Unix(), 10)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "downtime")
	req.Header.Set("Webhook-Id", e.Key)
	req.Header.Set("Webhook-Timestamp", stamp)
	req.Header.Set("Webhook-Signature", w.sign(e.Key, stamp, body))
	res, err := w.client.Do(req)
	if err != nil {
		if failed, ok := errors.AsType[*url.Error](err); ok {
			err = failed.Err // without the URL, whose path can be a secret
		}
		if text := err.Error(); len(text) > maxFault {
			err = errors.New(text[:maxFault] + "…") // it can quote an answer, which the receiver chooses
		}
		return fmt.Errorf("%s: %w", w.Place(), err)
	}
	defer func() { _ = res.Body.Close() }()
	_, _ = io.Copy(io.Discard, io.LimitReader(res.Body, maxAnswer))
	failed := fmt.Errorf("%s answers %d %s", w.Place(), res.StatusCode, http.StatusText(res.StatusCode))
	switch code := res.StatusCode; {
	case code >= 200 && code < 300:
		return nil
	case code == http.StatusRequestTimeout, code == http.StatusTooManyRequests, code >= 500:
		if after := retryAfter(res.Header.Get("Retry-After"), now); after > 0 {
			return &LaterError{failed, after}
		}
		return failed
	case code >= 300 && code < 400:
		return &FinalError{fmt.Errorf("%w: redirects are not followed, give the URL that it leads to", failed)}
	}
	return &FinalError{failed}
}

// sign returns the value of Webhook-Signature.
func (w *Webhook) sign(id, stamp string, body []byte) string {
	signatures := make([]string, len(w.secrets))
	for i, secret := range w.secrets {
		mac := hmac.New(sha256.New, secret)
		mac.Write([]byte(id + "." + stamp + "."))
		mac.Write(body)
		signatures[i] = "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
	}
	return strings.Join(signatures, " ")
}

// retryAfter reads the header of this name: seconds, or a date. It is zero if there is none.
func retryAfter(value string, now time.Time) time.Duration {
	if seconds, err := strconv.ParseUint(value, 10, 31); err == nil {
		return time.Duration(seconds) * time.Second
	}
	if at, err := http.ParseTime(value); err == nil {
		return max(0, at.Sub(now))
	}
	return 0
}

func parseTarget(target string) (*url.URL, error) {
	fault := func(problem string) error { return &period.FieldError{Field: "webhook", Problem: problem} }
	u, err := url.Parse(target)
	switch {
	case err != nil, u.Host == "", u.Opaque != "":
		return nil, fault("it is not a URL: want https://HOST/PATH")
	case u.User != nil:
		return nil, fault("it holds a user or a password, which no receiver needs: the signature proves the sender")
	case u.Fragment != "":
		return nil, fault("it has a part after #, which is never sent")
	case u.Scheme == "https", u.Scheme == "http" && loopback(u.Hostname()):
		return u, nil
	}
	return nil, fault("want https:, or http: with a loopback address: " + u.Scheme + "://" + u.Host)
}

func loopback(host string) bool {
	if host == "localhost" {
		return true
	}
	a, err := netip.ParseAddr(host)
	return err == nil && a.Unmap().IsLoopback()
}

func parseSecrets(text string) ([][]byte, error) {
	fault := func(problem string) error { return &period.FieldError{Field: "secret", Problem: problem} }
	words := strings.Fields(text)
	if len(words) == 0 || len(words) > maxSecrets {
		return nil, fault(fmt.Sprintf("want 1 to %d secrets, each %s and 24 to 64 random bytes in Base64: printf 'whsec_%%s' \"$(openssl rand -base64 32)\"", maxSecrets, secretPrefix))
	}
	var keys [][]byte
	for i, word := range words {
		coded, ok := strings.CutPrefix(word, secretPrefix)
		if !ok {
			return nil, fault(fmt.Sprintf("number %d does not begin with %s", i+1, secretPrefix))
		}
		key, err := base64.StdEncoding.DecodeString(coded)
		switch {
		case err != nil:
			return nil, fault(fmt.Sprintf("number %d is not Base64 after %s", i+1, secretPrefix))
		case len(key) < leastSecret || len(key) > mostSecret:
			return nil, fault(fmt.Sprintf("number %d has %d bytes, want %d to %d", i+1, len(key), leastSecret, mostSecret))
		}
		keys = append(keys, key)
	}
	return keys, nil
}
