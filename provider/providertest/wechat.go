package providertest

import (
	"crypto/subtle"
	"net/http"
	"net/url"
	"regexp"
	"strings"
)

// wechat is open.weixin.qq.com and api.weixin.qq.com in one.
type wechat struct{ *Simulator }

func (p wechat) numericIDs() bool { return false }

func (p wechat) routes(mux *http.ServeMux) {
	mux.HandleFunc("GET /connect/oauth2/authorize", p.authorize("mp", "snsapi_userinfo"))
	mux.HandleFunc("GET /connect/qrconnect", p.authorize("open", "snsapi_login"))
	mux.HandleFunc("GET /sns/oauth2/access_token", p.machine("token", p.chosenByCode, p.token))
	mux.HandleFunc("GET /sns/userinfo", p.machine("userinfo", p.chosenByToken, p.user))
}

// queryPattern is the order that WeChat demands, and nothing besides.
var queryPattern = regexp.MustCompile(`^appid=[^&]+&redirect_uri=[^&]+&response_type=code&scope=[a-z_]+&state=([A-Za-z0-9]{1,128})$`)

func (p wechat) authorize(channel, scope string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		app, known := p.app(q.Get("appid"))
		switch {
		case !queryPattern.MatchString(r.URL.RawQuery):
			p.refusePage(w, r, "该链接无法访问: the parameters must be appid, redirect_uri, response_type, scope, state in this order, and state 1 to 128 letters and digits")
		case !known || app.Channel != channel:
			p.refusePage(w, r, "appid is not registered here for "+channel)
		case !p.knownRedirect(app.ID, q.Get("redirect_uri")):
			p.refusePage(w, r, "redirect_uri 参数错误: it is not registered here")
		case q.Get("scope") != scope:
			p.refusePage(w, r, "Scope 参数错误或没有 Scope 权限: scope must be "+scope)
		case channel == "mp" && !strings.Contains(r.UserAgent(), "MicroMessenger/"):
			p.refusePage(w, r, "请在微信客户端打开链接: this page opens in WeChat's own browser only")
		default:
			p.ask(w, r, request{AppID: app.ID, RedirectURI: q.Get("redirect_uri"), State: q.Get("state"), Scope: scope})
		}
	}
}

// answer leaves the code out when the person refuses, as WeChat does.
func (p wechat) answer(r request, code string, allowed bool) url.Values {
	if !allowed {
		return url.Values{"state": {r.State}}
	}
	return url.Values{"code": {code}, "state": {r.State}}
}

// Error codes of WeChat's.
const (
	errInvalidAppID  = 40013
	errInvalidSecret = 40125
	errInvalidCode   = 40029
	errInvalidToken  = 40001
)

func weChatError(w http.ResponseWriter, code int, message string) {
	w.Header().Set("Content-Type", "text/plain") // as WeChat does
	writeJSONBody(w, map[string]any{"errcode": code, "errmsg": message + " (simulator)"})
}

func (p wechat) token(w http.ResponseWriter, r *http.Request, in ills) {
	q := r.URL.Query()
	app, known := p.app(q.Get("appid"))
	if !known || in.has("client_refused") {
		weChatError(w, errInvalidAppID, "invalid appid")
		return
	}
	if subtle.ConstantTimeCompare([]byte(app.Secret), []byte(q.Get("secret"))) != 1 {
		weChatError(w, errInvalidSecret, "invalid appsecret")
		return
	}
	g, token, ok := p.desk.redeem(redemption{appID: app.ID, code: q.Get("code"), anyRedirect: true}, in)
	if !ok || q.Get("grant_type") != "authorization_code" || in.has("code_refused") {
		weChatError(w, errInvalidCode, "invalid code")
		return
	}
	answer := map[string]any{
		"access_token": token, "expires_in": 7200, "refresh_token": "refresh-" + token,
		"openid": OpenID(app.ID, g.person.ID), "scope": g.Scope,
	}
	p.addUnionID(answer, app, g.person, in)
	if in.has("snapshot_user") {
		answer["is_snapshotuser"] = 1
	}
	w.Header().Set("Content-Type", "text/plain")
	writeJSONBody(w, answer)
}

func (p wechat) user(w http.ResponseWriter, r *http.Request, in ills) {
	g, found := p.desk.byToken(bearer(r))
	openID := ""
	if found {
		openID = OpenID(g.AppID, g.person.ID)
	}
	if !found || r.URL.Query().Get("openid") != openID {
		weChatError(w, errInvalidToken, "invalid credential")
		return
	}
	app, _ := p.app(g.AppID)
	user := map[string]any{
		"openid": openID, "nickname": g.person.Nickname, "sex": 0, "province": "", "city": "", "country": "",
		"headimgurl": p.avatarURL(g.person), "privilege": []string{},
	}
	p.addUnionID(user, app, g.person, in)
	if in.has("unionid_differs") {
		user["unionid"] = UnionID("somebody-else")
	}
	if in.has("openid_differs") {
		user["openid"] = OpenID(app.ID, "somebody-else")
	}
	if in.has("id_missing") {
		delete(user, "openid")
	}
	if in.has("hostile_profile") {
		user["nickname"], user["headimgurl"] = hostileName, hostileURL
	}
	w.Header().Set("Content-Type", "text/plain")
	writeJSONBody(w, user)
}

func (p wechat) addUnionID(answer map[string]any, app App, person Person, in ills) {
	if !app.NoUnionID && !in.has("unionid_missing") {
		answer["unionid"] = UnionID(person.ID)
	}
}
