module example.com/chat/linearizability

go 1.26.0

replace example.com/chat => ../

require (
	example.com/chat v0.0.0-00010101000000-000000000000
	github.com/anishathalye/porcupine v1.3.1
)

require (
	github.com/google/uuid v1.6.0 // indirect
	github.com/yuin/goldmark v1.8.7 // indirect
	go.etcd.io/bbolt v1.5.0 // indirect
	golang.org/x/net v0.62.0 // indirect
	golang.org/x/sys v0.49.0 // indirect
	golang.org/x/text v0.43.0 // indirect
)
