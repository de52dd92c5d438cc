package picture

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"math/rand/v2"
	"testing"
)

// noise is the picture that compresses worst; the same seed, the same noise.
func noise(width, height int, seed uint64, alpha bool) *image.NRGBA {
	random := rand.New(rand.NewPCG(seed, 1))
	img := image.NewNRGBA(image.Rect(0, 0, width, height))
	for i := range img.Pix {
		img.Pix[i] = uint8(random.Uint32())
		if i%4 == 3 && !alpha {
			img.Pix[i] = 255
		}
	}
	return img
}

// gradient is as smooth as a photo of the sky.
func gradient(width, height int) *image.NRGBA {
	img := image.NewNRGBA(image.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			img.SetNRGBA(x, y, color.NRGBA{uint8(x * 255 / width), uint8(y * 255 / height), 128, 255})
		}
	}
	return img
}

var (
	red    = color.NRGBA{220, 20, 20, 255}
	green  = color.NRGBA{20, 200, 20, 255}
	blue   = color.NRGBA{20, 20, 220, 255}
	yellow = color.NRGBA{230, 220, 20, 255}
)

// quarters is red and green above blue and yellow.
func quarters(width, height int) *image.NRGBA {
	img := image.NewNRGBA(image.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			img.SetNRGBA(x, y, [2][2]color.NRGBA{{red, green}, {blue, yellow}}[y*2/height][x*2/width])
		}
	}
	return img
}

func jpegOf(t testing.TB, img image.Image) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := jpeg.Encode(&out, img, &jpeg.Options{Quality: 95}); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func pngOf(t testing.TB, img image.Image) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := png.Encode(&out, img); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// gifOf is an animation of frames in one colour each.
func gifOf(t testing.TB, frames ...color.NRGBA) []byte {
	t.Helper()
	animation := &gif.GIF{}
	for _, c := range frames {
		frame := image.NewPaletted(image.Rect(0, 0, 64, 64), color.Palette{c, color.White})
		animation.Image, animation.Delay = append(animation.Image, frame), append(animation.Delay, 10)
	}
	var out bytes.Buffer
	if err := gif.EncodeAll(&out, animation); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// withExif puts an Exif segment behind a JPEG's first marker.
func withExif(raw []byte, orientation uint16, order binary.ByteOrder) []byte {
	tiff := []byte("II*\x00")
	if order == binary.BigEndian {
		tiff = []byte("MM\x00*")
	}
	body := make([]byte, 4+2+12+4)
	order.PutUint32(body, 8)
	order.PutUint16(body[4:], 1)
	order.PutUint16(body[6:], 0x0112)
	order.PutUint16(body[8:], 3)
	order.PutUint32(body[10:], 1)
	order.PutUint16(body[14:], orientation)
	segment := append([]byte("Exif\x00\x00"), append(append(tiff, body...), "GPS 31.2304 N 121.4737 E"...)...)
	out := append([]byte{}, raw[:2]...)
	out = append(out, 0xff, markerAPP1, byte((len(segment)+2)>>8), byte(len(segment)+2))
	return append(append(out, segment...), raw[2:]...)
}

// chunk is a chunk of a RIFF file.
func chunk(id string, content []byte) []byte {
	out := binary.LittleEndian.AppendUint32([]byte(id), uint32(len(content)))
	if out = append(out, content...); len(content)%2 == 1 {
		out = append(out, 0)
	}
	return out
}

func webpOf(chunks ...[]byte) []byte {
	content := append([]byte("WEBP"), bytes.Join(chunks, nil)...)
	return append(binary.LittleEndian.AppendUint32([]byte("RIFF"), uint32(len(content))), content...)
}

// vp8l is the header of a lossless WebP of that many pixels.
func vp8l(width, height uint32) []byte {
	return chunk("VP8L", append([]byte{0x2f}, binary.LittleEndian.AppendUint32(nil, (width-1)|(height-1)<<14)...))
}

func vp8x(width, height uint32, flags byte) []byte {
	w, h := width-1, height-1
	return chunk("VP8X", []byte{flags, 0, 0, 0, byte(w), byte(w >> 8), byte(w >> 16), byte(h), byte(h >> 8), byte(h >> 16)})
}

// claims is a PNG whose header claims a size that its pixels do not have.
func claims(t testing.TB, width, height uint32) []byte {
	t.Helper()
	raw := pngOf(t, quarters(8, 8))
	binary.BigEndian.PutUint32(raw[16:], width)
	binary.BigEndian.PutUint32(raw[20:], height)
	binary.BigEndian.PutUint32(raw[29:], crc(raw[12:29]))
	return raw
}
