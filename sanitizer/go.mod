module example.com/chat/sanitizer

go 1.26.0

replace example.com/chat => ../

require (
	example.com/chat v0.0.0-00010101000000-000000000000
	github.com/microcosm-cc/bluemonday v1.0.27
	golang.org/x/net v0.62.0
)

require (
	github.com/aymerick/douceur v0.2.0 // indirect
	github.com/gorilla/css v1.0.1 // indirect
	github.com/yuin/goldmark v1.8.7 // indirect
)
