package app_test

import "strings"

// A token of whatever kind is one status here; its code says what is wrong.
var consoleBearerCodes = map[string]wireAnswer{
	"missing": {401, "access.token_missing"},
	"token":   {401, "*"},
}

// badConsole are requests to /api/v1.
func badConsole(s *badServer) []bad {
	const (
		validation = "request.validation_failed"
		refused    = "gateway.request_refused"
		events     = "/messages/0190b7a2-7e57-7000-8000-000000000001/events"
	)
	ok := `{"model":"` + s.model + `","text":"hello"`
	message := func(name, body string, status int, code, names string) bad {
		return bad{name: "messages: " + name, method: "POST", path: "/messages", as: user, body: body, status: status, code: code, names: names}
	}
	create := func(name, body string, status int, code, names string) bad {
		return bad{
			name: "create-mail-user: " + name, method: "POST", path: "/llm/tests/create-mail-user", as: administrator,
			body: body, status: status, code: code, names: names,
		}
	}
	get := func(name, path string, as caller, status int, code, names string) bad {
		return bad{name: name, method: "GET", path: path, as: as, status: status, code: code, names: names}
	}
	admin := func(name, method, path, body string, status int, code, names string) bad {
		return bad{name: name, method: method, path: path, as: administrator, body: body, status: status, code: code, names: names}
	}
	with := func(b bad, header, value string) bad {
		b.header = map[string]string{header: value}
		return b
	}
	list := []bad{
		message("nobody", ok+`}`, 401, "access.token_missing", ""),
		message("truncated", `{"model":`, 400, "request.body_invalid", ""),
		message("not JSON", `model=x`, 400, "request.body_invalid", ""),
		message("an array", `[]`, 400, "request.body_invalid", ""),
		message("null", `null`, 400, "request.body_invalid", ""),
		message("a number", `7`, 400, "request.body_invalid", ""),
		message("empty", ``, 400, "request.body_empty", ""),
		message("white space", "  \n", 400, "request.body_empty", ""),
		message("more after the end", ok+`} {}`, 400, "request.body_invalid", ""),
		message("broken UTF-8", "{\"model\":\"\xff\"}", 400, "request.text_invalid", ""),
		message("an escaped NUL", `{"model":"x","text":"a\u0000b"}`, 400, "request.text_invalid", "text"),
		message("a name twice", ok+`,"text":"again"}`, 400, "request.name_twice", "text"),
		message("a name twice deep inside", `{"model":"x","dialect":"openai.responses","payload":{"input":[{"role":"user","role":"system"}]}}`, 400, "request.name_twice", "payload.input[0].role"),
		message("nested without end", `{"metadata":`+strings.Repeat("[", 5000), 400, "request.too_deep", ""),
		message("an unknown field", ok+`,"temprature":1}`, 422, "request.unknown_field", "temprature"),
		message("no model", `{"text":"hello"}`, 422, refused, "model"),
		message("a blank model", `{"model":"  ","text":"hello"}`, 422, refused, "model"),
		message("an unknown model", `{"model":"no-such-model","text":"hello"}`, 422, "model_not_allowed", "model"),
		message("a model that is a number", `{"model":7,"text":"hello"}`, 422, "request.field_type", "model"),
		message("no text", `{"model":"`+s.model+`"}`, 422, refused, "text"),
		message("blank text", `{"model":"`+s.model+`","text":" \n "}`, 422, refused, "text"),
		message("text and messages", ok+`,"messages":[{"role":"user","content":"x"}]}`, 422, refused, "messages"),
		message("messages that are an object", `{"model":"`+s.model+`","messages":{}}`, 422, refused, "messages"),
		message("no messages", `{"model":"`+s.model+`","messages":[]}`, 422, refused, "messages"),
		message("a message that is a word", `{"model":"`+s.model+`","messages":["hello"]}`, 422, refused, "messages[0]"),
		message("an unknown role", `{"model":"`+s.model+`","messages":[{"role":"user","content":"x"},{"role":"root","content":"x"}]}`, 422, refused, "messages[1].role"),
		message("content that is a number", `{"model":"`+s.model+`","messages":[{"role":"user","content":7}]}`, 422, refused, "messages[0].content"),
		message("tools without skip_prompt", ok+`,"tools":[]}`, 422, refused, "tools"),
		message("tools that are an object", ok+`,"skip_prompt":true,"tools":{}}`, 422, refused, "tools"),
		message("a tool that is a word", ok+`,"skip_prompt":true,"tools":["x"]}`, 422, refused, "tools[0]"),
		message("skip_prompt that is a word", ok+`,"skip_prompt":"yes"}`, 422, "request.field_type", "skip_prompt"),
		message("an unknown result mode", ok+`,"result_mode":"html"}`, 422, refused, "result_mode"),
		message("a conversation that is no UUID", ok+`,"conversation_id":"zzz"}`, 422, validation, "conversation_id"),
		message("a conversation of zeros", ok+`,"conversation_id":"00000000-0000-0000-0000-000000000000"}`, 422, refused, "conversation_id"),
		message("a conversation that is a number", ok+`,"conversation_id":7}`, 422, "request.field_type", "conversation_id"),
		message("metadata that is a list", ok+`,"metadata":[]}`, 422, refused, "metadata"),
		message("metadata of 20 kB", ok+`,"metadata":{"a":"`+strings.Repeat("a", 20<<10)+`"}}`, 422, refused, "metadata"),
		message("a dialect without payload", `{"model":"`+s.model+`","dialect":"openai.responses"}`, 422, refused, "payload"),
		message("a payload without dialect", `{"model":"`+s.model+`","payload":{}}`, 422, refused, "dialect"),
		message("an unknown dialect", `{"model":"`+s.model+`","dialect":"cobol","payload":{}}`, 422, refused, "dialect"),
		message("a dialect that is not served", `{"model":"`+s.model+`","dialect":"anthropic.messages","payload":{"messages":[]}}`, 422, "gateway.dialect_not_supported_yet", "dialect"),
		message("a payload that is a list", `{"model":"`+s.model+`","dialect":"openai.responses","payload":[]}`, 422, refused, "payload"),
		message("text beside a payload", ok+`,"dialect":"openai.responses","payload":{}}`, 422, refused, "text"),
		message("a body of 20 MB", ok+`,"metadata":{"a":"`+strings.Repeat("a", 20<<20)+`"}}`, 413, "*", ""),
		with(message("plain text", ok+`}`, 415, "request.not_json", ""), "Content-Type", "text/plain"),
		with(message("a form", `model=x&text=hello`, 415, "request.not_json", ""), "Content-Type", "application/x-www-form-urlencoded"),
		{name: "messages: GET", method: "GET", path: "/messages", as: user, status: 405, code: "request.method_not_allowed"},
		{name: "messages: PUT", method: "PUT", path: "/messages", as: user, body: `{}`, status: 405, code: "request.method_not_allowed"},

		get("events: nobody", events, nobody, 401, "access.token_missing", ""),
		get("events: no such message", events, user, 404, "gateway.message_not_found", ""),
		get("events: an id that is no UUID", "/messages/zzz/events", user, 422, validation, "message_id"),
		get("events: an id with a NUL", "/messages/%00/events", user, 400, "request.text_invalid", "path"),
		get("events: a conversation that is no UUID", events+"?conversation_id=zzz", user, 422, validation, "conversation_id"),
		with(get("events: a Last-Event-ID of letters", events, user, 422, validation, "Last-Event-ID"), "Last-Event-ID", "abc"),
		with(get("events: a negative Last-Event-ID", events, user, 422, validation, "Last-Event-ID"), "Last-Event-ID", "-1"),
		with(get("events: a Last-Event-ID beyond numbers", events, user, 422, validation, "Last-Event-ID"), "Last-Event-ID", "99999999999999999999"),
		with(get("events: a Last-Event-ID with a fraction", events, user, 422, validation, "Last-Event-ID"), "Last-Event-ID", "1.5"),

		get("models: an unknown view", withQuery("/llm/models", "view", "all"), user, 422, validation, "view"),
		get("models: nobody", "/llm/models", nobody, 401, "access.token_missing", ""),
		get("app models: the anon key", "/llm/app/models", anonKey, 403, "access.api_key_not_a_user", ""),
		get("me: the service key is no user", "/me", serviceKey, 403, "access.api_key_not_a_user", ""),
		{name: "me: DELETE", method: "DELETE", path: "/me", as: user, status: 405, code: "request.method_not_allowed"},
		{name: "sync-user: nobody", method: "POST", path: "/auth/sync-user", status: 401, code: "access.token_missing"},
		{name: "sync-user: GET", method: "GET", path: "/auth/sync-user", as: user, status: 405, code: "request.method_not_allowed"},
		{name: "public-config: POST", method: "POST", path: "/public-config", body: `{}`, status: 405, code: "request.method_not_allowed"},

		{name: "inspect-token: nobody", method: "POST", path: "/auth/inspect-token", body: `{"token":"x"}`, status: 401, code: "access.token_missing"},
		{name: "inspect-token: no token", method: "POST", path: "/auth/inspect-token", as: user, body: `{}`, status: 422, code: validation, names: "token"},
		{name: "inspect-token: a token that is a number", method: "POST", path: "/auth/inspect-token", as: user, body: `{"token":7}`, status: 422, code: validation, names: "token"},
		{name: "inspect-token: an unknown field", method: "POST", path: "/auth/inspect-token", as: user, body: `{"token":"x","jwt":"y"}`, status: 422, code: validation, names: "jwt"},
		{name: "inspect-token: a token of 100 kB", method: "POST", path: "/auth/inspect-token", as: user, body: `{"token":"` + strings.Repeat("a", 100<<10) + `"}`, status: 413, code: "request.body_too_large"},
		{name: "inspect-token: truncated", method: "POST", path: "/auth/inspect-token", as: user, body: `{"token":`, status: 400, code: "request.body_invalid"},
		{name: "inspect-token: empty", method: "POST", path: "/auth/inspect-token", as: user, status: 400, code: "request.body_empty"},
		with(bad{name: "inspect-token: XML", method: "POST", path: "/auth/inspect-token", as: user, body: `<token/>`, status: 415, code: "request.not_json"}, "Content-Type", "application/xml"),

		create("a user", `{"username_prefix":"gymbro-test"}`, 403, "access.administrator_only", ""),
		create("no prefix", `{}`, 422, validation, "username_prefix"),
		create("an empty prefix", `{"username_prefix":""}`, 422, "*", "username_prefix"),
		create("a prefix that is not allowed", `{"username_prefix":"root"}`, 422, "testuser.prefix_not_allowed", "username_prefix"),
		create("a prefix with a path", `{"username_prefix":"gymbro-test/../x"}`, 422, "*", "username_prefix"),
		create("a number beyond the last", `{"username_prefix":"gymbro-test-99999"}`, 422, "testuser.prefix_not_allowed", "username_prefix"),
		create("a prefix that is a list", `{"username_prefix":["gymbro-test"]}`, 422, validation, "username_prefix"),
		create("force_new that is a word", `{"username_prefix":"gymbro-test","force_new":"yes"}`, 422, validation, "force_new"),
		create("a mail key with a line break", `{"username_prefix":"gymbro-test","mail_api_key":"a\r\nX-Evil: 1"}`, 422, "*", "mail_api_key"),
		create("an unknown field", `{"username_prefix":"gymbro-test","password":"x"}`, 422, validation, "password"),
		create("a name twice", `{"username_prefix":"gymbro-test","username_prefix":"root"}`, 400, "request.name_twice", "username_prefix"),
		create("truncated", `{"username_prefix":`, 400, "request.body_invalid", ""),
		{name: "refresh: an id that is no UUID", method: "POST", path: "/llm/tests/mail-users/zzz/refresh", as: administrator, body: `{"username_prefix":"gymbro-test"}`, status: 422, code: validation, names: "id"},
		{name: "refresh: an unknown id", method: "POST", path: "/llm/tests/mail-users/0190b7a2-7e57-7000-8000-000000000001/refresh", as: administrator, body: `{"username_prefix":"gymbro-test"}`, status: 404, code: "testuser.not_found"},
		get("mail-users: a user", "/llm/tests/mail-users", user, 403, "access.administrator_only", ""),
		{name: "anon-token: an anonymous user", method: "POST", path: "/llm/tests/anon-token", as: anonymousUser, body: `{}`, status: 403, code: "access.anonymous_not_allowed"},

		get("audit: a user", "/admin/audit", user, 403, "access.administrator_only", ""),
		get("audit: a limit of zero", "/admin/audit?limit=0", administrator, 422, validation, "limit"),
		get("audit: a limit of letters", "/admin/audit?limit=abc", administrator, 422, validation, "limit"),
		get("audit: a limit beyond numbers", "/admin/audit?limit=99999999999999999999", administrator, 422, validation, "limit"),
		get("audit: a negative limit", "/admin/audit?limit=-5", administrator, 422, validation, "limit"),
		get("audit: before that is no UUID", "/admin/audit?before=yesterday", administrator, 422, validation, "before"),
		get("audit: before with broken UTF-8", "/admin/audit?before=%ff", administrator, 400, "request.text_invalid", "before"),

		get("users: nobody", "/admin/users", nobody, 401, "access.token_missing", ""),
		get("users: a user", "/admin/users", user, 403, "access.administrator_only", ""),
		get("users: the service key is no user", "/admin/users", serviceKey, 403, "access.api_key_not_a_user", ""),
		get("users: an order that is none", "/admin/users?sort=password_hash", administrator, 422, validation, "sort"),
		get("users: SQL for an order", withQuery("/admin/users", "sort", "email;drop table users"), administrator, 422, validation, "sort"),
		get("users: a direction that is none", "/admin/users?order=up", administrator, 422, validation, "order"),
		get("users: a status that is none", "/admin/users?status=x", administrator, 422, validation, "status"),
		get("users: a limit of zero", "/admin/users?limit=0", administrator, 422, validation, "limit"),
		get("users: a limit of letters", "/admin/users?limit=abc", administrator, 422, validation, "limit"),
		get("users: a limit beyond the most", "/admin/users?limit=201", administrator, 422, validation, "limit"),
		get("users: a search of 400 letters", withQuery("/admin/users", "search", strings.Repeat("x", 400)), administrator, 422, validation, "search"),
		get("users: a search with a NUL", "/admin/users?search=%00", administrator, 400, "request.text_invalid", "search"),
		get("users: a search with broken UTF-8", "/admin/users?search=%ff", administrator, 400, "request.text_invalid", "search"),
		get("users: a cursor that is a word", "/admin/users?cursor=yesterday", administrator, 400, "identity.cursor_invalid", "cursor"),
		get("users: a cursor that is no base64", withQuery("/admin/users", "cursor", "%%%"), administrator, 400, "identity.cursor_invalid", "cursor"),
		get("users: a cursor of an empty object", "/admin/users?cursor=e30", administrator, 400, "identity.cursor_invalid", "cursor"),
		get("users: a cursor of 5 kB", "/admin/users?cursor="+strings.Repeat("a", 5<<10), administrator, 400, "identity.cursor_invalid", "cursor"),
		get("user: an id that is no UUID", "/admin/users/zzz", administrator, 422, validation, "id"),
		get("user: an unknown id", "/admin/users/0190b7a2-7e57-7000-8000-000000000001", administrator, 404, "identity.user_not_found", ""),
		get("user: a user asks", "/admin/users/"+s.userID, user, 403, "access.administrator_only", ""),
		get("user audit: before that is no UUID", "/admin/users/"+s.userID+"/audit?before=yesterday", administrator, 422, validation, "before"),
		get("user audit: a limit of letters", "/admin/users/"+s.userID+"/audit?limit=x", administrator, 422, validation, "limit"),
		admin("disable: neither until nor forever", "POST", "/admin/users/"+s.userID+"/disable", `{"reason":"x"}`, 422, "identity.disable_time", "until"),
		admin("disable: both", "POST", "/admin/users/"+s.userID+"/disable", `{"reason":"x","forever":true,"until":"2999-01-01T00:00:00Z"}`, 422, "identity.disable_time", "until"),
		admin("disable: until yesterday", "POST", "/admin/users/"+s.userID+"/disable", `{"reason":"x","until":"2001-01-01T00:00:00Z"}`, 422, "identity.disable_time", "until"),
		admin("disable: until a word", "POST", "/admin/users/"+s.userID+"/disable", `{"reason":"x","until":"tomorrow"}`, 422, validation, "until"),
		admin("disable: until a number", "POST", "/admin/users/"+s.userID+"/disable", `{"reason":"x","until":7}`, 422, validation, "until"),
		admin("disable: no reason", "POST", "/admin/users/"+s.userID+"/disable", `{"forever":true}`, 422, validation, "reason"),
		admin("disable: a blank reason", "POST", "/admin/users/"+s.userID+"/disable", `{"forever":true,"reason":"  "}`, 422, "identity.reason_missing", "reason"),
		admin("disable: a reason of 1 kB", "POST", "/admin/users/"+s.userID+"/disable", `{"forever":true,"reason":"`+strings.Repeat("x", 1000)+`"}`, 422, validation, "reason"),
		admin("disable: an unknown field", "POST", "/admin/users/"+s.userID+"/disable", `{"forever":true,"reason":"x","days":3}`, 422, validation, "days"),
		admin("role: empty", "PUT", "/admin/users/"+s.userID+"/role", ``, 400, "request.body_empty", ""),
		admin("role: nothing", "PUT", "/admin/users/"+s.userID+"/role", `{}`, 422, validation, "is_admin"),
		admin("role: a word", "PUT", "/admin/users/"+s.userID+"/role", `{"is_admin":"yes"}`, 422, validation, "is_admin"),
		admin("role: POST", "POST", "/admin/users/"+s.userID+"/role", `{"is_admin":true}`, 405, "request.method_not_allowed", ""),
		admin("sessions: an id that is no UUID", "DELETE", "/admin/users/"+s.userID+"/sessions/zzz", ``, 422, validation, "session_id"),
		admin("sessions: an unknown id", "DELETE", "/admin/users/"+s.userID+"/sessions/0190b7a2-7e57-7000-8000-000000000001", ``, 404, "*", ""),
		admin("identities: an id that is no UUID", "DELETE", "/admin/users/"+s.userID+"/identities/zzz", ``, 422, validation, "identity_id"),
		admin("identities: an unknown id", "DELETE", "/admin/users/"+s.userID+"/identities/0190b7a2-7e57-7000-8000-000000000001", ``, 404, "identity.identity_not_found", "identity_id"),
		admin("providers: no name", "POST", "/admin/providers", `{"type":"oidc"}`, 422, validation, "name"),
		admin("providers: a name that is a path", "POST", "/admin/providers", `{"name":"a/b","type":"oidc"}`, 422, "provider.name_invalid", "name"),
		admin("providers: an unknown type", "POST", "/admin/providers", `{"name":"a","type":"saml"}`, 422, "provider.type_unknown", "type"),
		admin("providers: settings that are a list", "POST", "/admin/providers", `{"name":"a","type":"oidc","config":[]}`, 422, validation, "config"),
		admin("providers: an unknown setting", "POST", "/admin/providers", `{"name":"a","type":"oidc","config":{"x":"y"}}`, 422, "provider.settings_invalid", "config.x"),
		admin("providers: http to elsewhere", "POST", "/admin/providers", `{"name":"a","type":"oidc","config":{"client_id":"x","issuer":"http://169.254.169.254"}}`, 422, "provider.settings_invalid", "config.issuer"),
		admin("providers: an unknown one", "GET", "/admin/providers/nothing", ``, 404, "provider.unknown", ""),
		admin("providers: a change of an unknown one", "PATCH", "/admin/providers/nothing", `{"version":1}`, 404, "provider.unknown", ""),
		admin("providers: a change without a version", "PATCH", "/admin/providers/nothing", `{}`, 422, validation, "version"),
		admin("providers: a test of an unknown one", "POST", "/admin/providers/nothing/test", ``, 404, "provider.unknown", ""),
		admin("policy: no version", "PATCH", "/admin/policies/sources", `{"sources":{}}`, 422, validation, "version"),
		admin("policy: a balance with a fraction", "PATCH", "/admin/policies/sources", `{"version":0,"sources":{"github":{"on_signup":{"balance_micros":1.5}}}}`, 422, validation, "balance_micros"),
		admin("policy: a negative balance", "PATCH", "/admin/policies/sources", `{"version":0,"sources":{"github":{"on_signup":{"balance_micros":-1}}}}`, 422, "pendingauth.policy_invalid", "balance_micros"),
		admin("policy: an unknown field", "PATCH", "/admin/policies/sources", `{"version":0,"sources":{"github":{"email":true}}}`, 422, validation, "email"),

		get("an unknown route", "/nope", user, 404, "request.route_not_found", ""),
		get("a route that climbs", "/../../../etc/passwd", nobody, 404, "*", ""),
		{name: "openapi: POST", method: "POST", path: "/openapi.json", body: `{}`, status: 405, code: "request.method_not_allowed"},
		with(get("me: a request id with spaces", "/me", nobody, 401, "access.token_missing", ""), "X-Request-Id", "a b c"),
		with(get("me: a request id of 300 letters", "/me", nobody, 401, "access.token_missing", ""), "X-Request-Id", strings.Repeat("x", 300)),
	}
	for i := range list {
		list[i].path = "/api/v1" + list[i].path
		switch list[i].name {
		case "messages: nobody":
			list[i].as = nobody
		case "create-mail-user: a user":
			list[i].as = user
		}
	}
	return list
}

// badOutside are requests to everything else: probes, pages, files.
func badOutside() []bad {
	const unknown = "request.route_not_found"
	return []bad{
		{name: "healthz: POST", method: "POST", path: "/healthz", body: `{}`, status: 405, code: "request.method_not_allowed"},
		{name: "readyz: DELETE", method: "DELETE", path: "/readyz", status: 405, code: "request.method_not_allowed"},
		{name: "metrics: POST", method: "POST", path: "/metrics", body: `x`, status: 405, code: "request.method_not_allowed"},
		{name: "pages: POST", method: "POST", path: "/", body: `{}`, status: 405},
		{name: "pages: PUT", method: "PUT", path: "/login", body: `{}`, status: 405},
		{name: "files: none of this name", method: "GET", path: "/assets/none-0123456789.js", status: 404},
		{name: "files: a NUL", method: "GET", path: "/assets/a%00.js", status: 400},
		{name: "files: broken UTF-8", method: "GET", path: "/assets/%ff.js", status: 400},
		{name: "an API of another version", method: "GET", path: "/api/v9/me", status: 404, code: unknown},
		{name: "an API without a version", method: "GET", path: "/api/me", status: 404, code: unknown},
		{name: "models of no API yet", method: "POST", path: "/v1/chat/completions", body: `{}`, status: 404},
	}
}
