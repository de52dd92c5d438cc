// Package config fills a tree of structs from defaults, a YAML file, the
// environment and secret files, in this order, and reports every problem at
// once. It knows no room: a field says all about itself in its tags.
//
//	type Config struct {
//		Addr string `default:"127.0.0.1:8080" unit:"host:port" doc:"Where to listen."`
//		Key  string `secret:"true" doc:"..."`
//	}
//
// The name of a field is its Go name in snake_case, or its `name` tag. Under a
// prefix TESSERA, the field Addr of the section HTTP is `http.addr` in a file
// and TESSERA_HTTP_ADDR in the environment. A field tagged secret may also come
// from the file that TESSERA_..._FILE names, and is never printed.
//
// Leaves are string, bool, int, int64, time.Duration, []string, anything that
// reads itself from text, and lists of structs (in the environment as JSON).
// The fields of a struct tagged inline:"true" stand in the section around it.
// A struct with a Check method adds its own rules.
package config
