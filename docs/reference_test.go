package docs_test

import (
	"testing"

	"tessera/app"
)

func TestConfigPage(t *testing.T) {
	text, err := app.ConfigReference()
	if err != nil {
		t.Fatal(err)
	}
	page(t, "config.md", text)
}

func TestOpenAPIDocument(t *testing.T) {
	spec, err := app.OpenAPI()
	if err != nil {
		t.Fatal(err)
	}
	page(t, "openapi.json", string(spec))
}
