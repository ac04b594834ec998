// The root marker that `go build` asks for. Every build names its version with -modfile=versions/vX.Y.Z.mod.
module github.com/steward-k8s/steward/kube/kubernetes
