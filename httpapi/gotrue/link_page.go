package gotrue

import (
	"crypto/sha256"
	_ "embed" // link_page.html
	"encoding/base64"
	"html/template"
	"net/http"
	"strings"
	"sync"

	"tessera/httpapi"
)

// linkForm is what the page hands on when its button is pressed.
type linkForm struct {
	Token      string
	Type       string
	RedirectTo string
}

//go:embed link_page.html
var linkPageSource string

var linkPage = template.Must(template.New("link").Parse(linkPageSource))

// linkWords is the page's text in one language.
type linkWords struct{ Lang, Title, Lead, Button, Note string }

var linkTexts = map[string]map[string]linkWords{
	"en": {
		"":             {"en", "Confirm", "Press the button to go on.", "Continue", "If you did not ask for this, close the page."},
		"signup":       {"en", "Confirm your e-mail address", "Press the button to finish signing up.", "Confirm", "If you did not sign up, close the page."},
		"recovery":     {"en", "Reset your password", "Press the button to sign in and choose a new password.", "Continue", "If you did not ask for this, close the page; nothing changes."},
		"email_change": {"en", "Change your e-mail address", "Press the button to confirm this address.", "Confirm", "If you did not ask for this, close the page; nothing changes."},
	},
	"zh-CN": {
		"":             {"zh-CN", "确认", "点击下面的按钮继续。", "继续", "如果这不是你本人的操作,关闭此页即可。"},
		"signup":       {"zh-CN", "确认邮箱地址", "点击下面的按钮完成注册。", "确认", "如果你没有注册,关闭此页即可。"},
		"recovery":     {"zh-CN", "重设密码", "点击下面的按钮登录并设置新密码。", "继续", "如果你没有申请重设密码,关闭此页即可,不会有任何改动。"},
		"email_change": {"zh-CN", "更换邮箱地址", "点击下面的按钮确认此邮箱。", "确认", "如果你没有申请更换邮箱,关闭此页即可,不会有任何改动。"},
	},
}

// linkPageCSP allows the page's own style, by its hash, and nothing else. There
// is no form-action: the form's answer redirects to the app, wherever that is.
var linkPageCSP = sync.OnceValue(func() string {
	_, rest, _ := strings.Cut(linkPageSource, "<style>")
	style, _, _ := strings.Cut(rest, "</style>")
	sum := sha256.Sum256([]byte(style))
	return "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) +
		"'; base-uri 'none'; frame-ancestors 'none'"
})

func renderLinkPage(w http.ResponseWriter, r *http.Request, link linkForm) error {
	texts := linkTexts[httpapi.Locale(r)]
	words, ok := texts[link.Type]
	if !ok {
		words = texts[""]
	}
	header := w.Header()
	header.Set("Content-Type", "text/html; charset=utf-8")
	header.Set("Content-Security-Policy", linkPageCSP())
	header.Set("Referrer-Policy", "no-referrer")
	header.Set("Cache-Control", "no-store")
	header.Set("X-Frame-Options", "DENY")
	return linkPage.Execute(w, struct {
		linkWords
		linkForm
	}{words, link})
}
