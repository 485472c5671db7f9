#!/bin/sh
# What Kubernetes publishes for Services of the namespace shop, one line each: Service, address, port, name of the port.
exec kubectl get endpointslices -n shop -l endpointslice.kubernetes.io/managed-by=etcd-endpoints.io -o go-template='
{{- range .items}}{{$slice := .}}
{{- range .endpoints}}{{$address := index .addresses 0}}
{{- range $slice.ports}}
{{- index $slice.metadata.labels "kubernetes.io/service-name"}} {{$address}} {{.port}} {{if .name}}{{.name}}{{else}}-{{end}}
{{end}}{{end}}{{end}}' | sort
