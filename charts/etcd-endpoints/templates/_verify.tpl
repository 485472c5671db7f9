{{- /* Where `helm test` makes its EtcdService: a namespace that the controller serves. */}}
{{- define "etcd-endpoints.verifyNamespace" -}}
{{- $watched := .Values.watchNamespaces }}
{{- ternary .Release.Namespace (first $watched) (or (empty $watched) (has .Release.Namespace $watched)) }}
{{- end }}
