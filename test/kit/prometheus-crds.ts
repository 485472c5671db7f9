/** Stands in for a CRD of the Prometheus Operator: any fields, since what they mean is shown elsewhere (promtool). */
function standIn(kind: string, plural: string): object {
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: {
      name: `${plural}.monitoring.coreos.com`,
      annotations: { 'api-approved.kubernetes.io': 'unapproved, a stand-in for tests' },
    },
    spec: {
      group: 'monitoring.coreos.com',
      scope: 'Namespaced',
      names: { kind, plural, singular: kind.toLowerCase(), listKind: `${kind}List` },
      versions: [
        {
          name: 'v1',
          served: true,
          storage: true,
          schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
        },
      ],
    },
  };
}

export const standInCrds: readonly object[] = [
  standIn('PodMonitor', 'podmonitors'),
  standIn('ServiceMonitor', 'servicemonitors'),
  standIn('PrometheusRule', 'prometheusrules'),
];
