package mailtest

import (
	"bytes"
	"html/template"
	"net/http"
	"net/url"
	"time"

	"golang.org/x/text/language"
)

var pages = template.Must(template.New("").ParseFS(webFiles, "web/*.html"))

// words is what the pages say in one language.
type words struct {
	Lang, OtherLang, OtherName         string
	Title, Simulator, Notice           string
	Search, SearchButton, All, Clear   string
	Empty, EmptyHint, EmptySearch      string
	From, To, At, Subject              string
	Back, Code, Copy, Copied, OpenLink string
	Preview, Text, Raw, Unreadable     string
}

var english = words{
	Lang: "en", OtherLang: "zh", OtherName: "中文",
	Title: "Inbox", Simulator: "Simulator",
	Notice: "This is a simulated mailbox. Mail to every address ends here; nothing leaves this machine.",
	Search: "Address", SearchButton: "Show", All: "All addresses", Clear: "Empty the inbox",
	Empty: "No mail yet", EmptyHint: "Sign up or reset a password: the mail arrives here. This page shows it by itself.",
	EmptySearch: "No mail to this address",
	From:        "From", To: "To", At: "Arrived", Subject: "Subject",
	Back: "Back to the inbox", Code: "Code", Copy: "Copy", Copied: "Copied", OpenLink: "Open the link",
	Preview: "The mail", Text: "As plain text", Raw: "Source", Unreadable: "This mail cannot be taken apart; its source is below.",
}

var chinese = words{
	Lang: "zh-CN", OtherLang: "en", OtherName: "English",
	Title: "收件箱", Simulator: "模拟器",
	Notice: "这是模拟邮箱。发往任何地址的邮件都会到这里，不会离开本机。",
	Search: "邮箱地址", SearchButton: "查看", All: "全部地址", Clear: "清空收件箱",
	Empty: "还没有邮件", EmptyHint: "注册或重置密码后，邮件会到达这里。本页会自动显示。",
	EmptySearch: "没有发往此地址的邮件",
	From:        "发件人", To: "收件人", At: "到达时间", Subject: "主题",
	Back: "返回收件箱", Code: "验证码", Copy: "复制", Copied: "已复制", OpenLink: "打开链接",
	Preview: "邮件内容", Text: "纯文本", Raw: "源码", Unreadable: "无法解析此邮件，源码如下。",
}

var languages = language.NewMatcher([]language.Tag{language.English, language.SimplifiedChinese})

// wordsFor picks the language: ?lang= before Accept-Language.
func wordsFor(r *http.Request) words {
	asked := r.URL.Query().Get("lang")
	if asked == "" {
		asked = r.Header.Get("Accept-Language")
	}
	tags, _, err := language.ParseAcceptLanguage(asked)
	if err != nil {
		return english
	}
	if _, index, _ := languages.Match(tags...); index == 1 {
		return chinese
	}
	return english
}

// row is a mail in the inbox.
type row struct {
	ID                int
	To, From, Subject string
	At                string
	ISO               string
}

// view is what a page's template gets.
type view struct {
	Words     words
	OtherURL  string
	LangQuery string // "?lang=zh" while a language was asked for, kept in links
	Filter    string
	Latest    int
	Rows      []row
	Letter    Letter
	Message   row
	Text, Raw string
	Bad       bool
}

func newView(r *http.Request) view {
	v := view{Words: wordsFor(r)}
	query := r.URL.Query()
	if lang := query.Get("lang"); lang != "" {
		v.LangQuery = "?" + url.Values{"lang": {lang}}.Encode()
	}
	query.Set("lang", v.Words.OtherLang)
	v.OtherURL = "?" + query.Encode()
	return v
}

func (m *Mailbox) serveInboxPage(w http.ResponseWriter, r *http.Request, to string, found []Message) {
	v := newView(r)
	v.Filter = to
	for _, message := range found {
		letter, _ := message.Read()
		v.Rows = append(v.Rows, newRow(message, letter))
	}
	if len(found) > 0 {
		v.Latest = found[0].ID
	}
	serveTemplate(w, "inbox.html", v)
}

func serveMessagePage(w http.ResponseWriter, r *http.Request, message Message) {
	v := newView(r)
	letter, err := message.Read()
	v.Letter, v.Bad = letter, err != nil
	v.Message, v.Text, v.Raw = newRow(message, letter), letter.Text, message.Raw
	serveTemplate(w, "message.html", v)
}

func newRow(message Message, letter Letter) row {
	subject := letter.Subject
	if subject == "" {
		subject = "(-)"
	}
	return row{
		ID: message.ID, To: message.To, From: letter.From, Subject: subject,
		At: message.At.Local().Format("2006-01-02 15:04:05"), ISO: message.At.Format(time.RFC3339),
	}
}

func serveTemplate(w http.ResponseWriter, name string, v view) {
	var page bytes.Buffer
	if err := pages.ExecuteTemplate(&page, name, v); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Language", v.Words.Lang)
	w.Header().Set("Vary", "Accept, Accept-Language")
	_, _ = page.WriteTo(w)
}
