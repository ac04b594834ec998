module github.com/steward-k8s/steward/kube/pause

go 1.26
