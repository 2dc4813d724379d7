module example.com/chat/browser

go 1.26.0

replace example.com/chat => ../

require example.com/chat v0.0.0-00010101000000-000000000000

require (
	github.com/yuin/goldmark v1.8.7 // indirect
	golang.org/x/net v0.62.0 // indirect
)
