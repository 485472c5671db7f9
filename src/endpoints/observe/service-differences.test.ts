import { describe, expect, it } from 'vitest';
import type { Service } from '../../kube/resources.ts';
import { serviceDifferences } from './service-differences.ts';

const service = (spec: Service['spec']): Service => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 'web' },
  spec: { clusterIP: '10.96.0.1', ...spec },
});
const http = { name: 'http', port: 80, protocol: 'TCP' } as const;

describe('what of a Service differs', () => {
  it('is that it is absent, headless or not, and its ports by number, protocol and name', () => {
    const asked = { headless: false, ports: [http] };
    expect(serviceDifferences(undefined, asked)).toHaveLength(1);
    expect(serviceDifferences(service({ ports: [{ name: 'http', port: 80 }] }), asked)).toEqual([]);
    expect(serviceDifferences(service({ clusterIP: 'None', ports: [http] }), asked)).toEqual([
      'it is headless, and is to have a cluster IP',
    ]);
    expect(serviceDifferences(service({ ports: [{ name: 'web', port: 80 }] }), asked)).toEqual([
      'it has no port 80/TCP (http), which spec.ports names',
      'it has the port 80/TCP (web), which spec.ports does not name',
    ]);
  });

  it('is nothing of its ports where the spec leaves them to it', () => {
    expect(serviceDifferences(service({ ports: [http] }), { headless: false, ports: undefined })).toEqual([]);
  });
});
