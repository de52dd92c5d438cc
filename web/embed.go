//go:build !noweb

package web

import (
	"embed"
	"io/fs"
)

//go:embed all:dist
var built embed.FS

// Dist returns the built web app, rooted at its index.html. It reports false when the binary was compiled before the
// app was built (dist then holds a placeholder only).
func Dist() (fs.FS, bool) {
	dist, err := fs.Sub(built, "dist")
	if err != nil {
		return nil, false
	}
	if _, err := fs.Stat(dist, "index.html"); err != nil {
		return nil, false
	}
	return dist, true
}
