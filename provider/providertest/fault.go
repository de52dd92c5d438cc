package providertest

import (
	"fmt"
	"slices"
	"sync"
	"time"
)

// Faults is how a simulator misbehaves.
type Faults struct {
	Names []string // of the Catalogue
	// At are the endpoints where the catalogue's endpoint faults and the delay hold:
	// "token", "userinfo", "discovery", "jwks"; none = everywhere.
	At    []string
	Delay time.Duration // before every answer of those endpoints, at most maxDelay
}

const maxDelay = time.Minute

// Ill is something that can go wrong.
type Ill struct {
	Name   string
	Kinds  []Kind // nil = all
	ByHand bool   // offered on the consent page, for one sign-in
	EN, ZH string
}

var (
	signers = []Kind{OIDC, Google}
	issuers = []Kind{OIDC, Google}
	wechats = []Kind{WeChat}
)

// Catalogue is everything that can go wrong.
var Catalogue = []Ill{
	// Endpoints.
	{Name: "status_500", ByHand: true, EN: "The provider's server fails", ZH: "服务商服务器出错"},
	{Name: "status_429", EN: "Too many requests", ZH: "请求过多"},
	{Name: "html", ByHand: true, EN: "HTML instead of JSON", ZH: "返回 HTML 而不是 JSON"},
	{Name: "garbage", ByHand: true, EN: "Half a JSON text", ZH: "返回残缺的 JSON"},
	{Name: "wrong_types", EN: "JSON of other types than promised", ZH: "JSON 类型不符"},
	{Name: "endless", EN: "An answer without end", ZH: "返回无穷尽的内容"},
	{Name: "redirect", EN: "A redirect elsewhere", ZH: "重定向到别处"},
	{Name: "drop", ByHand: true, EN: "The connection breaks", ZH: "连接中断"},
	// Codes.
	{Name: "code_refused", ByHand: true, EN: "The code is refused", ZH: "授权码被拒绝"},
	{Name: "client_refused", EN: "Our credentials are refused", ZH: "客户端凭据被拒绝"},
	{Name: "token_type_other", Kinds: []Kind{OIDC, Google, GitHub, LinuxDo}, EN: "The access token is no bearer token", ZH: "访问令牌不是 Bearer 类型"},
	{Name: "replay_accepted", EN: "Codes work twice", ZH: "授权码可重复使用"},
	{Name: "pkce_ignored", EN: "PKCE is not checked", ZH: "不检查 PKCE"},
	// The callback.
	{Name: "callback_error", ByHand: true, EN: "The provider reports an error", ZH: "服务商报告错误"},
	{Name: "callback_iss_wrong", Kinds: issuers, EN: "The callback names another issuer", ZH: "回调的 iss 不符"},
	{Name: "callback_iss_missing", Kinds: issuers, EN: "The callback lacks the announced iss", ZH: "回调缺少 iss"},
	{Name: "callback_state_changed", EN: "The callback has another state", ZH: "回调的 state 被篡改"},
	{Name: "callback_code_twice", EN: "The callback has two codes", ZH: "回调含两个 code"},
	// The profile.
	{Name: "id_missing", EN: "The profile lacks the id", ZH: "资料缺少用户标识"},
	{Name: "hostile_profile", ByHand: true, EN: "Markup, control characters and a script URL in the profile", ZH: "资料含标签、控制字符和脚本链接"},
	{Name: "userinfo_sub_wrong", Kinds: issuers, EN: "userinfo speaks of somebody else", ZH: "userinfo 的 sub 不符"},
	{Name: "unionid_missing", Kinds: wechats, ByHand: true, EN: "No unionid", ZH: "没有 unionid"},
	{Name: "unionid_differs", Kinds: wechats, EN: "Two unionids for one person", ZH: "两次返回的 unionid 不同"},
	{Name: "openid_differs", Kinds: wechats, EN: "Two openids for one person", ZH: "两次返回的 openid 不同"},
	{Name: "snapshot_user", Kinds: wechats, ByHand: true, EN: "A snapshot page's virtual user", ZH: "快照页虚拟账号"},
	// The discovery document and the keys.
	{Name: "discovery_other_issuer", Kinds: issuers, EN: "The discovery document names another issuer", ZH: "发现文档的 issuer 不符"},
	{Name: "discovery_plain_http", Kinds: issuers, EN: "An endpoint over http on another host", ZH: "端点为明文 http"},
	{Name: "discovery_weak_algs", Kinds: issuers, EN: "Only HS256 and none are announced", ZH: "只声明 HS256 与 none"},
	{Name: "jwks_empty", Kinds: signers, EN: "The key set is empty", ZH: "密钥集为空"},
	{Name: "jwks_for_encryption", Kinds: signers, EN: "The keys are for encryption", ZH: "密钥仅用于加密"},
	{Name: "jwks_other_alg", Kinds: signers, EN: "The keys are for another algorithm", ZH: "密钥算法不符"},
	{Name: "jwks_without_kid", Kinds: signers, EN: "Several keys without names", ZH: "多个无名密钥"},
	// The id_token.
	{Name: "id_token_missing", Kinds: signers, EN: "No id_token", ZH: "没有 id_token"},
	{Name: "alg_none", Kinds: signers, EN: "alg none, no signature", ZH: "alg 为 none"},
	{Name: "alg_none_signed", Kinds: signers, EN: "alg none with a signature", ZH: "alg 为 none 且带签名"},
	{Name: "alg_none_case", Kinds: signers, EN: "alg nOnE", ZH: "alg 为 nOnE"},
	{Name: "hs256_public_key_pem", Kinds: signers, EN: "HS256 with the public key in PEM", ZH: "以公钥 PEM 作 HS256"},
	{Name: "hs256_public_key_der", Kinds: signers, EN: "HS256 with the public key in DER", ZH: "以公钥 DER 作 HS256"},
	{Name: "hs256_public_jwk", Kinds: signers, EN: "HS256 with the public JWK", ZH: "以公钥 JWK 作 HS256"},
	{Name: "hs256_client_secret", Kinds: signers, EN: "HS256 with the client secret", ZH: "以客户端密钥作 HS256"},
	{Name: "jwks_symmetric", Kinds: signers, EN: "HS256 with a symmetric key of the key set", ZH: "密钥集中的对称密钥"},
	{Name: "alg_mismatch", Kinds: signers, EN: "alg is another than the key's", ZH: "alg 与密钥不符"},
	{Name: "signature_wrong", Kinds: signers, EN: "The signature is wrong", ZH: "签名错误"},
	{Name: "signature_missing", Kinds: signers, EN: "The signature is empty", ZH: "签名为空"},
	{Name: "claims_changed", Kinds: signers, EN: "Claims changed after signing", ZH: "签名后篡改内容"},
	{Name: "key_other", Kinds: signers, EN: "Signed with a foreign key under a known kid", ZH: "以外来密钥冒用 kid"},
	{Name: "kid_unknown", Kinds: signers, EN: "A kid that is not published", ZH: "未发布的 kid"},
	{Name: "kid_path", Kinds: signers, EN: "A path in kid", ZH: "kid 为路径"},
	{Name: "kid_sql", Kinds: signers, EN: "SQL in kid", ZH: "kid 为 SQL"},
	{Name: "kid_number", Kinds: signers, EN: "A kid that is a number", ZH: "kid 为数字"},
	{Name: "jku", Kinds: signers, EN: "jku points at the attacker's keys", ZH: "jku 指向攻击者密钥"},
	{Name: "x5u", Kinds: signers, EN: "x5u points at the attacker's certificate", ZH: "x5u 指向攻击者证书"},
	{Name: "jwk", Kinds: signers, EN: "The attacker's key in the header", ZH: "头部携带攻击者公钥"},
	{Name: "crit", Kinds: signers, EN: "A crit header", ZH: "含 crit 头"},
	{Name: "typ_access_token", Kinds: signers, EN: "An access token for an id_token", ZH: "以 access token 冒充"},
	{Name: "json_form", Kinds: signers, EN: "JSON serialisation", ZH: "JSON 序列化形式"},
	{Name: "duplicate_header", Kinds: signers, EN: "A header that says alg twice", ZH: "alg 出现两次"},
	{Name: "iss_wrong", Kinds: signers, EN: "iss of another issuer", ZH: "iss 为他人"},
	{Name: "iss_slash", Kinds: signers, EN: "iss with a slash more", ZH: "iss 多一个斜杠"},
	{Name: "iss_missing", Kinds: signers, EN: "No iss", ZH: "缺少 iss"},
	{Name: "iss_bare", Kinds: []Kind{Google}, EN: "iss without https://", ZH: "iss 不带协议"},
	{Name: "aud_wrong", Kinds: signers, EN: "aud of another client", ZH: "aud 为他人"},
	{Name: "aud_missing", Kinds: signers, EN: "No aud", ZH: "缺少 aud"},
	{Name: "aud_many", Kinds: signers, EN: "Several audiences, no azp", ZH: "多个 aud 且无 azp"},
	{Name: "azp_wrong", Kinds: signers, EN: "azp of another client", ZH: "azp 为他人"},
	{Name: "nonce_wrong", Kinds: signers, EN: "nonce of another flow", ZH: "nonce 不符"},
	{Name: "nonce_missing", Kinds: signers, EN: "No nonce", ZH: "缺少 nonce"},
	{Name: "nonce_case", Kinds: signers, EN: "NONCE instead of nonce", ZH: "大写的 NONCE"},
	{Name: "expired", Kinds: signers, ByHand: true, EN: "An id_token that has expired", ZH: "id_token 已过期"},
	{Name: "exp_missing", Kinds: signers, EN: "No exp", ZH: "缺少 exp"},
	{Name: "exp_text", Kinds: signers, EN: "exp as text", ZH: "exp 为文本"},
	{Name: "iat_old", Kinds: signers, EN: "iat of yesterday", ZH: "iat 为昨天"},
	{Name: "iat_future", Kinds: signers, EN: "iat in the future", ZH: "iat 在未来"},
	{Name: "iat_missing", Kinds: signers, EN: "No iat", ZH: "缺少 iat"},
	{Name: "nbf_future", Kinds: signers, EN: "nbf in the future", ZH: "nbf 在未来"},
	{Name: "at_hash_wrong", Kinds: signers, EN: "at_hash of another token", ZH: "at_hash 不符"},
	{Name: "c_hash_wrong", Kinds: signers, EN: "c_hash of another code", ZH: "c_hash 不符"},
	{Name: "sub_missing", Kinds: signers, EN: "No sub", ZH: "缺少 sub"},
	{Name: "sub_number", Kinds: signers, EN: "sub as a number", ZH: "sub 为数字"},
	{Name: "sub_long", Kinds: signers, EN: "A sub of 300 characters", ZH: "sub 过长"},
}

// concerns reports whether an ill is one of a kind of simulator.
func (i Ill) concerns(k Kind) bool { return i.Kinds == nil || slices.Contains(i.Kinds, k) }

func (f Faults) validate() error {
	for _, name := range f.Names {
		if !slices.ContainsFunc(Catalogue, func(i Ill) bool { return i.Name == name }) {
			return fmt.Errorf("names: there is no fault %q", name)
		}
	}
	for _, place := range f.At {
		if !slices.Contains([]string{"token", "userinfo", "discovery", "jwks"}, place) {
			return fmt.Errorf("at: must be token, userinfo, discovery or jwks, not %q", place)
		}
	}
	if f.Delay < 0 || f.Delay > maxDelay {
		return fmt.Errorf("delay_ms: must be between 0 and %d", maxDelay.Milliseconds())
	}
	return nil
}

// ills are the faults in force for one request: the simulator's and the sign-in's own.
type ills []string

func (i ills) has(name string) bool { return slices.Contains(i, name) }

type faultPlan struct {
	mu     sync.Mutex
	faults Faults
}

func (p *faultPlan) set(f Faults) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.faults = f
}

func (p *faultPlan) get() Faults {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.faults
}

// with returns the faults in force, with one that a person chose.
func (p *faultPlan) with(chosen string) ills {
	names := slices.Clone(p.get().Names)
	if chosen != "" {
		names = append(names, chosen)
	}
	return names
}
