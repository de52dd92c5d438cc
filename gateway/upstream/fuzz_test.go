package upstream

import (
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"tessera/fault"
	"tessera/gateway"
)

type gatherer struct {
	text   strings.Builder
	frames int
}

func (g *gatherer) Routed(string) error { return nil }

func (g *gatherer) Frame(f gateway.Frame) error {
	g.frames++
	g.text.WriteString(f.Text)
	return nil
}

// FuzzSSE feeds foreign bytes as a reply. Whatever they are, the result is a
// whole reply or one of the upstream's faults, and all text is UTF-8.
func FuzzSSE(f *testing.F) {
	for _, seed := range []string{
		"data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"hi\"},\"finish_reason\":null}]}\n\ndata: [DONE]\n\n",
		"event: response.output_text.delta\r\ndata: {\"type\":\"response.output_text.delta\",\"delta\":\"x\"}\r\n\r\n",
		"data: {\"type\":\"response.completed\",\"response\":{\"usage\":{\"input_tokens\":1}}}\n\n",
		"\xef\xbb\xbf: comment\n\ndata:\ndata: {}\n\n", "data: {\"error\":\"x\"}\n\n", "id: \x00\nretry: 1\n\n",
		"data: {\"choices\":[{\"delta\":{\"content\":\"\\ud83d\"}}]}\n\n", "data: [DON", "", "\r\r\n\n\r",
	} {
		f.Add([]byte(seed))
	}
	c := &Client{cfg: Config{APIKey: "sk-secret", MaxEventBytes: 4096}}
	f.Fuzz(func(t *testing.T, body []byte) {
		for _, d := range dialects {
			var g gatherer
			err := c.follow(strings.NewReader(string(body)), d, &g)
			var known *fault.Fault
			if err != nil && !errors.As(err, &known) {
				t.Fatalf("not a fault: %v", err)
			}
			if !utf8.ValidString(g.text.String()) {
				t.Fatalf("text is not UTF-8: %q", g.text.String())
			}
			if g.frames > len(body) {
				t.Fatalf("%d frames from %d bytes", g.frames, len(body))
			}
		}
	})
}

// FuzzDecode feeds foreign JSON to every decoder of one.
func FuzzDecode(f *testing.F) {
	for _, seed := range []string{
		`{}`, `null`, `[]`, `{"error":{"message":"m","type":"t","code":429}}`, `{"error":"text"}`, `{"message":"m"}`,
		`{"data":[{"id":"a"}]}`, `{"choices":[{"delta":{"content":null}}],"usage":{"prompt_tokens":-1}}`,
		`{"type":"error","code":"x","message":"y"}`, `{"type":"response.failed","response":{"error":null}}`,
		`{"type":"response.output_text.delta","delta":{}}`,
	} {
		f.Add([]byte(seed))
	}
	c := &Client{cfg: Config{APIKey: "sk-secret"}}
	f.Fuzz(func(t *testing.T, body []byte) {
		p := parseProblem(body)
		if err := c.reported(p); strings.Contains(err.Error(), "sk-secret") {
			t.Fatalf("the key is in %v", err)
		}
		if names, err := modelNames(body); err == nil && names == nil {
			t.Fatal("no models and no error")
		}
		for _, d := range dialects {
			if out, err := d.decode("", body); err == nil && !utf8.ValidString(out.text) {
				t.Fatalf("text is not UTF-8: %q", out.text)
			}
		}
	})
}
