{{- /* A role of `kind` with `rights`, and its binding to the ServiceAccount. */}}
{{- define "etcd-endpoints.role" }}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: {{ .kind }}
metadata:
  name: {{ .name }}
  {{- with .namespace }}
  namespace: {{ . }}
  {{- end }}
  labels:
    {{- include "etcd-endpoints.labels" .root | nindent 4 }}
rules:
  {{- range .rights }}
  {{- include (printf "etcd-endpoints.rights.%s" .) $.root | nindent 2 }}
  {{- end }}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: {{ .kind }}Binding
metadata:
  name: {{ .name }}
  {{- with .namespace }}
  namespace: {{ . }}
  {{- end }}
  labels:
    {{- include "etcd-endpoints.labels" .root | nindent 4 }}
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: {{ .kind }}
  name: {{ .name }}
subjects:
  - kind: ServiceAccount
    name: {{ include "etcd-endpoints.serviceAccount" .root }}
    namespace: {{ .root.Release.Namespace }}
{{- end }}
