package mailtest

import (
	"encoding/base64"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"net/textproto"
	"regexp"
	"strings"
)

// Letter is a mail as a reader sees it.
type Letter struct {
	From, To, Subject string
	Text, HTML        string
	Links             []string // web addresses in Text, in their order
	Code              string   // the first line of Text that is 6 to 10 digits and nothing else
}

var (
	linkPattern = regexp.MustCompile(`https?://[^\s<>"]+`)
	codePattern = regexp.MustCompile(`(?m)^\s*(\d{6,10})\s*$`)
)

// Read takes a mail apart: headers, the first text/plain and the first
// text/html part.
func (m Message) Read() (Letter, error) {
	parsed, err := mail.ReadMessage(strings.NewReader(m.Raw))
	if err != nil {
		return Letter{}, err
	}
	l := Letter{
		From: decodeHeader(parsed.Header.Get("From")), To: decodeHeader(parsed.Header.Get("To")),
		Subject: decodeHeader(parsed.Header.Get("Subject")),
	}
	if err := l.readPart(textproto.MIMEHeader(parsed.Header), parsed.Body, 0); err != nil {
		return Letter{}, err
	}
	l.Links = linkPattern.FindAllString(l.Text, -1)
	if found := codePattern.FindStringSubmatch(l.Text); found != nil {
		l.Code = found[1]
	}
	return l, nil
}

// maxNesting bounds multiparts in multiparts.
const maxNesting = 4

func (l *Letter) readPart(header textproto.MIMEHeader, body io.Reader, depth int) error {
	mediaType, params, err := mime.ParseMediaType(header.Get("Content-Type"))
	if err != nil {
		mediaType = "text/plain"
	}
	if strings.HasPrefix(mediaType, "multipart/") && depth < maxNesting {
		return l.readParts(multipart.NewReader(body, params["boundary"]), depth)
	}
	if mediaType != "text/plain" && mediaType != "text/html" {
		return nil
	}
	content, err := io.ReadAll(decodeBody(header.Get("Content-Transfer-Encoding"), body))
	if err != nil {
		return err
	}
	text := strings.ReplaceAll(strings.ToValidUTF8(string(content), "\uFFFD"), "\r\n", "\n")
	switch {
	case mediaType == "text/plain" && l.Text == "":
		l.Text = text
	case mediaType == "text/html" && l.HTML == "":
		l.HTML = text
	}
	return nil
}

func (l *Letter) readParts(parts *multipart.Reader, depth int) error {
	for {
		part, err := parts.NextRawPart()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if err := l.readPart(part.Header, part, depth+1); err != nil {
			return err
		}
	}
}

func decodeBody(encoding string, body io.Reader) io.Reader {
	switch strings.ToLower(encoding) {
	case "quoted-printable":
		return quotedprintable.NewReader(body)
	case "base64":
		return base64.NewDecoder(base64.StdEncoding, body)
	default:
		return body
	}
}

func decodeHeader(value string) string {
	decoded, err := new(mime.WordDecoder).DecodeHeader(value)
	if err != nil {
		return value
	}
	return decoded
}
