package wechat

import "tessera/fault"

// Faults of this adapter.
var (
	ErrUnionIDMissing = fault.Declare(fault.FailedDependency, "wechat.unionid_missing",
		"WeChat did not say who you are across its apps (no unionid), so signing in with WeChat is not possible here.",
		"Sign in another way. The operator has to bind this app to a WeChat Open Platform account (微信开放平台).")
	ErrSnapshotUser = fault.Declare(fault.Forbidden, "wechat.snapshot_user",
		"WeChat opened this page as a snapshot, with a made-up user.", "Choose \"使用完整服务\" at the bottom of the page, and sign in again.")
	ErrChannelOff = fault.Declare(fault.Unprocessable, "wechat.channel_off",
		"Signing in with WeChat is not possible in this browser.", "Open the page in WeChat, or, where it is offered, scan the code in another browser.")
)
