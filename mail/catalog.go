package mail

import (
	"strconv"
	"strings"
	"time"
)

// wording is what one kind of mail says in one language. {site}, {new} and
// {valid} are filled in; templates escape the result.
type wording struct {
	Subject string
	Heading string
	Intro   string
	Button  string
	Ignore  string // what to do when the reader did not ask for this
}

// catalog is one language.
type catalog struct {
	lang       string // of the html element
	greeting   string
	orCode     string // above the code, when a button stands there too
	onlyCode   string // above the code, when it is all there is
	rawLink    string
	valid      string
	automatic  string
	duration   func(time.Duration) string
	fontFamily string
	kinds      map[Kind]wording
}

// localeOf picks the language of a mail from a BCP 47 tag: Chinese of any
// region reads Simplified Chinese, everything else reads English.
func localeOf(tag string) string {
	tag = strings.ToLower(tag)
	if tag == "zh" || strings.HasPrefix(tag, "zh-") || strings.HasPrefix(tag, "zh_") {
		return "zh-CN"
	}
	return "en"
}

var catalogs = map[string]catalog{
	"en": {
		lang:       "en",
		greeting:   "Hello,",
		orCode:     "Or type this code on the page that asks for it:",
		onlyCode:   "Type this code on the page that asks for it:",
		rawLink:    "If the button does not work, copy this address into your browser:",
		valid:      "Valid for {valid}, and for one use.",
		automatic:  "{site} sent this mail automatically; nobody reads replies to it.",
		duration:   durationInEnglish,
		fontFamily: "-apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif",
		kinds: map[Kind]wording{
			KindSignup: {
				Subject: "Confirm your e-mail address for {site}",
				Heading: "Confirm your e-mail address",
				Intro:   "Thank you for signing up. One step is left: confirm that this address is yours.",
				Button:  "Confirm address",
				Ignore:  "If you did not sign up, ignore this mail. Without confirmation no account can be used.",
			},
			KindRecovery: {
				Subject: "Reset your password for {site}",
				Heading: "Reset your password",
				Intro:   "Somebody asked to set a new password for the account of this address.",
				Button:  "Set a new password",
				Ignore:  "If it was not you, ignore this mail. Your password stays as it is.",
			},
			KindMagicLink: {
				Subject: "Sign in to {site}",
				Heading: "Sign in to {site}",
				Intro:   "Use the button to sign in. No password is needed.",
				Button:  "Sign in",
				Ignore:  "If you did not ask to sign in, ignore this mail, and give the code to nobody.",
			},
			KindEmailChangeNew: {
				Subject: "Confirm your new e-mail address for {site}",
				Heading: "Confirm your new address",
				Intro:   "This address was entered as the new one of an account. Confirm that it is yours.",
				Button:  "Confirm new address",
				Ignore:  "If it was not you, ignore this mail. The account then keeps its old address.",
			},
			KindEmailChangeCurrent: {
				Subject: "Your e-mail address at {site} is about to change",
				Heading: "Allow the change of your address",
				Intro:   "Somebody who is signed in to your account asked to change its address{new}. Allow it only if it was you.",
				Button:  "Allow the change",
				Ignore:  "If it was not you, do not press the button: change your password now and sign out everywhere.",
			},
			KindReauthentication: {
				Subject: "Your confirmation code for {site}",
				Heading: "Confirm that it is you",
				Intro:   "You are about to change something important in your account.",
				Button:  "Confirm",
				Ignore:  "If it was not you, change your password now, and give the code to nobody.",
			},
			KindPendingEmail: {
				Subject: "Your code for {site}",
				Heading: "Confirm your e-mail address",
				Intro:   "Somebody is signing in to {site} through another provider and gave this address.",
				Button:  "Continue",
				Ignore:  "If it was not you, ignore this mail, and give the code to nobody.",
			},
			KindInvite: {
				Subject: "You are invited to {site}",
				Heading: "You are invited to {site}",
				Intro:   "An account was prepared for this address. Accept the invitation to use it.",
				Button:  "Accept the invitation",
				Ignore:  "If you did not expect an invitation, ignore this mail.",
			},
		},
	},
	"zh-CN": {
		lang:       "zh-CN",
		greeting:   "您好：",
		orCode:     "或在要求输入验证码的页面填写：",
		onlyCode:   "请在要求输入验证码的页面填写：",
		rawLink:    "如果按钮无法点击，请将以下地址复制到浏览器中打开：",
		valid:      "{valid}内有效，仅可使用一次。",
		automatic:  "本邮件由 {site} 自动发送，请勿直接回复。",
		duration:   durationInChinese,
		fontFamily: "-apple-system,'PingFang SC','Microsoft YaHei','Noto Sans CJK SC','Segoe UI',sans-serif",
		kinds: map[Kind]wording{
			KindSignup: {
				Subject: "请确认您在 {site} 的邮箱地址",
				Heading: "确认邮箱地址",
				Intro:   "感谢注册。只差一步：请确认这个邮箱属于您。",
				Button:  "确认邮箱",
				Ignore:  "如果您没有注册，请忽略本邮件。未经确认的账号无法使用。",
			},
			KindRecovery: {
				Subject: "重置您在 {site} 的密码",
				Heading: "重置密码",
				Intro:   "有人请求为此邮箱对应的账号设置新密码。",
				Button:  "设置新密码",
				Ignore:  "如果不是您本人操作，请忽略本邮件，您的密码不会改变。",
			},
			KindMagicLink: {
				Subject: "登录 {site}",
				Heading: "登录 {site}",
				Intro:   "点击按钮即可登录，无需密码。",
				Button:  "登录",
				Ignore:  "如果不是您请求登录，请忽略本邮件，并且不要把验证码告诉任何人。",
			},
			KindEmailChangeNew: {
				Subject: "请确认您在 {site} 的新邮箱地址",
				Heading: "确认新邮箱",
				Intro:   "此邮箱被填写为某个账号的新邮箱。请确认它属于您。",
				Button:  "确认新邮箱",
				Ignore:  "如果不是您本人操作，请忽略本邮件，该账号将保留原来的邮箱。",
			},
			KindEmailChangeCurrent: {
				Subject: "您在 {site} 的邮箱即将变更",
				Heading: "允许变更邮箱",
				Intro:   "有人在已登录您账号的情况下请求变更邮箱{new}。仅当是您本人操作时才允许。",
				Button:  "允许变更",
				Ignore:  "如果不是您本人操作，请不要点击按钮，并立即修改密码、退出所有设备。",
			},
			KindReauthentication: {
				Subject: "您在 {site} 的验证码",
				Heading: "确认是您本人",
				Intro:   "您正在对账号进行重要变更。",
				Button:  "确认",
				Ignore:  "如果不是您本人操作，请立即修改密码，并且不要把验证码告诉任何人。",
			},
			KindPendingEmail: {
				Subject: "你的 {site} 验证码",
				Heading: "验证邮箱地址",
				Intro:   "有人正在通过第三方账号登录 {site}，并填写了这个邮箱。",
				Button:  "继续",
				Ignore:  "如果不是你本人操作，请忽略本邮件，并且不要把验证码告诉任何人。",
			},
			KindInvite: {
				Subject: "邀请您加入 {site}",
				Heading: "邀请您加入 {site}",
				Intro:   "已为此邮箱准备好账号，接受邀请即可使用。",
				Button:  "接受邀请",
				Ignore:  "如果您不清楚这份邀请，请忽略本邮件。",
			},
		},
	},
}

// newAddress is the part of a sentence that names the address asked for.
func (c catalog) newAddress(address string) string {
	switch {
	case address == "":
		return ""
	case c.lang == "en":
		return " to " + address
	default:
		return "为 " + address
	}
}

// durationInEnglish rounds down to what a reader can use: never promise more.
func durationInEnglish(d time.Duration) string {
	n, unit := countedUnit(d)
	name := [...]string{"minute", "hour", "day"}[unit]
	if n != 1 {
		name += "s"
	}
	return strconv.Itoa(n) + " " + name
}

func durationInChinese(d time.Duration) string {
	n, unit := countedUnit(d)
	return strconv.Itoa(n) + " " + [...]string{"分钟", "小时", "天"}[unit]
}

// countedUnit splits d into a whole number of minutes (0), hours (1) or days
// (2), the largest unit that loses nothing but seconds.
func countedUnit(d time.Duration) (n, unit int) {
	switch minutes := int(d / time.Minute); {
	case minutes >= 2*24*60 && minutes%(24*60) == 0:
		return minutes / (24 * 60), 2
	case minutes >= 60 && minutes%60 == 0:
		return minutes / 60, 1
	default:
		return minutes, 0
	}
}
