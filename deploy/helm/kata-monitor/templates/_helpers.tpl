{{- define "kata-monitor.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{- define "kata-monitor.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 63 | trimSuffix "-" -}}
{{- else -}}
{{- $name := include "kata-monitor.name" . -}}
{{- if contains $name .Release.Name -}}
{{- .Release.Name | trunc 63 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 63 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "kata-monitor.selectorLabels" -}}
app.kubernetes.io/name: {{ include "kata-monitor.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "kata-monitor.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
{{ include "kata-monitor.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end -}}

{{- define "kata-monitor.serviceAccountName" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "kata-monitor.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- default "default" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{- define "kata-monitor.image" -}}
{{- if .Values.image.digest -}}
{{- printf "%s@%s" .Values.image.repository .Values.image.digest -}}
{{- else -}}
{{- printf "%s:%s" .Values.image.repository (default .Chart.AppVersion .Values.image.tag) -}}
{{- end -}}
{{- end -}}

{{- /* The socket of the container manager; empty when it is not used. */ -}}
{{- define "kata-monitor.criSocket" -}}
{{- $sockets := dict
  "kubernetes" "/run/containerd/containerd.sock"
  "crio" "/run/crio/crio.sock"
  "openshift" "/run/crio/crio.sock"
  "k3s" "/run/k3s/containerd/containerd.sock"
  "rke2" "/run/k3s/containerd/containerd.sock"
  "microk8s" "/var/snap/microk8s/common/run/containerd.sock"
  "k0s" "/run/k0s/containerd.sock" -}}
{{- if .Values.cri.enabled -}}
{{- default (get $sockets .Values.cri.distribution) .Values.cri.socketPath -}}
{{- end -}}
{{- end -}}

{{- /* The Secret with web.yml; empty when there is none. */ -}}
{{- define "kata-monitor.webSecretName" -}}
{{- if .Values.web.existingSecret -}}
{{- .Values.web.existingSecret -}}
{{- else if or .Values.web.tlsSecretName .Values.web.users -}}
{{- printf "%s-web" (include "kata-monitor.fullname" .) -}}
{{- end -}}
{{- end -}}

{{- /* Not empty when the monitor itself serves HTTPS. */ -}}
{{- define "kata-monitor.hasTls" -}}
{{- if or .Values.web.tlsSecretName (and .Values.web.existingSecret .Values.web.tls) -}}
true
{{- end -}}
{{- end -}}

{{- /* What refuses values that contradict each other; called once. */ -}}
{{- define "kata-monitor.checkValues" -}}
{{- $web := .Values.web -}}
{{- if and $web.existingSecret (or $web.tlsSecretName $web.users $web.requireClientCertificate) -}}
{{- fail "web.existingSecret has its own web.yml: leave web.tlsSecretName, web.users and web.requireClientCertificate empty" -}}
{{- end -}}
{{- if and $web.requireClientCertificate (not $web.tlsSecretName) -}}
{{- fail "web.requireClientCertificate requires web.tlsSecretName" -}}
{{- end -}}
{{- if and .Values.kubeRbacProxy.enabled (include "kata-monitor.webSecretName" .) -}}
{{- fail "kubeRbacProxy.enabled cannot be used with web: both control access" -}}
{{- end -}}
{{- if and .Values.kubeRbacProxy.enabled (not .Values.kubeRbacProxy.image) -}}
{{- fail "kubeRbacProxy.enabled requires kubeRbacProxy.image, the image of kube-rbac-proxy with its tag" -}}
{{- end -}}
{{- if and .Values.kubeRbacProxy.enabled .Values.podMonitor.enabled (not .Values.podMonitor.tokenSecretName) -}}
{{- fail "kubeRbacProxy.enabled with podMonitor.enabled requires podMonitor.tokenSecretName: only a ServiceMonitor can use the token of Prometheus' own pod" -}}
{{- end -}}
{{- if and .Values.podMonitor.enabled .Values.serviceMonitor.enabled -}}
{{- fail "podMonitor.enabled and serviceMonitor.enabled would scrape each node twice: enable only one of them" -}}
{{- end -}}
{{- end -}}

{{- /* Port, scheme and credentials of a scrape, and what is the same for PodMonitor and ServiceMonitor. */ -}}
{{- define "kata-monitor.scrapeEndpoint" -}}
{{- $values := .Values.podMonitor -}}
port: {{ if .Values.kubeRbacProxy.enabled }}https{{ else }}metrics{{ end }}
path: /metrics
interval: {{ $values.interval }}
scrapeTimeout: {{ $values.scrapeTimeout }}
{{- if or (include "kata-monitor.hasTls" .) .Values.kubeRbacProxy.enabled }}
scheme: https
tlsConfig:
  {{- if $values.tlsConfig }}
  {{- toYaml $values.tlsConfig | nindent 2 }}
  {{- else }}
  insecureSkipVerify: true
  {{- end }}
{{- end }}
{{- with $values.basicAuthSecretName }}
basicAuth:
  username:
    name: {{ . }}
    key: username
  password:
    name: {{ . }}
    key: password
{{- end }}
{{- if $values.tokenSecretName }}
authorization:
  credentials:
    name: {{ $values.tokenSecretName }}
    key: token
{{- else if and .Values.kubeRbacProxy.enabled .Values.serviceMonitor.enabled }}
bearerTokenFile: /var/run/secrets/kubernetes.io/serviceaccount/token
{{- end }}
relabelings:
  # The series of a node go on when the pod of the monitor is replaced.
  - sourceLabels: [__meta_kubernetes_pod_node_name]
    targetLabel: node
  - sourceLabels: [__meta_kubernetes_pod_node_name]
    targetLabel: instance
  - action: labeldrop
    regex: pod|container|endpoint
  {{- with $values.relabelings }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- with $values.metricRelabelings }}
metricRelabelings:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}
