package providertest

import (
	"crypto/sha256"
	"encoding/base64"
	"hash/fnv"
	"image"
	"image/color"
	"image/png"
	"net/http"
	"strings"
)

// Person is somebody who can sign in at a simulator.
type Person struct {
	ID            string // stable; digits where the kind has numbers
	Username      string
	Nickname      string
	Email         string
	EmailVerified bool
	NoAvatar      bool
}

// People are whom the consent page offers.
func People() []Person {
	return []Person{
		{ID: "1001", Username: "lin", Nickname: "林小雨", Email: "lin@example.com", EmailVerified: true},
		{ID: "1002", Username: "alex", Nickname: "Alex Chen", Email: "alex@example.com"},
		{ID: "1003", Username: "quiet", NoAvatar: true},
	}
}

// opaque makes a provider's kind of id out of words: the same words, the same id.
func opaque(words ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(words, "\x00")))
	return base64.RawURLEncoding.EncodeToString(sum[:])[:24]
}

// OpenID is how an app of the WeChat simulator knows a person.
func OpenID(appID, personID string) string { return "oSIM" + opaque("openid", appID, personID) }

// UnionID is how all apps of the WeChat simulator know a person.
func UnionID(personID string) string { return "uSIM" + opaque("unionid", personID) }

func (s *Simulator) avatarURL(p Person) string {
	if p.NoAvatar {
		return ""
	}
	return s.URL() + "/avatar/" + opaque("avatar", p.ID) + ".png"
}

// serveAvatar draws a pattern of 5 by 5, mirrored, in a colour of the name's.
func serveAvatar(w http.ResponseWriter, r *http.Request) {
	const cell, margin = 48, 24
	h := fnv.New64a()
	_, _ = h.Write([]byte(r.PathValue("name")))
	seed := h.Sum64()
	ink := color.RGBA{uint8(seed>>8) | 0x40, uint8(seed>>16) & 0xbf, uint8(seed>>24) | 0x30, 255}
	palette := color.Palette{color.RGBA{240, 240, 243, 255}, ink}
	picture := image.NewPaletted(image.Rect(0, 0, 5*cell+2*margin, 5*cell+2*margin), palette)
	for y := range 5 * cell {
		for x := range 5 * cell {
			column := min(x/cell, 4-x/cell)
			if seed>>(uint(column*5+y/cell)+32)&1 == 1 {
				picture.SetColorIndex(x+margin, y+margin, 1)
			}
		}
	}
	w.Header().Set("Content-Type", "image/png")
	_ = png.Encode(w, picture)
}
