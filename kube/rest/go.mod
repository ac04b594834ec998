module github.com/steward-k8s/steward/kube/rest

go 1.26.0
