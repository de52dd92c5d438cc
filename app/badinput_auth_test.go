package app_test

import (
	"fmt"
	"strings"
)

var authBearerCodes = map[string]wireAnswer{
	"missing": {401, "no_authorization"},
	"token":   {403, "bad_jwt"},
}

// bodyRoutes are the routes of /auth/v1 that read a JSON object.
var bodyRoutes = []struct {
	method, path string
	as           caller
}{
	{"POST", "/signup", nobody},
	{"POST", "/token?grant_type=password", nobody},
	{"POST", "/token?grant_type=refresh_token", nobody},
	{"POST", "/token?grant_type=pkce", nobody},
	{"POST", "/recover", nobody},
	{"POST", "/resend", nobody},
	{"POST", "/otp", nobody},
	{"POST", "/magiclink", nobody},
	{"POST", "/verify", nobody},
	{"PUT", "/user", user},
	{"POST", "/invite", serviceKey},
	{"POST", "/admin/generate_link", serviceKey},
	{"POST", "/admin/users", serviceKey},
}

// badBodies crosses those routes with bodies that are wrong for all of them.
func badBodies() []bad {
	bodies := []struct {
		name, body, names string
		answer            wireAnswer
	}{
		{"truncated", `{"email":`, "", wireAnswer{400, "bad_json"}},
		{"not JSON", `email=a@example.com`, "byte", wireAnswer{400, "bad_json"}},
		{"an array", `[{"email":"a@example.com"}]`, "object", wireAnswer{400, "bad_json"}},
		{"a string", `"a@example.com"`, "object", wireAnswer{400, "bad_json"}},
		{"null", `null`, "object", wireAnswer{400, "bad_json"}},
		{"white space", " \n\t ", "empty", wireAnswer{400, "bad_json"}},
		{"more after the end", `{} {}`, "byte", wireAnswer{400, "bad_json"}},
		{"broken UTF-8", "{\"email\":\"\xff@example.com\"}", "utf-8", wireAnswer{400, "bad_json"}},
		{"an escaped NUL", `{"email":"a\u0000@example.com"}`, "email", wireAnswer{400, "bad_json"}},
		{"a name twice", `{"email":"a@example.com","email":"b@example.com"}`, "email", wireAnswer{400, "bad_json"}},
		{"nested without end", strings.Repeat(`{"data":`, 5000), "deep", wireAnswer{400, "bad_json"}},
		{"a number for the address", `{"email":12345678901234567890123}`, "email", wireAnswer{400, "bad_json"}},
		{"an object for the address", `{"email":{"$gt":""}}`, "email", wireAnswer{400, "bad_json"}},
		{"two megabytes", `{"email":"` + strings.Repeat("a", 2<<20) + `"}`, "1048576", wireAnswer{413, "request_entity_too_large"}},
	}
	var list []bad
	for _, r := range bodyRoutes {
		for _, b := range bodies {
			if strings.Contains(b.name, "for the address") && strings.Contains(r.path, "pkce") {
				continue // it has no address
			}
			list = append(list, bad{
				name: fmt.Sprintf("%s %s, %s", r.method, r.path, b.name), method: r.method, path: "/auth/v1" + r.path, as: r.as,
				body: b.body, status: b.answer.status, code: b.answer.code, names: b.names,
			})
		}
	}
	return list
}

// badAuth are requests that are wrong for one route.
func badAuth(s *badServer) []bad {
	const invalid = "validation_failed"
	adminUser := "/auth/v1/admin/users/" + s.userID
	long := strings.Repeat("a", 300) + "@example.com"
	type row struct {
		name, method, path string
		as                 caller
		body               string
		status             int
		code, names        string
	}
	rows := []row{
		{"signup: no password", "POST", "/signup", nobody, `{"email":"bad1@example.com"}`, 400, invalid, "password"},
		{"signup: no address", "POST", "/signup", nobody, `{"password":"correct-horse-9"}`, 400, invalid, "email"},
		{"signup: not an address", "POST", "/signup", nobody, `{"email":"notanemail","password":"correct-horse-9"}`, 400, invalid, "email"},
		{"signup: an address with a line break", "POST", "/signup", nobody, `{"email":"a@example.com\nBcc: b@example.com","password":"correct-horse-9"}`, 400, invalid, "email"},
		{"signup: two addresses in one", "POST", "/signup", nobody, `{"email":"a@example.com,b@example.com","password":"correct-horse-9"}`, 400, invalid, "email"},
		{"signup: an address of 300 letters", "POST", "/signup", nobody, `{"email":"` + long + `","password":"correct-horse-9"}`, 400, invalid, "email"},
		{"signup: a short password", "POST", "/signup", nobody, `{"email":"bad2@example.com","password":"abc"}`, 422, "weak_password", "password"},
		{"signup: a password of 73 bytes", "POST", "/signup", nobody, `{"email":"bad3@example.com","password":"` + strings.Repeat("a", 73) + `"}`, 400, invalid, "password"},
		{"signup: a password that is a number", "POST", "/signup", nobody, `{"email":"bad4@example.com","password":12345678}`, 400, "bad_json", "password"},
		{"signup: address and phone", "POST", "/signup", nobody, `{"email":"bad5@example.com","phone":"+15551234567","password":"correct-horse-9"}`, 400, invalid, "phone"},
		{"signup: phone", "POST", "/signup", nobody, `{"phone":"+15551234567","password":"correct-horse-9"}`, 400, "phone_provider_disabled", "phone"},
		{"signup: data that is a list", "POST", "/signup", nobody, `{"email":"bad6@example.com","password":"correct-horse-9","data":[1]}`, 400, "bad_json", "data"},
		{"signup: half of PKCE", "POST", "/signup", nobody, `{"email":"bad7@example.com","password":"correct-horse-9","code_challenge":"` + strings.Repeat("x", 43) + `"}`, 400, invalid, "code_challenge_method"},
		{"signup: a short challenge", "POST", "/signup", nobody, `{"email":"bad8@example.com","password":"correct-horse-9","code_challenge":"abc","code_challenge_method":"s256"}`, 400, invalid, "code challenge"},
		{"signup: an unknown challenge method", "POST", "/signup", nobody, `{"email":"bad9@example.com","password":"correct-horse-9","code_challenge":"` + strings.Repeat("x", 43) + `","code_challenge_method":"md5"}`, 400, invalid, "code challenge method"},
		{"signup: an account that exists", "POST", "/signup", nobody, `{"email":"known@example.com","password":"correct-horse-9"}`, 422, "user_already_exists", ""},
		{"signup: GET", "GET", "/signup", nobody, "", 405, "", ""},

		{"token: no grant", "POST", "/token", nobody, `{}`, 400, "invalid_credentials", "grant_type"},
		{"token: an unknown grant", "POST", "/token?grant_type=foo", nobody, `{}`, 400, "invalid_credentials", "grant_type"},
		{"token: a NUL for a grant", "POST", "/token?grant_type=%00", nobody, `{}`, 400, "bad_json", "grant_type"},
		{"token: broken UTF-8 for a grant", "POST", "/token?grant_type=%ff", nobody, `{}`, 400, "bad_json", "grant_type"},
		{"token: a grant that is not built", "POST", "/token?grant_type=id_token", nobody, `{"provider":"nope","id_token":"a.b.c"}`, 400, "invalid_credentials", "grant_type"},
		{"token: web3", "POST", "/token?grant_type=web3", nobody, `{"chain":"ethereum"}`, 422, "web3_provider_disabled", ""},
		{"token: no address", "POST", "/token?grant_type=password", nobody, `{"password":"x"}`, 400, invalid, "email"},
		{"token: no password", "POST", "/token?grant_type=password", nobody, `{"email":"known@example.com"}`, 400, "invalid_credentials", ""},
		{"token: a wrong password", "POST", "/token?grant_type=password", nobody, `{"email":"known@example.com","password":"x"}`, 400, "invalid_credentials", ""},
		{"token: a password of a megabyte", "POST", "/token?grant_type=password", nobody, `{"email":"known@example.com","password":"` + strings.Repeat("a", 1<<20-100) + `"}`, 400, "invalid_credentials", ""},
		{"token: a phone", "POST", "/token?grant_type=password", nobody, `{"phone":"+15551234567","password":"x"}`, 400, "phone_provider_disabled", "phone"},
		{"token: not an address", "POST", "/token?grant_type=password", nobody, `{"email":"' OR 1=1 --","password":"x"}`, 400, "invalid_credentials", ""},
		{"token: no refresh token", "POST", "/token?grant_type=refresh_token", nobody, `{}`, 400, invalid, "refresh token"},
		{"token: a short refresh token", "POST", "/token?grant_type=refresh_token", nobody, `{"refresh_token":"abc"}`, 400, invalid, "refresh token"},
		{"token: an unknown refresh token", "POST", "/token?grant_type=refresh_token", nobody, `{"refresh_token":"abcdefghij12"}`, 400, "refresh_token_not_found", ""},
		{"token: a refresh token of letters elsewhere", "POST", "/token?grant_type=refresh_token", nobody, `{"refresh_token":"刷新令牌刷新令牌刷新令牌"}`, 400, "*", "refresh token"},
		{"token: a refresh token that is a list", "POST", "/token?grant_type=refresh_token", nobody, `{"refresh_token":["a"]}`, 400, "bad_json", "refresh_token"},
		{"token: an empty code", "POST", "/token?grant_type=pkce", nobody, `{"auth_code":"","code_verifier":""}`, 400, invalid, "auth code"},
		{"token: no verifier", "POST", "/token?grant_type=pkce", nobody, `{"auth_code":"329cfab5-de38-4432-bc17-2896c0dee4e9"}`, 400, invalid, "code verifier"},
		{"token: an unknown code", "POST", "/token?grant_type=pkce", nobody, `{"auth_code":"329cfab5-de38-4432-bc17-2896c0dee4e9","code_verifier":"` + strings.Repeat("x", 50) + `"}`, 404, "flow_state_not_found", ""},
		{"token: a code that is no UUID", "POST", "/token?grant_type=pkce", nobody, `{"auth_code":"zzz","code_verifier":"` + strings.Repeat("x", 50) + `"}`, 404, "flow_state_not_found", ""},

		{"recover: no address", "POST", "/recover", nobody, `{}`, 400, invalid, "email"},
		{"recover: not an address", "POST", "/recover", nobody, `{"email":"x"}`, 400, invalid, "email"},
		{"resend: no type", "POST", "/resend", nobody, `{"email":"a@example.com"}`, 400, invalid, "type"},
		{"resend: an unknown type", "POST", "/resend", nobody, `{"type":"x","email":"a@example.com"}`, 400, invalid, "type"},
		{"resend: no address", "POST", "/resend", nobody, `{"type":"signup"}`, 400, invalid, "email"},
		{"resend: an SMS", "POST", "/resend", nobody, `{"type":"sms","phone":"+15551234567"}`, 400, "phone_provider_disabled", "phone"},
		{"otp: nothing", "POST", "/otp", nobody, `{}`, 400, invalid, "email"},
		{"otp: not an address", "POST", "/otp", nobody, `{"email":"x"}`, 400, invalid, "email"},
		{"otp: address and phone", "POST", "/otp", nobody, `{"email":"a@example.com","phone":"+15551234567"}`, 400, invalid, "phone"},
		{"otp: a stranger who may not sign up", "POST", "/otp", nobody, `{"email":"stranger@example.com","create_user":false}`, 422, "otp_disabled", ""},
		{"otp: create_user that is a word", "POST", "/otp", nobody, `{"email":"a@example.com","create_user":"no"}`, 400, "bad_json", "create_user"},
		{"verify: nothing", "POST", "/verify", nobody, `{}`, 400, invalid, "type"},
		{"verify: no token", "POST", "/verify", nobody, `{"type":"signup","email":"a@example.com"}`, 400, invalid, "token"},
		{"verify: no address", "POST", "/verify", nobody, `{"type":"signup","token":"123456"}`, 400, invalid, "email"},
		{"verify: an unknown type", "POST", "/verify", nobody, `{"type":"zzz","token_hash":"deadbeef"}`, 403, "otp_expired", ""},
		{"verify: an unknown token", "POST", "/verify", nobody, `{"type":"signup","token_hash":"deadbeef"}`, 403, "otp_expired", ""},
		{"verify: a token of 10 kB", "POST", "/verify", nobody, `{"type":"signup","token_hash":"` + strings.Repeat("a", 10_000) + `"}`, 403, "otp_expired", ""},
		{"verify: not an address", "POST", "/verify", nobody, `{"type":"signup","email":"x","token":"123456"}`, 400, invalid, "email"},
		{"verify: a NUL in the link", "GET", "/verify?token=%00&type=signup", nobody, "", 400, "bad_json", "token"},

		{"user: put an object for a password", "PUT", "/user", user, `{"password":{"new":"x"}}`, 400, "bad_json", "password"},
		{"user: put the same password", "PUT", "/user", user, `{"password":"correct-horse-9"}`, 422, "same_password", "password"},
		{"user: put a short password", "PUT", "/user", user, `{"password":"abc"}`, 422, "weak_password", "password"},
		{"user: put a long password", "PUT", "/user", user, `{"password":"` + strings.Repeat("a", 73) + `"}`, 400, invalid, "password"},
		{"user: put app_metadata", "PUT", "/user", user, `{"app_metadata":{"role":"admin"}}`, 403, "not_admin", "app_metadata"},
		{"user: put not an address", "PUT", "/user", user, `{"email":"x"}`, 400, invalid, "email"},
		{"user: put an address that is taken", "PUT", "/user", user, `{"email":"other@example.com"}`, 422, "email_exists", "email"},
		{"user: put a phone", "PUT", "/user", user, `{"phone":"+15551234567"}`, 400, "phone_provider_disabled", "phone"},
		{"user: put data that is a word", "PUT", "/user", user, `{"data":"x"}`, 400, "bad_json", "data"},
		{"user: the anon key is nobody", "GET", "/user", anonKey, "", 403, "bad_jwt", "sub"},
		{"user: the service key is nobody", "GET", "/user", serviceKey, "", 403, "bad_jwt", "sub"},
		{"user: DELETE", "DELETE", "/user", user, "", 405, "", ""},
		{"logout: an unknown scope", "POST", "/logout?scope=zzz", user, "", 400, invalid, "scope"},
		{"logout: nobody", "POST", "/logout", nobody, "", 401, "no_authorization", ""},
		{"reauthenticate: without an address", "GET", "/reauthenticate", anonymousUser, "", 403, "no_authorization", ""},

		{"invite: as a user", "POST", "/invite", user, `{"email":"a@example.com"}`, 403, "not_admin", ""},
		{"invite: no address", "POST", "/invite", serviceKey, `{}`, 400, invalid, "email"},
		{"invite: who is here", "POST", "/invite", serviceKey, `{"email":"known@example.com"}`, 422, "email_exists", "email"},
		{"generate_link: as a user", "POST", "/admin/generate_link", user, `{"type":"magiclink","email":"known@example.com"}`, 403, "not_admin", ""},
		{"generate_link: an unknown type", "POST", "/admin/generate_link", serviceKey, `{"type":"zz","email":"known@example.com"}`, 400, invalid, "type"},
		{"generate_link: no address", "POST", "/admin/generate_link", serviceKey, `{"type":"magiclink"}`, 400, invalid, "email"},
		{"admin list: as nobody", "GET", "/admin/users", nobody, "", 401, "no_authorization", ""},
		{"admin list: as a user", "GET", "/admin/users", user, "", 403, "not_admin", ""},
		{"admin list: as an administrator of the site", "GET", "/admin/users", administrator, "", 403, "not_admin", ""},
		{"admin list: with the anon key", "GET", "/admin/users", anonKey, "", 403, "not_admin", ""},
		{"admin list: page zero", "GET", "/admin/users?page=0", serviceKey, "", 400, invalid, "page"},
		{"admin list: a negative page", "GET", "/admin/users?page=-1", serviceKey, "", 400, invalid, "page"},
		{"admin list: a page of letters", "GET", "/admin/users?page=abc", serviceKey, "", 400, invalid, "page"},
		{"admin list: a page beyond numbers", "GET", "/admin/users?page=99999999999999999999", serviceKey, "", 400, invalid, "page"},
		{"admin list: a huge page size", "GET", "/admin/users?per_page=100000000", serviceKey, "", 400, invalid, "per_page"},
		{"admin create: empty", "POST", "/admin/users", serviceKey, `{}`, 400, invalid, "email"},
		{"admin create: not an address", "POST", "/admin/users", serviceKey, `{"email":"x","password":"correct-horse-9"}`, 400, invalid, "email"},
		{"admin create: an address that is taken", "POST", "/admin/users", serviceKey, `{"email":"known@example.com","password":"correct-horse-9"}`, 422, "email_exists", "email"},
		{"admin create: a bad hash", "POST", "/admin/users", serviceKey, `{"email":"bad10@example.com","password_hash":"zzz"}`, 400, invalid, "password hash"},
		{"admin create: a hash that would take hours", "POST", "/admin/users", serviceKey, `{"email":"bad11@example.com","password_hash":"$2a$31$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy"}`, 400, invalid, "password hash"},
		{"admin create: password and hash", "POST", "/admin/users", serviceKey, `{"email":"bad12@example.com","password":"correct-horse-9","password_hash":"$2a$10$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy"}`, 400, invalid, "password"},
		{"admin create: an id that is no UUID", "POST", "/admin/users", serviceKey, `{"id":"1","email":"bad13@example.com"}`, 400, invalid, "id"},
		{"admin create: an id that is taken", "POST", "/admin/users", serviceKey, `{"id":"` + s.userID + `","email":"bad14@example.com"}`, 422, "user_already_exists", "id"},
		{"admin create: a ban of words", "POST", "/admin/users", serviceKey, `{"email":"bad15@example.com","ban_duration":"for ever"}`, 400, invalid, "ban"},
		{"admin create: email_confirm that is a word", "POST", "/admin/users", serviceKey, `{"email":"bad16@example.com","email_confirm":"yes"}`, 400, "bad_json", "email_confirm"},
		{"admin create: a phone", "POST", "/admin/users", serviceKey, `{"phone":"+15551234567"}`, 400, "phone_provider_disabled", "phone"},
		{"admin get: an id that is no UUID", "GET", "/admin/users/zzz", serviceKey, "", 404, invalid, "user_id"},
		{"admin get: an id with a NUL", "GET", "/admin/users/%00", serviceKey, "", 400, "bad_json", "path"},
		{"admin get: an unknown id", "GET", "/admin/users/fa7b037f-1a5d-40a3-94bc-28114e0fbcd4", serviceKey, "", 404, "user_not_found", ""},
		{"admin put: an unknown id", "PUT", "/admin/users/fa7b037f-1a5d-40a3-94bc-28114e0fbcd4", serviceKey, `{}`, 404, "user_not_found", ""},
		{"admin put: truncated", "PUT", adminUser[len("/auth/v1"):], serviceKey, `{"email":`, 400, "bad_json", ""},
		{"admin put: a negative ban", "PUT", adminUser[len("/auth/v1"):], serviceKey, `{"ban_duration":"-1h"}`, 400, invalid, "ban"},
		{"admin put: an address that is taken", "PUT", adminUser[len("/auth/v1"):], serviceKey, `{"email":"other@example.com"}`, 422, "email_exists", "email"},
		{"admin put: a role of 10 kB", "PUT", adminUser[len("/auth/v1"):], serviceKey, `{"role":"` + strings.Repeat("r", 10_000) + `"}`, 400, invalid, "role"},
		{"admin put: metadata that is a number", "PUT", adminUser[len("/auth/v1"):], serviceKey, `{"user_metadata":7}`, 400, "bad_json", "user_metadata"},
		{"admin delete: truncated", "DELETE", adminUser[len("/auth/v1"):], serviceKey, `{"should_soft_delete":`, 400, "bad_json", ""},
		{"admin delete: a word for soft", "DELETE", adminUser[len("/auth/v1"):], serviceKey, `{"should_soft_delete":"yes"}`, 400, "bad_json", "should_soft_delete"},
		{"admin delete: an unknown id", "DELETE", "/admin/users/fa7b037f-1a5d-40a3-94bc-28114e0fbcd4", serviceKey, "", 404, "user_not_found", ""},
		{"admin audit: a page of letters", "GET", "/admin/audit?page=x", serviceKey, "", 400, invalid, "page"},
		{"admin: PATCH", "PATCH", adminUser[len("/auth/v1"):], serviceKey, `{}`, 405, "", ""},
		{"an unknown route", "GET", "/nope", nobody, "", 404, "", ""},
		{"a route that climbs", "GET", "/../../etc/passwd", nobody, "", 404, "", ""},
	}
	list := make([]bad, 0, len(rows)+2)
	for _, r := range rows {
		list = append(list, bad{
			name: r.name, method: r.method, path: "/auth/v1" + r.path, as: r.as, body: r.body,
			status: r.status, code: r.code, names: r.names,
		})
	}
	return append(list,
		bad{
			name: "token: a form", method: "POST", path: "/auth/v1/token?grant_type=password", body: "email=known%40example.com&password=x",
			header: map[string]string{"Content-Type": "application/x-www-form-urlencoded"}, status: 400, code: "bad_json",
		},
		bad{
			name: "signup: a multipart form", method: "POST", path: "/auth/v1/signup", body: "--b\r\nContent-Disposition: form-data; name=\"email\"\r\n\r\nx\r\n--b--\r\n",
			header: map[string]string{"Content-Type": "multipart/form-data; boundary=b"}, status: 400, code: "bad_json",
		},
		bad{
			name: "user: a request id of 300 letters", method: "GET", path: "/auth/v1/user",
			header: map[string]string{"X-Request-Id": strings.Repeat("x", 300)}, status: 401, code: "no_authorization",
		},
		bad{
			name: "user: a request id with spaces and Chinese", method: "GET", path: "/auth/v1/user",
			header: map[string]string{"X-Request-Id": "a b 请求"}, status: 401, code: "no_authorization",
		},
		bad{
			name: "refresh: the cookie of another site's page", method: "POST", path: "/auth/v1/token?grant_type=refresh_token", body: "{}",
			header: map[string]string{"X-Tessera-Session": "cookie", "Sec-Fetch-Site": "cross-site", "Cookie": "tessera_refresh=x"},
			status: 400, code: "validation_failed", names: "refresh token",
		},
		bad{
			name: "refresh: our own page's cookie is junk", method: "POST", path: "/auth/v1/token?grant_type=refresh_token", body: "{}",
			header: map[string]string{"X-Tessera-Session": "cookie", "Sec-Fetch-Site": "same-origin", "Cookie": "tessera_refresh=" + strings.Repeat("z", 3000)},
			status: 400, code: "*", names: "refresh token",
		},
	)
}
