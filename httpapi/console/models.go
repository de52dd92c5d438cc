package console

import (
	"context"

	"github.com/danielgtaylor/huma/v2"

	"tessera/gateway"
)

// Model is one model that a client may name.
type Model struct {
	Name     string   `json:"name" doc:"What to send as model."`
	Label    string   `json:"label" doc:"What to show to a person."`
	Dialects []string `json:"dialects" doc:"In which dialects a payload for it may be."`
	Default  bool     `json:"default" doc:"The one to preselect."`
}

type modelsInput struct {
	View string `query:"view" enum:"mapped" doc:"mapped, the only view, is the default: the names that clients send."`
}

type modelsOutput struct {
	Body struct {
		Data []Model `json:"data"`
	}
}

// ModelLister lists the models that may be used; gateway.Service does.
type ModelLister interface {
	Models(ctx context.Context) ([]gateway.Model, error)
}

// AddModels adds the list of models, under the two paths that clients know.
func AddModels(a *API, models ModelLister) {
	list := func(ctx context.Context) (*modelsOutput, error) {
		allowed, err := models.Models(ctx)
		if err != nil {
			return nil, err
		}
		out := &modelsOutput{}
		out.Body.Data = make([]Model, len(allowed))
		for i, m := range allowed {
			out.Body.Data[i] = modelView(m)
		}
		return out, nil
	}
	const description = "Where the list is the upstream's own and the upstream is down, the answer is 424."
	Register(a, AnyUser, huma.Operation{
		OperationID: "list-models", Method: "GET", Path: "/llm/models", Tags: []string{"Messages"},
		Summary: "The models that may be used", Description: description,
	}, func(ctx context.Context, _ *modelsInput) (*modelsOutput, error) { return list(ctx) })
	Register(a, AnyUser, huma.Operation{
		OperationID: "list-app-models", Method: "GET", Path: "/llm/app/models", Tags: []string{"Messages"},
		Summary: "The models that may be used, for apps", Description: description,
	}, func(ctx context.Context, _ *struct{}) (*modelsOutput, error) { return list(ctx) })
}

func modelView(m gateway.Model) Model {
	view := Model{Name: m.Name, Label: m.Label, Default: m.Default, Dialects: make([]string, len(m.Dialects))}
	for i, d := range m.Dialects {
		view.Dialects[i] = string(d)
	}
	return view
}
