package providertest

import (
	"bytes"
	"html/template"
	"net/http"
	"net/url"
	"strings"

	"golang.org/x/text/language"
)

var pages = template.Must(template.New("").ParseFS(webFiles, "web/*.html"))

// words is what the pages say in one language.
type words struct {
	Lang, OtherLang, OtherName        string
	Simulator, Notice, Ask, Who       string
	Else, ElseHint                    string
	ID, IDDigits, IDProblem           string
	Username, Nickname, Email         string
	Verified, Unverified, NoEmail     string
	IsVerified, HasAvatar, NoNickname string
	Trouble, NoTrouble                string
	Allow, Cancel                     string
	Refused, RefusedHint, Problem     string
	Home, HomeHint                    string
}

var english = words{
	Lang: "en", OtherLang: "zh", OtherName: "中文",
	Simulator: "Simulator",
	Notice:    "This page stands in for %s. It is a simulator on this machine: nobody's real account is used, and nothing leaves the machine.",
	Ask:       "%s asks who you are", Who: "Sign in as",
	Else: "Somebody else", ElseHint: "The same ID is the same person each time.",
	ID: "ID", IDDigits: "digits only", IDProblem: "Enter an ID: up to 64 characters, or up to 18 digits where this provider counts its people.",
	Username: "User name", Nickname: "Nickname", Email: "E-mail",
	Verified: "verified", Unverified: "not verified", NoEmail: "no e-mail", NoNickname: "no nickname",
	IsVerified: "The e-mail is verified", HasAvatar: "Has an avatar",
	Trouble: "Let something go wrong", NoTrouble: "Nothing, all goes well",
	Allow: "Allow", Cancel: "Cancel",
	Refused: "The simulator refuses this request", RefusedHint: "The real provider would show an error page too. The reason:", Problem: "Please correct this:",
	Home: "A login provider's simulator", HomeHint: "There is nothing to do here. Start signing in from the application; it leads to this simulator.",
}

var chinese = words{
	Lang: "zh-CN", OtherLang: "en", OtherName: "English",
	Simulator: "模拟器",
	Notice:    "本页代替 %s，是运行在本机的模拟器：不会使用任何真实账号，也不会有数据离开本机。",
	Ask:       "%s 想知道你是谁", Who: "登录身份",
	Else: "其他人", ElseHint: "相同的 ID 每次都是同一个人。",
	ID: "ID", IDDigits: "仅限数字", IDProblem: "请填写 ID：最多 64 个字符；用数字编号的服务商最多 18 位数字。",
	Username: "用户名", Nickname: "昵称", Email: "邮箱",
	Verified: "已验证", Unverified: "未验证", NoEmail: "无邮箱", NoNickname: "无昵称",
	IsVerified: "邮箱已验证", HasAvatar: "有头像",
	Trouble: "制造故障", NoTrouble: "无，一切正常",
	Allow: "同意", Cancel: "取消",
	Refused: "模拟器拒绝了此请求", RefusedHint: "真实的服务商同样会显示错误页。原因：", Problem: "请更正：",
	Home: "登录服务商模拟器", HomeHint: "这里不需要任何操作。请从应用发起登录，它会跳转到本模拟器。",
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

// view is what a template gets.
type view struct {
	Words    words
	OtherURL string
	Name     string // of the simulator
	Notice   string
	Kind     Kind

	Ask     string
	Action  string
	People  []Person
	Ills    []Ill
	Problem bool
	Digits  bool
	Form    url.Values // as sent, when it has to be corrected
	Choice  string
	Scope   string

	Reason string
}

func (s *Simulator) view(r *http.Request) view {
	v := view{Words: wordsFor(r), Name: s.name, Kind: s.kind}
	v.Notice = strings.Replace(v.Words.Notice, "%s", s.kind.StandsInFor(), 1)
	v.OtherURL = "?" + url.Values{"lang": {v.Words.OtherLang}}.Encode()
	return v
}

func (s *Simulator) serveHome(w http.ResponseWriter, r *http.Request) {
	s.serve(w, http.StatusOK, "home.html", s.view(r), "")
}

func (s *Simulator) servePage(w http.ResponseWriter, r *http.Request) {
	req, found := s.desk.asked(r.PathValue("id"))
	if !found {
		s.refusePage(w, r, "this request has been answered or has expired")
		return
	}
	s.showConsent(w, r, req, "")
}

func (s *Simulator) showConsent(w http.ResponseWriter, r *http.Request, req request, problem string) {
	v := s.view(r)
	app, _ := s.app(req.AppID)
	name := app.Name
	if name == "" {
		name = app.ID
	}
	v.Ask = strings.Replace(v.Words.Ask, "%s", name, 1)
	v.Action = r.URL.RequestURI()
	v.People, v.Ills, v.Digits, v.Scope = People(), s.byHand(), s.protocol.numericIDs(), req.Scope
	v.Form, v.Choice, v.Problem = r.PostForm, v.People[0].ID, problem != ""
	status := http.StatusOK
	if problem != "" {
		status, v.Choice = http.StatusUnprocessableEntity, somebodyElse
	}
	// A browser holds every redirect after a form to form-action: our client's
	// callback, and from there the app on this machine that uses our client.
	origins := "http://127.0.0.1:* http://localhost:*"
	if u, err := url.Parse(req.RedirectURI); err == nil {
		origins = u.Scheme + "://" + u.Host + " " + origins
	}
	s.serve(w, status, "consent.html", v, origins)
}

// refusePage shows why a request is not followed; nobody is sent anywhere.
func (s *Simulator) refusePage(w http.ResponseWriter, r *http.Request, reason string) {
	v := s.view(r)
	v.Reason, v.OtherURL = reason, ""
	s.serve(w, http.StatusBadRequest, "refused.html", v, "")
}

// serve renders a page with nothing but the simulator's own style and pictures.
func (s *Simulator) serve(w http.ResponseWriter, status int, name string, v view, formOrigins string) {
	var page bytes.Buffer
	if err := pages.ExecuteTemplate(&page, name, v); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self' "+formOrigins+"; base-uri 'none'; frame-ancestors 'none'")
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Language", v.Words.Lang)
	h.Set("Vary", "Accept-Language")
	w.WriteHeader(status)
	_, _ = page.WriteTo(w)
}

// AvatarOf is a preset person's picture, for the page.
func (view) AvatarOf(p Person) string { return "/avatar/" + opaque("avatar", p.ID) + ".png" }

// Text is an ill in the page's language.
func (v view) Text(i Ill) string {
	if v.Words.Lang == english.Lang {
		return i.EN
	}
	return i.ZH
}
