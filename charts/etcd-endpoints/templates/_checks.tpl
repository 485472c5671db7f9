{{- /* What values.schema.json cannot say: values that do not fit together. Each message names the value. */}}
{{- define "etcd-endpoints.checks" -}}
{{- $values := .Values }}
{{- if not (or $values.etcd.endpoints $values.registries.enabled) }}
{{- fail "etcd.endpoints is empty and registries.enabled is false: name the members of an etcd in etcd.endpoints, or set registries.enabled=true to serve EtcdRegistries alone" }}
{{- end }}
{{- if and (eq $values.election.where "etcd") (not (or $values.etcd.endpoints $values.election.etcd)) }}
{{- fail "election.where is etcd, and neither etcd.endpoints nor election.etcd names one: set election.where=kubernetes" }}
{{- end }}
{{- $where := include "etcd-endpoints.electionWhere" . }}
{{- if and (eq $where "off") (gt (int $values.replicas) 1) }}
{{- fail (printf "election.where is off with replicas=%d, so each of them would write: set replicas=1 or another election.where" (int $values.replicas)) }}
{{- end }}
{{- if and $values.staleSeconds (eq $where "etcd") (not $values.election.etcd) }}
{{- fail "staleSeconds is set while the election is held in the same etcd, so nobody leads while it is away: set election.where=kubernetes or election.etcd" }}
{{- end }}
{{- $hosts := concat $values.etcd.endpoints $values.election.etcd }}
{{- $secure := list }}
{{- range $hosts }}{{- if hasPrefix "https:" . }}{{- $secure = append $secure . }}{{- end }}{{- end }}
{{- if and $secure (ne (len $secure) (len $hosts)) }}
{{- fail "etcd.endpoints and election.etcd: expected https or http for all members, not both" }}
{{- end }}
{{- if and (or $values.etcd.tls.secretName $values.etcd.tls.serverName) (not $secure) }}
{{- fail "etcd.tls is set, and no member in etcd.endpoints or election.etcd begins with https" }}
{{- end }}
{{- if ne (empty $values.etcd.tls.certKey) (empty $values.etcd.tls.keyKey) }}
{{- fail "etcd.tls.certKey and etcd.tls.keyKey: a client certificate needs both; empty both to show none" }}
{{- end }}
{{- if ne (empty $values.etcd.auth.user) (empty $values.etcd.auth.passwordSecretName) }}
{{- fail "etcd.auth.user and etcd.auth.passwordSecretName are needed together" }}
{{- end }}
{{- if and $values.catalogs.enabled $values.watchNamespaces }}
{{- fail "catalogs.enabled makes EtcdServices in every namespace, and watchNamespaces would leave them unserved: empty watchNamespaces" }}
{{- end }}
{{- if not (or $values.serviceAccount.create $values.serviceAccount.name) }}
{{- fail "serviceAccount.name is needed where serviceAccount.create is false" }}
{{- end }}
{{- if $values.checkSecrets }}
{{- include "etcd-endpoints.checkSecret" (dict "root" . "name" $values.etcd.tls.secretName "value" "etcd.tls.secretName" "keys" (list $values.etcd.tls.caKey $values.etcd.tls.certKey $values.etcd.tls.keyKey)) }}
{{- include "etcd-endpoints.checkSecret" (dict "root" . "name" $values.etcd.auth.passwordSecretName "value" "etcd.auth.passwordSecretName" "keys" (list $values.etcd.auth.passwordKey)) }}
{{- end }}
{{- end }}

{{- /* A list of Secrets comes back empty-handed only where there is no cluster to ask, as with `helm template`. */}}
{{- define "etcd-endpoints.checkSecret" -}}
{{- $namespace := .root.Release.Namespace }}
{{- if .name }}
{{- if lookup "v1" "Secret" $namespace "" }}
{{- $secret := lookup "v1" "Secret" $namespace .name }}
{{- if not $secret }}
{{- fail (printf "%s: there is no Secret %s in namespace %s; create it first, or set checkSecrets=false where something makes it later" .value .name $namespace) }}
{{- end }}
{{- range compact .keys }}
{{- if not (hasKey (default dict $secret.data) .) }}
{{- fail (printf "%s: Secret %s has no key %s" $.value $.name .) }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
