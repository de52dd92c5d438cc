package picture

import (
	"bytes"
	"errors"
	"image"
	"image/jpeg"
	"image/png"

	"golang.org/x/image/draw"
)

// Steps to fit into MaxBytes: for each side from the largest, each quality. The
// last one fits whatever the picture shows.
var (
	pngSides      = []int{fitSide, 384, 256}
	jpegSides     = []int{fitSide, 448, 384, 320, 256, 192, 128}
	jpegQualities = []int{88, 80, 70, 60}
)

var errNoFit = errors.New("picture: the smallest step does not fit")

// encode writes a picture in the best step that fits: PNG where something is
// transparent, or where the file was lossless and its colours are few; else
// JPEG, on white.
func encode(img *image.RGBA, isLossless bool) (Picture, error) {
	isTransparent := !img.Opaque()
	if isTransparent || isLossless {
		for _, side := range pngSides {
			smaller := fit(img, side)
			var out bytes.Buffer
			if err := png.Encode(&out, smaller); err != nil {
				return Picture{}, err
			}
			if out.Len() <= MaxBytes {
				return pictureOf(out.Bytes(), "image/png", smaller.Bounds()), nil
			}
			if !isTransparent {
				break // JPEG keeps more of it than fewer pixels do
			}
		}
	}
	flat := onWhite(img)
	for _, side := range jpegSides {
		smaller := fit(flat, side)
		for _, quality := range jpegQualities {
			var out bytes.Buffer
			if err := jpeg.Encode(&out, smaller, &jpeg.Options{Quality: quality}); err != nil {
				return Picture{}, err
			}
			if out.Len() <= MaxBytes {
				return pictureOf(out.Bytes(), "image/jpeg", smaller.Bounds()), nil
			}
		}
	}
	return Picture{}, errNoFit
}

// fit scales a picture down until neither side is longer than limit.
func fit(img image.Image, limit int) *image.RGBA {
	from := img.Bounds()
	width, height := from.Dx(), from.Dy()
	if longer := max(width, height); longer > limit {
		width, height = max(width*limit/longer, 1), max(height*limit/longer, 1)
	}
	if same, ok := img.(*image.RGBA); ok && from.Min == (image.Point{}) && width == from.Dx() && height == from.Dy() {
		return same
	}
	out := image.NewRGBA(image.Rect(0, 0, width, height))
	if width == from.Dx() && height == from.Dy() {
		draw.Draw(out, out.Bounds(), img, from.Min, draw.Src)
		return out
	}
	draw.CatmullRom.Scale(out, out.Bounds(), img, from, draw.Src, nil)
	return out
}

func onWhite(img *image.RGBA) *image.RGBA {
	if img.Opaque() {
		return img
	}
	out := image.NewRGBA(img.Bounds())
	draw.Draw(out, out.Bounds(), image.White, image.Point{}, draw.Src)
	draw.Draw(out, out.Bounds(), img, img.Bounds().Min, draw.Over)
	return out
}

// turn makes a picture upright that was stored with an Exif orientation (Exif
// 2.3, 4.6.4): 2 to 4 keep the sides, 5 to 8 swap them.
func turn(img *image.RGBA, orientation int) *image.RGBA {
	if orientation < 2 || orientation > 8 {
		return img
	}
	width, height := img.Bounds().Dx(), img.Bounds().Dy()
	bounds := image.Rect(0, 0, width, height)
	if orientation >= 5 {
		bounds = image.Rect(0, 0, height, width)
	}
	out := image.NewRGBA(bounds)
	for y := range height {
		for x := range width {
			tx, ty := turned(orientation, x, y, width, height)
			out.SetRGBA(tx, ty, img.RGBAAt(x, y))
		}
	}
	return out
}

// turned is where a stored pixel belongs.
func turned(orientation, x, y, width, height int) (int, int) {
	right, bottom := width-1-x, height-1-y
	switch orientation {
	case 2:
		return right, y
	case 3:
		return right, bottom
	case 4:
		return x, bottom
	case 5:
		return y, x
	case 6:
		return bottom, x
	case 7:
		return bottom, right
	case 8:
		return y, right
	}
	return x, y
}
