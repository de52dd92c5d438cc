package mail

import (
	"bytes"
	"embed"
	htmltemplate "html/template"
	"strings"
	texttemplate "text/template"
)

//go:embed templates
var templateFiles embed.FS

var (
	textLayout = texttemplate.Must(texttemplate.ParseFS(templateFiles, "templates/mail.txt"))
	htmlLayout = htmltemplate.Must(htmltemplate.ParseFS(templateFiles, "templates/mail.html"))
)

// Rendered is a mail in words. HTML refers to nothing outside itself.
type Rendered struct {
	Subject string
	Text    string
	HTML    string
}

// letter is what the two layouts show.
type letter struct {
	Lang, Subject, Heading, Greeting, Intro, Button, CodeIntro string
	RawLink, Valid, Ignore, Automatic, SiteName, Link, Code    string
	FontFamily                                                 htmltemplate.CSS // one of the catalogue's constants
}

// Render writes the message in its language. Fault: ErrMessage.
func Render(m Message) (Rendered, error) {
	if err := m.Validate(); err != nil {
		return Rendered{}, err
	}
	l := m.letter(catalogs[localeOf(m.Locale)])
	var text, html bytes.Buffer
	if err := textLayout.Execute(&text, l); err != nil {
		return Rendered{}, err
	}
	if err := htmlLayout.Execute(&html, l); err != nil {
		return Rendered{}, err
	}
	return Rendered{Subject: l.Subject, Text: text.String(), HTML: html.String()}, nil
}

func (m Message) letter(c catalog) letter {
	// One pass, so that a site named "{valid}" stays a name.
	fill := strings.NewReplacer(
		"{site}", m.SiteName, "{new}", c.newAddress(m.NewEmail), "{valid}", c.duration(m.ValidFor),
	).Replace
	w := c.kinds[m.Kind]
	codeIntro := c.onlyCode
	if m.Link != "" {
		codeIntro = c.orCode
	}
	return letter{
		Lang: c.lang, Subject: fill(w.Subject), Heading: fill(w.Heading), Greeting: c.greeting, Intro: fill(w.Intro),
		Button: w.Button, CodeIntro: codeIntro, RawLink: c.rawLink, Valid: fill(c.valid), Ignore: w.Ignore,
		Automatic: fill(c.automatic), SiteName: m.SiteName, Link: m.Link, Code: m.Code,
		FontFamily: htmltemplate.CSS(c.fontFamily), //nolint:gosec // a constant of ours
	}
}
