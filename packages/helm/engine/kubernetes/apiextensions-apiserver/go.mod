module k8s.io/apiextensions-apiserver

go 1.26.0

require k8s.io/client-go v0.37.1

require k8s.io/apimachinery v0.37.1 // indirect

replace (
	k8s.io/apimachinery => ../apimachinery
	k8s.io/client-go => ../client-go
)
