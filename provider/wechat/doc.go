// Package wechat signs people in with 微信: inside WeChat's own browser through
// an official account (channel "mp", scope snsapi_userinfo), in other browsers
// through a website application's QR code (channel "open", scope snsapi_login).
//
//	channel   authorization page           scope            app
//	mp        /connect/oauth2/authorize    snsapi_userinfo  service account (公众号)
//	open      /connect/qrconnect           snsapi_login     website application (网站应用)
//
// # Who came
//
// An openid names a person to one app only: the same person has another one in
// each channel. The unionid is the same in all apps of one 微信开放平台 account, so
// it is the subject, and openids are kept as channels. Where WeChat states no
// unionid (the app is not bound to an open platform account) the sign-in is refused
// with [ErrUnionIDMissing]: going by the openid would make two people of one.
// A snapshot page's virtual user (is_snapshotuser) is refused too: its openid and
// unionid belong to nobody.
//
// # The protocol's ways
//
//   - WeChat compares the authorization URL with a pattern: parameters in
//     the order appid, redirect_uri, response_type, scope, state, then the
//     fragment #wechat_redirect. A parameter more can make it refuse, so no PKCE
//     challenge is sent; WeChat knows none. The code is bound to our app by its
//     secret, and to the browser by the state and the cookie of the caller's flow.
//   - state is at most 128 letters and digits.
//   - Whoever refuses at the QR page comes back with state and without code.
//   - Errors come with status 200 and an errcode. The secret and the access token
//     travel in the query of server-to-server calls: no URL enters an error here.
package wechat
