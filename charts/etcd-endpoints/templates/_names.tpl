{{- define "etcd-endpoints.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" }}
{{- end }}

{{- define "etcd-endpoints.fullname" -}}
{{- $name := include "etcd-endpoints.name" . }}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride | trunc 63 | trimSuffix "-" }}
{{- else if contains $name .Release.Name }}
{{- .Release.Name | trunc 63 | trimSuffix "-" }}
{{- else }}
{{- printf "%s-%s" .Release.Name $name | trunc 63 | trimSuffix "-" }}
{{- end }}
{{- end }}

{{- /* For what belongs to no namespace: releases of one name in two namespaces must not share it. */}}
{{- define "etcd-endpoints.clusterName" -}}
{{- $name := include "etcd-endpoints.fullname" . }}
{{- if eq $name .Release.Namespace }}
{{- $name }}
{{- else }}
{{- printf "%s-%s" .Release.Namespace $name | trunc 200 | trimSuffix "-" }}
{{- end }}
{{- end }}

{{- define "etcd-endpoints.serviceAccount" -}}
{{- default (include "etcd-endpoints.fullname" .) .Values.serviceAccount.name }}
{{- end }}

{{- define "etcd-endpoints.selector" -}}
app.kubernetes.io/name: {{ include "etcd-endpoints.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "etcd-endpoints.labels" -}}
{{ include "etcd-endpoints.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "etcd-endpoints.image" -}}
{{- if .Values.image.digest }}
{{- printf "%s@%s" .Values.image.repository .Values.image.digest }}
{{- else }}
{{- printf "%s:%s" .Values.image.repository (default .Chart.AppVersion .Values.image.tag) }}
{{- end }}
{{- end }}
