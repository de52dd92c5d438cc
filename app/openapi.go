package app

// OpenAPI returns the description of /api/v1 as the server serves it.
func OpenAPI() ([]byte, error) {
	a := &App{core: &core{}}
	spec, err := a.console(&rooms{metrics: newMetrics()}).OpenAPI()
	return append(spec, '\n'), err
}
