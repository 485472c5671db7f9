{{- define "etcd-endpoints.electionWhere" -}}
{{- if .Values.election.where }}
{{- .Values.election.where }}
{{- else }}
{{- ternary "etcd" "kubernetes" (not (empty (concat .Values.etcd.endpoints .Values.election.etcd))) }}
{{- end }}
{{- end }}

{{- /* The Lease of an election in Kubernetes. */}}
{{- define "etcd-endpoints.leaseName" -}}
{{- default (include "etcd-endpoints.fullname" .) .Values.election.name }}
{{- end }}

{{- /* How etcd is reached; `helm test` needs the same. */}}
{{- define "etcd-endpoints.etcdArgs" -}}
{{- with .Values.etcd.endpoints }}
- --etcd={{ join "," . }}
{{- end }}
{{- with .Values.etcd.tls }}
{{- if .secretName }}
{{- if .caKey }}
- --etcd-ca=/etc/etcd-endpoints/tls/{{ .caKey }}
{{- end }}
{{- if .certKey }}
- --etcd-cert=/etc/etcd-endpoints/tls/{{ .certKey }}
- --etcd-key=/etc/etcd-endpoints/tls/{{ .keyKey }}
{{- end }}
{{- end }}
{{- if .serverName }}
- --etcd-server-name={{ .serverName }}
{{- end }}
{{- end }}
{{- with .Values.etcd.auth }}
{{- if .user }}
- --etcd-user={{ .user }}
- --etcd-password-file=/etc/etcd-endpoints/auth/{{ .passwordKey }}
{{- end }}
{{- end }}
{{- end }}

{{- define "etcd-endpoints.args" -}}
{{- include "etcd-endpoints.etcdArgs" . }}
- --leader-elect={{ include "etcd-endpoints.electionWhere" . }}
- --release={{ include "etcd-endpoints.fullname" . }}
{{- with .Values.election }}
{{- if .etcd }}
- --election-etcd={{ join "," .etcd }}
{{- end }}
{{- if .name }}
- --election-name={{ .name }}
{{- end }}
- --lease-ttl={{ .leaseTtl }}
- --standby={{ .standby }}
{{- end }}
{{- range .Values.watchNamespaces }}
- --namespace={{ . }}
{{- end }}
{{- range .Values.allowedPrefixes }}
- --allowed-prefix={{ . }}
{{- end }}
{{- if and .Values.allowedPrefixes .Values.etcd.endpoints .Values.verify.enabled }}
- --allowed-prefix={{ include "etcd-endpoints.verifyNamespace" . }}={{ .Values.verify.prefix }}
{{- end }}
{{- range .Values.serviceCidrs }}
- --service-cidr={{ . }}
{{- end }}
- --publish={{ join "," .Values.publish }}
- --max-endpoints-per-slice={{ int64 .Values.maxEndpointsPerSlice }}
- --drain-seconds={{ int64 .Values.drainSeconds }}
{{- with .Values.staleSeconds }}
- --stale-seconds={{ int64 . }}
{{- end }}
{{- if .Values.nodeNames }}
- --node-names
{{- end }}
{{- with .Values.guard }}
- --guard={{ ternary "on" "off" .enabled }}
{{- if .enabled }}
- --guard-max-removal-percent={{ int64 .maxRemovalPercent }}
- --guard-ignore-below={{ int64 .ignoreBelow }}
- --guard-window-seconds={{ int64 .windowSeconds }}
- --guard-hold-seconds={{ int64 .holdSeconds }}
{{- end }}
{{- end }}
- --workers={{ int64 .Values.workers }}
- --log-level={{ .Values.log.level }}
- --log-format={{ .Values.log.format }}
{{- end }}

{{- /* Secrets that the args above name, mounted so that the group of the Pod may read them (0440). */}}
{{- define "etcd-endpoints.volumes" -}}
{{- with .Values.etcd.tls.secretName }}
- name: etcd-tls
  secret:
    secretName: {{ . }}
    defaultMode: 288
{{- end }}
{{- with .Values.etcd.auth.passwordSecretName }}
- name: etcd-auth
  secret:
    secretName: {{ . }}
    defaultMode: 288
{{- end }}
{{- end }}

{{- define "etcd-endpoints.volumeMounts" -}}
{{- if .Values.etcd.tls.secretName }}
- name: etcd-tls
  mountPath: /etc/etcd-endpoints/tls
  readOnly: true
{{- end }}
{{- if .Values.etcd.auth.passwordSecretName }}
- name: etcd-auth
  mountPath: /etc/etcd-endpoints/auth
  readOnly: true
{{- end }}
{{- end }}

{{- /*
70 % of the memory limit, in MiB: what messages from etcd are received into, and Node.js itself, lie outside the heap. Node.js does not
derive a limit from that of the container by itself in a way that holds. Nothing without a limit.
*/}}
{{- define "etcd-endpoints.heapMiB" -}}
{{- with dig "limits" "memory" "" .Values.resources }}
{{- $quantity := toString . }}
{{- $number := regexFind "^[0-9]+(\\.[0-9]+)?" $quantity }}
{{- $unit := trimPrefix $number $quantity }}
{{- $bytes := dict "" 1 "k" 1000 "M" 1000000 "G" 1000000000 "Ki" 1024 "Mi" 1048576 "Gi" 1073741824 }}
{{- if or (not $number) (not (hasKey $bytes $unit)) }}
{{- fail (printf "resources.limits.memory %s: expected a number with one of the units Ki, Mi, Gi, k, M and G" $quantity) }}
{{- end }}
{{- int64 (floor (divf (mulf (float64 $number) (get $bytes $unit) 0.7) 1048576)) }}
{{- end }}
{{- end }}

{{- /*
A larger heap has more room for young objects, in MiB, which V8 wants as a power of two: in less, what the heap is filled with is taken for old, and
collected at the price of the whole heap.
*/}}
{{- define "etcd-endpoints.youngMiB" -}}
{{- if ge (int .) 1280 }}16{{ else if ge (int .) 640 }}8{{ else }}4{{ end }}
{{- end }}

{{- define "etcd-endpoints.nodeOptions" -}}
{{- with include "etcd-endpoints.heapMiB" . -}}
--max-old-space-size={{ . }} --max-semi-space-size={{ include "etcd-endpoints.youngMiB" . }}
{{- end }}
{{- end }}

{{- define "etcd-endpoints.env" -}}
{{- $given := list }}
{{- range .Values.extraEnv }}{{- $given = append $given .name }}{{- end }}
- name: POD_NAME
  valueFrom:
    fieldRef:
      fieldPath: metadata.name
- name: POD_NAMESPACE
  valueFrom:
    fieldRef:
      fieldPath: metadata.namespace
{{- $nodeOptions := include "etcd-endpoints.nodeOptions" . }}
{{- if and $nodeOptions (not (has "NODE_OPTIONS" $given)) }}
- name: NODE_OPTIONS
  value: {{ $nodeOptions }}
{{- end }}
{{- with .Values.extraEnv }}
{{ toYaml . }}
{{- end }}
{{- end }}
