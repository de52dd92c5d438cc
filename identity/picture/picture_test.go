package picture

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"image"
	"image/color"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"tessera/fault"
)

func crc(b []byte) uint32 { return crc32.ChecksumIEEE(b) }

// made encodes what must work, and holds the answer against what is promised.
func made(t testing.TB, raw []byte) (Picture, image.Image) {
	t.Helper()
	p, err := NewEncoder().Encode(t.Context(), raw)
	if err != nil {
		t.Fatal(err)
	}
	return p, check(t, p)
}

type failer interface {
	Helper()
	Fatalf(format string, args ...any)
}

func check(t failer, p Picture) image.Image {
	t.Helper()
	again, err := decode(p.Content)
	if err != nil {
		t.Fatalf("the picture does not decode: %v", err)
	}
	size := again.image.Bounds().Size()
	switch {
	case len(p.Content) > MaxBytes:
		t.Fatalf("%d bytes", len(p.Content))
	case size.X > fitSide || size.Y > fitSide || size.X < 1 || size.Y < 1 || size != image.Pt(p.Width, p.Height):
		t.Fatalf("%v, said to be %d by %d", size, p.Width, p.Height)
	case p.ContentType != "image/jpeg" && p.ContentType != "image/png" || len(p.SHA256) != 64:
		t.Fatalf("type %q, sum %q", p.ContentType, p.SHA256)
	}
	return again.image
}

func near(a color.Color, b color.NRGBA) bool {
	r, g, bl, _ := a.RGBA()
	far := func(x uint32, y uint8) bool { d := int(x>>8) - int(y); return d > 40 || d < -40 }
	return !far(r, b.R) && !far(g, b.G) && !far(bl, b.B)
}

func TestSizesOfPictures(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		raw           []byte
		kind          string
		width, height int
		most          int // bytes
	}{
		"a photo of 12 megapixels":       {jpegOf(t, gradient(4000, 3000)), "image/jpeg", 512, 384, 20_000},
		"noise of 2 megapixels":          {jpegOf(t, noise(1600, 1200, 1, false)), "image/jpeg", 512, 384, MaxBytes},
		"a drawing in PNG stays PNG":     {pngOf(t, quarters(1000, 1000)), "image/png", 512, 512, 4_000},
		"noise in PNG becomes JPEG":      {pngOf(t, noise(800, 800, 2, false)), "image/jpeg", 512, 512, MaxBytes},
		"a small one is not made larger": {pngOf(t, quarters(20, 10)), "image/png", 20, 10, 1_000},
		"a thread of pixels":             {pngOf(t, quarters(10_000, 2)), "image/png", 512, 1, 4_000},
		"an animation gives its first":   {gifOf(t, red, blue, green), "image/png", 64, 64, 1_000},
		"transparent noise":              {pngOf(t, noise(700, 700, 3, true)), "image/jpeg", 512, 512, MaxBytes},
		"transparent and plain":          {pngOf(t, image.NewNRGBA(image.Rect(0, 0, 700, 700))), "image/png", 512, 512, 4_000},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, _ := made(t, c.raw)
			t.Logf("%d bytes became %d, %s %d by %d", len(c.raw), len(p.Content), p.ContentType, p.Width, p.Height)
			if p.ContentType != c.kind || p.Width != c.width || p.Height != c.height || len(p.Content) > c.most {
				t.Errorf("want %s %d by %d in %d bytes", c.kind, c.width, c.height, c.most)
			}
		})
	}
}

func TestTheSameFileIsTheSamePicture(t *testing.T) {
	t.Parallel()
	raw := jpegOf(t, quarters(600, 600))
	one, _ := made(t, raw)
	two, _ := made(t, withExif(raw, 1, binary.LittleEndian))
	if one.SHA256 != two.SHA256 {
		t.Error("what the file says beside its pixels must not matter")
	}
}

func TestEveryOutputFitsAndDecodes(t *testing.T) {
	encoder := NewEncoder()
	rapid.Check(t, func(r *rapid.T) {
		side := rapid.SampledFrom([]int{1, 2, 7, 8, 9, 64, 130, 300, 513}) // more is only slower
		width, height := side.Draw(r, "width"), side.Draw(r, "height")
		img := noise(width, height, rapid.Uint64().Draw(r, "seed"), rapid.Bool().Draw(r, "alpha"))
		raw := pngOf(t, img)
		if rapid.Bool().Draw(r, "jpeg") {
			raw = withExif(jpegOf(t, img), uint16(rapid.IntRange(0, 9).Draw(r, "orientation")), binary.BigEndian)
		}
		p, err := encoder.Encode(t.Context(), raw)
		if errors.Is(err, ErrTooLarge) {
			return
		}
		if err != nil {
			r.Fatalf("%v", err)
		}
		check(r, p)
	})
}

func TestPicturesAreTurnedUpright(t *testing.T) {
	t.Parallel()
	upright := [4]color.NRGBA{red, green, blue, yellow} // above, then below
	stored := map[uint16][4]color.NRGBA{
		1: {red, green, blue, yellow}, 2: {green, red, yellow, blue}, 3: {yellow, blue, green, red}, 4: {blue, yellow, red, green},
		5: {red, blue, green, yellow}, 6: {green, yellow, red, blue}, 7: {yellow, green, blue, red}, 8: {blue, red, yellow, green},
	}
	for orientation, colors := range stored {
		for _, order := range []binary.ByteOrder{binary.LittleEndian, binary.BigEndian} {
			width, height := 80, 40
			if orientation >= 5 {
				width, height = 40, 80
			}
			img := image.NewNRGBA(image.Rect(0, 0, width, height))
			for y := range height {
				for x := range width {
					img.SetNRGBA(x, y, colors[y*2/height*2+x*2/width])
				}
			}
			p, shown := made(t, withExif(jpegOf(t, img), orientation, order))
			if p.Width != 80 || p.Height != 40 {
				t.Errorf("orientation %d: %d by %d", orientation, p.Width, p.Height)
			}
			for i, at := range []image.Point{{20, 10}, {60, 10}, {20, 30}, {60, 30}} {
				if !near(shown.At(at.X, at.Y), upright[i]) {
					t.Errorf("orientation %d, %v: %v at %v, want %v", orientation, order, shown.At(at.X, at.Y), at, upright[i])
				}
			}
		}
	}
}

func TestAvatarAttackBombs(t *testing.T) {
	t.Parallel()
	scans := append(jpegOf(t, gradient(2400, 2000))[:2], bytes.Repeat([]byte{0xff, markerSOS, 0, 8, 1, 1, 0, 0, 63, 0, 0x7f}, 60)...)
	frame := []byte{0xff, 0xc2, 0, 11, 8, 0x0b, 0xb8, 0x0f, 0xa0, 1, 1, 0x11, 0} // progressive, 3000 by 4000
	scans = append(append(append([]byte{}, scans[:2]...), frame...), scans[2:]...)
	for name, raw := range map[string][]byte{
		"a PNG of 50,000 by 50,000":               claims(t, 50_000, 50_000),
		"a PNG of 2 billion in a row":             claims(t, 2_000_000_000, 1),
		"a PNG just over the limit":               claims(t, 3536, 3536),
		"a GIF of 65,535 by 65,535":               append([]byte("GIF89a\xff\xff\xff\xff\x80\x00\x00\x00\x00\x00\xff\xff\xff"), ";"...),
		"a WebP of 16,384 by 16,384":              webpOf(vp8l(16_384, 16_384)),
		"a WebP canvas of 16 million by 16":       webpOf(vp8x(1<<24, 16, 0), vp8l(1, 1)),
		"a JPEG of 65,535 by 65,535":              {0xff, 0xd8, 0xff, 0xc0, 0, 11, 8, 0xff, 0xff, 0xff, 0xff, 1, 1, 0x11, 0, 0xff, markerSOS, 0, 8, 1, 1, 0, 0, 63, 0, 0xff, 0xd9},
		"a progressive JPEG of 60 scans over 12M": scans,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			started := time.Now()
			_, err := NewEncoder().Encode(t.Context(), raw)
			if !errors.Is(err, ErrTooManyPixels) {
				t.Errorf("want a refusal by the header alone, got %v", err)
			}
			if took := time.Since(started); took > time.Second {
				t.Errorf("it took %v to find out", took)
			}
		})
	}
	if _, err := NewEncoder().Encode(t.Context(), webpOf(vp8x(4, 4, 0), vp8l(16_384, 16_384))); !errors.Is(err, ErrBroken) {
		t.Errorf("a small canvas around a huge frame: %v", err)
	}
	if _, err := NewEncoder().Encode(t.Context(), make([]byte, MaxInput+1)); !errors.Is(err, ErrTooLarge) {
		t.Errorf("too many bytes: %v", err)
	}
}

func TestAvatarAttackPolyglotsLeaveNothingBehind(t *testing.T) {
	t.Parallel()
	const payload = "<script>alert(document.domain)</script><?php system($_GET[0]); ?>PK\x03\x04"
	comment := func(raw []byte) []byte { // a JPEG comment
		out := append([]byte{}, raw[:2]...)
		out = append(out, 0xff, 0xfe, 0, byte(len(payload)+2))
		return append(append(out, payload...), raw[2:]...)
	}
	text := append([]byte("tEXtComment\x00"), payload...)
	framed := append(binary.BigEndian.AppendUint32(nil, uint32(len(text)-4)), text...)
	framed = binary.BigEndian.AppendUint32(framed, crc(text))
	drawing := pngOf(t, quarters(64, 64))
	for name, raw := range map[string][]byte{
		"behind a PNG":        append(pngOf(t, quarters(64, 64)), payload...),
		"in a PNG's text":     append(append(append([]byte{}, drawing[:33]...), framed...), drawing[33:]...),
		"behind a JPEG":       append(jpegOf(t, quarters(64, 64)), payload...),
		"in a JPEG's comment": comment(jpegOf(t, quarters(64, 64))),
		"in Exif":             withExif(jpegOf(t, quarters(64, 64)), 6, binary.LittleEndian),
		"behind a GIF":        append(gifOf(t, red), payload...),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, _ := made(t, raw)
			for _, trace := range []string{"script", "php", "PK\x03\x04", "Exif", "GPS", "121.4737"} {
				if bytes.Contains(p.Content, []byte(trace)) {
					t.Errorf("%q came through", trace)
				}
			}
		})
	}
}

func TestAvatarAttackWhatIsNoPicture(t *testing.T) {
	t.Parallel()
	whole := jpegOf(t, noise(200, 200, 4, false))
	for name, c := range map[string]struct {
		raw  []byte
		want *fault.Fault
	}{
		"nothing":              {nil, ErrFormat},
		"text":                 {[]byte("hello"), ErrFormat},
		"SVG":                  {[]byte(`<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>`), ErrFormat},
		"SVG behind a prolog":  {[]byte("\xef\xbb\xbf  <?xml version=\"1.0\"?>\n<!DOCTYPE svg>\n<svg/>"), ErrFormat},
		"a web page":           {[]byte("<!doctype html><img src=x>"), ErrFormat},
		"PDF":                  {[]byte("%PDF-1.7"), ErrFormat},
		"HEIC":                 {[]byte("\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic"), ErrFormat},
		"BMP, TIFF, ICO":       {[]byte("BM\x00\x00\x00\x00II*\x00"), ErrFormat},
		"a PNG's first bytes":  {[]byte("\x89PNG\r\n\x1a\n"), ErrBroken},
		"half a JPEG":          {whole[:len(whole)/2], ErrBroken},
		"a JPEG's first bytes": {whole[:3], ErrBroken},
		"half a PNG":           {pngOf(t, noise(50, 50, 5, false))[:2000], ErrBroken},
		"a PNG of no width":    {claims(t, 0, 8), ErrBroken},
		"a GIF of no frame":    {[]byte("GIF89a\x10\x00\x10\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff;"), ErrBroken},
		"a WebP of one chunk":  {webpOf(vp8x(8, 8, 0)), ErrBroken},
		"an animated WebP":     {webpOf(vp8x(8, 8, 2), chunk("ANIM", make([]byte, 6))), ErrBroken},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := NewEncoder().Encode(t.Context(), c.raw); !errors.Is(err, c.want) {
				t.Errorf("want %s, got %v", c.want.Code, err)
			}
		})
	}
}

func TestAvatarAttackDataURLs(t *testing.T) {
	t.Parallel()
	content := base64.StdEncoding.EncodeToString(pngOf(t, quarters(4, 4)))
	for name, raw := range map[string]string{
		"no data URL": "https://example.com/a.png", "nothing": "", "no comma": "data:image/png;base64", "not base64": "data:image/png," + content,
		"a web page": "data:text/html;base64," + content, "no type": "data:;base64," + content, "a script": "javascript:alert(1)//," + content,
		"base64 with holes": "data:image/png;base64,iVBO Rw0K", "base64 of an alphabet of its own": "data:image/png;base64,-_-_",
		"a header without end": "data:image/png" + strings.Repeat(";a=b", 200) + ";base64," + content,
	} {
		if _, err := ParseDataURL(raw); !errors.Is(err, ErrDataURL) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := ParseDataURL("data:image/png;base64," + strings.Repeat("A", MaxInput/3*4+8)); !errors.Is(err, ErrTooLarge) {
		t.Errorf("too large: %v", err)
	}
	for _, good := range []string{"data:image/png;base64,", "DATA:image/svg+xml;charset=utf-8;base64,", "data:image/jpeg;base64,"} {
		raw, err := ParseDataURL(good + content)
		if err != nil {
			t.Fatalf("%s: %v", good, err)
		}
		if p, _ := made(t, raw); p.ContentType != "image/png" {
			t.Errorf("the bytes say what it is: %s", p.ContentType)
		}
	}
}

func FuzzDecode(f *testing.F) {
	for _, seed := range [][]byte{
		jpegOf(f, quarters(16, 16)), pngOf(f, noise(9, 7, 1, true)), gifOf(f, red, blue), webpOf(vp8x(4, 4, 16), vp8l(4, 4)), webpOf(vp8l(3, 3)),
		withExif(jpegOf(f, quarters(8, 4)), 6, binary.LittleEndian), claims(f, 4096, 4096), []byte("<svg/>"),
	} {
		f.Add(seed)
	}
	encoder := NewEncoder()
	f.Fuzz(func(t *testing.T, raw []byte) {
		p, err := encoder.Encode(t.Context(), raw)
		if err != nil {
			if fault.From(err).Kind == fault.Internal {
				t.Fatalf("an internal error of foreign bytes: %v", err)
			}
			return
		}
		check(t, p)
	})
}
