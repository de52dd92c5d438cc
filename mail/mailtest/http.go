package mailtest

import (
	"embed"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"
)

//go:embed web
var webFiles embed.FS

// pagePolicy: nothing but the simulator's own style, script and frames.
const pagePolicy = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; frame-src 'self'; " +
	"img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// letterPolicy: a mail's HTML may have its own styles and nothing else, not
// even scripts or an origin; its links open in a new tab.
const letterPolicy = "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; " +
	"style-src 'unsafe-inline'; img-src data:; form-action 'none'; base-uri 'none'; frame-ancestors 'self'"

func (m *Mailbox) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", m.serveInbox)
	mux.HandleFunc("GET /latest", m.serveLatest)
	mux.HandleFunc("GET /messages/{id}", m.withMessage(serveMessagePage))
	mux.HandleFunc("GET /messages/{id}/html", m.withMessage(serveMessageHTML))
	mux.HandleFunc("GET /messages/{id}/text", m.withMessage(serveMessageText))
	mux.HandleFunc("GET /messages/{id}/raw", m.withMessage(serveMessageRaw))
	mux.HandleFunc("DELETE /messages", func(w http.ResponseWriter, _ *http.Request) {
		m.box.clear()
		w.WriteHeader(http.StatusNoContent)
	})
	mux.HandleFunc("POST /clear", func(w http.ResponseWriter, r *http.Request) {
		m.box.clear()
		http.Redirect(w, r, "/", http.StatusSeeOther)
	})
	mux.HandleFunc("GET /faults", m.serveFaults)
	mux.HandleFunc("PUT /faults", m.setFaults)
	mux.HandleFunc("GET /style.css", serveFile("style.css", "text/css; charset=utf-8"))
	mux.HandleFunc("GET /inbox.js", serveFile("inbox.js", "text/javascript; charset=utf-8"))
	mux.HandleFunc("GET /icon.svg", serveFile("icon.svg", "image/svg+xml"))
	return guard(http.NewCrossOriginProtection().Handler(mux))
}

// guard sets the headers of every answer and refuses names that are not this
// machine's: a foreign page could otherwise make its own name point here and
// read the mails (DNS rebinding).
func guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", pagePolicy)
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Cache-Control", "no-store")
		if !localHost(r.Host) {
			http.Error(w, "The mail simulator answers on 127.0.0.1 and localhost only.", http.StatusMisdirectedRequest)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func localHost(hostport string) bool {
	host, _, err := net.SplitHostPort(hostport)
	if err != nil {
		host = hostport
	}
	ip := net.ParseIP(strings.Trim(host, "[]"))
	return host == "localhost" || (ip != nil && ip.IsLoopback())
}

// serveInbox answers a browser with the page and anybody else with
// [{to, raw}], newest first.
func (m *Mailbox) serveInbox(w http.ResponseWriter, r *http.Request) {
	to := r.URL.Query().Get("to")
	found, _ := m.box.list(to)
	if strings.Contains(r.Header.Get("Accept"), "text/html") {
		m.serveInboxPage(w, r, to, found)
		return
	}
	type item struct {
		To  string `json:"to"`
		Raw string `json:"raw"`
	}
	items := make([]item, len(found))
	for i, message := range found {
		items[i] = item{To: message.To, Raw: message.Raw}
	}
	writeJSON(w, http.StatusOK, items)
}

// serveLatest tells the page's script whether something new arrived.
func (m *Mailbox) serveLatest(w http.ResponseWriter, r *http.Request) {
	found, _ := m.box.list(r.URL.Query().Get("to"))
	latest := 0
	if len(found) > 0 {
		latest = found[0].ID
	}
	writeJSON(w, http.StatusOK, map[string]int{"id": latest})
}

func (m *Mailbox) withMessage(next func(http.ResponseWriter, *http.Request, Message)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		id, err := strconv.Atoi(r.PathValue("id"))
		message, found := m.box.get(id)
		if err != nil || !found {
			http.Error(w, "There is no such mail in the simulator (any more).", http.StatusNotFound)
			return
		}
		next(w, r, message)
	}
}

// serveMessageHTML serves the mail's own HTML for the sandboxed frame.
func serveMessageHTML(w http.ResponseWriter, _ *http.Request, message Message) {
	letter, err := message.Read()
	if err != nil || letter.HTML == "" {
		http.Error(w, "This mail has no HTML.", http.StatusNotFound)
		return
	}
	w.Header().Set("Content-Security-Policy", letterPolicy)
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = io.WriteString(w, openLinksInNewTab(letter.HTML))
}

// openLinksInNewTab is needed because the frame may not navigate the page.
func openLinksInNewTab(html string) string {
	const base = `<base target="_blank">`
	if i := strings.Index(html, "<head>"); i >= 0 {
		i += len("<head>")
		return html[:i] + base + html[i:]
	}
	return base + html
}

func serveMessageText(w http.ResponseWriter, _ *http.Request, message Message) {
	letter, err := message.Read()
	if err != nil {
		http.Error(w, "This mail cannot be read: "+err.Error(), http.StatusUnprocessableEntity)
		return
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = io.WriteString(w, letter.Text)
}

func serveMessageRaw(w http.ResponseWriter, _ *http.Request, message Message) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = io.WriteString(w, message.Raw)
}

// faultsBody is Faults on the wire.
type faultsBody struct {
	SMTPStatus int   `json:"smtp_status"`
	Count      int   `json:"count"`
	DelayMS    int64 `json:"delay_ms"`
}

func (m *Mailbox) serveFaults(w http.ResponseWriter, _ *http.Request) {
	f := m.faults.get()
	writeJSON(w, http.StatusOK, faultsBody{SMTPStatus: f.SMTPStatus, Count: f.Count, DelayMS: f.Delay.Milliseconds()})
}

func (m *Mailbox) setFaults(w http.ResponseWriter, r *http.Request) {
	var body faultsBody
	decoder := json.NewDecoder(http.MaxBytesReader(w, r.Body, 4096))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&body); err != nil {
		writeJSON(w, http.StatusBadRequest, map[string]string{"error": err.Error()})
		return
	}
	delay := time.Duration(min(max(body.DelayMS, -1), maxDelay.Milliseconds()+1)) * time.Millisecond
	f := Faults{SMTPStatus: body.SMTPStatus, Count: body.Count, Delay: delay}
	if err := m.Misbehave(f); err != nil {
		writeJSON(w, http.StatusBadRequest, map[string]string{"error": err.Error()})
		return
	}
	m.serveFaults(w, r)
}

func serveFile(name, contentType string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		content, err := webFiles.ReadFile("web/" + name)
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", contentType)
		_, _ = w.Write(content)
	}
}

func writeJSON(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}
