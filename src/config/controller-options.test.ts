import { describe, expect, it } from 'vitest';
import { config, problems, source } from '../../test/kit/controller-options.ts';
import { controllerConfig, controllerOptions } from './controller-options.ts';
import { environmentName, type OptionTable } from './option.ts';

describe('the configuration of a controller', () => {
  it('has a default for everything but etcd', () => {
    expect(config({})).toEqual({
      etcd: { hosts: ['http://10.0.0.1:2379'], maxMessageBytes: 256 * 2 ** 20, callTimeoutMs: 10_000 },
      etcdLimits: { maxMessageBytes: 256 * 2 ** 20, callTimeoutMs: 10_000 },
      election: { where: 'etcd', release: 'etcd-endpoints', ttlMs: 15_000 },
      electionEtcd: {
        hosts: ['http://10.0.0.1:2379'],
        maxMessageBytes: 256 * 2 ** 20,
        callTimeoutMs: 10_000,
      },
      publish: ['Endpoints', 'EndpointSlice'],
      maxEndpointsPerSlice: 100,
      drainMs: 0,
      staleMs: undefined,
      nodeNames: false,
      guard: { maxRemovalPercent: 30, ignoreBelow: 10, windowMs: 60_000, holdMs: 300_000 },
      isWarmStandby: true,
      kubernetes: {},
      namespaces: [],
      allowedPrefixes: [],
      serviceCidrs: [],
      workers: 8,
      maxValueBytes: 256 * 1024,
      compareIntervalMs: 600_000,
      http: { port: 8080 },
      explain: { host: '127.0.0.1', port: 8081 },
      log: { level: 'info', format: 'json' },
      replica: 'host-1',
    });
  });

  it('says what is needed when etcd is not named', () => {
    expect(() => controllerConfig(source({}))).toThrow(
      /^--etcd is needed \(or ETCD_ENDPOINTS_ETCD\); .*--election-etcd or --leader-elect=kubernetes$/,
    );
  });

  it('needs no etcd of its own where the election has a place elsewhere', () => {
    expect(controllerConfig(source({ 'leader-elect': 'kubernetes' })).etcd).toBeUndefined();
    expect(controllerConfig(source({ 'leader-elect': 'off' })).etcd).toBeUndefined();
    const { etcd, electionEtcd } = controllerConfig(
      source({ 'election-etcd': 'https://e', 'etcd-ca': '/ca.pem', 'etcd-call-timeout': '5s' }),
    );
    expect(etcd).toBeUndefined();
    expect(electionEtcd).toMatchObject({ hosts: ['https://e:2379'], callTimeoutMs: 5000 });
    expect(electionEtcd.tls?.ca?.toString()).toContain('BEGIN CERTIFICATE');
  });

  it('reaches the etcd of the election with the credentials of the registry', () => {
    const { etcd, electionEtcd } = config({
      'election-etcd': 'http://e',
      'etcd-user': 'u',
      'etcd-password-file': '/password',
    });
    expect(etcd).toMatchObject({ hosts: ['http://10.0.0.1:2379'], user: { name: 'u' } });
    expect(electionEtcd).toMatchObject({ hosts: ['http://e:2379'], user: { name: 'u' } });
  });

  it('takes ranges of Services, and nothing else for one', () => {
    expect(config({ 'service-cidr': '10.96.0.0/12,fd00::/108' }).serviceCidrs).toEqual([
      '10.96.0.0/12',
      'fd00::/108',
    ]);
    expect(problems({ 'service-cidr': '10.96.0.0' })).toEqual([
      '--service-cidr "10.96.0.0": expected a range such as 10.96.0.0/12 or fd00::/108',
    ]);
  });

  it('takes a flag before the environment, and that before the default', () => {
    expect(config({}, { ETCD_ENDPOINTS_WORKERS: '3' }).workers).toBe(3);
    expect(config({ workers: '5' }, { ETCD_ENDPOINTS_WORKERS: '3' }).workers).toBe(5);
  });

  it('counts an empty environment variable as absent', () => {
    expect(config({}, { ETCD_ENDPOINTS_WORKERS: '', POD_NAME: '' })).toMatchObject({
      workers: 8,
      replica: 'host-1',
    });
  });

  it('names the replica by its flag, its Pod or its host', () => {
    expect(config({}, { POD_NAME: 'web-0' }).replica).toBe('web-0');
    expect(config({ replica: 'a' }, { POD_NAME: 'web-0' }).replica).toBe('a');
  });

  it('takes lists as repeated flags, with commas, or both, and each value once', () => {
    expect(config({ namespace: ['shop,bank', 'shop', 'mail'] }).namespaces).toEqual(['shop', 'bank', 'mail']);
    expect(config({}, { ETCD_ENDPOINTS_NAMESPACE: 'shop, bank' }).namespaces).toEqual(['shop', 'bank']);
  });

  it('cannot be changed, not even its lists', () => {
    const frozen = config({ namespace: 'shop', 'allowed-prefix': 'shop=/web' });
    expect(() => Object.assign(frozen, { workers: 1 })).toThrow(TypeError);
    expect(() => (frozen.namespaces as string[]).push('x')).toThrow(TypeError);
    expect(() => Object.assign(frozen.allowedPrefixes[0] ?? {}, { prefix: '' })).toThrow(TypeError);
  });

  it('names every wrong option at once, with its value and what is expected', () => {
    expect(problems({ workers: 'many', 'log-level': 'loud', namespace: 'Shop' })).toEqual([
      '--namespace "Shop": expected the name of a namespace: at most 63 of a-z, 0-9 and -, with a letter or digit at both ends',
      '--workers "many": expected a whole number from 1 to 256',
      '--log-level "loud": expected one of debug, info, warn, error',
    ]);
  });

  it('names the environment variable where that is what is wrong', () => {
    expect(problems({}, { ETCD_ENDPOINTS_COMPARE_INTERVAL: '10' })).toEqual([
      'ETCD_ENDPOINTS_COMPARE_INTERVAL "10": expected a time such as 500ms, 5s or 10m, from 1s to 24h',
    ]);
  });

  it('names the flag of a kubeconfig that cannot be read', () => {
    expect(problems({ kubeconfig: '/none' })[0]).toMatch(/^--kubeconfig "\/none": cannot be read: ENOENT/);
  });

  it('takes the service account of the Pod where nothing names a kubeconfig', () => {
    const pod = { KUBERNETES_SERVICE_HOST: '10.96.0.1', KUBERNETES_SERVICE_PORT: '6443' };
    const account = { host: '10.96.0.1', port: '6443' };
    expect(config({ etcd: 'http://10.0.0.1' }, pod).kubernetes).toEqual({ serviceAccount: account });
    expect(config({ etcd: 'http://10.0.0.1' }, { ...pod, KUBECONFIG: '/some' }).kubernetes).toEqual({});
    expect(config({ etcd: 'http://10.0.0.1', context: 'x' }, pod).kubernetes).toEqual({ context: 'x' });
    expect(config({ etcd: 'http://10.0.0.1' }, { ...pod, HOME: '/home/me' }).kubernetes).toEqual({});
    expect(config({ etcd: 'http://10.0.0.1' }).kubernetes).toEqual({});
  });

  it('refuses one flag given twice where it holds one value', () => {
    expect(problems({ workers: ['1', '2'] })).toEqual(['--workers is given 2 times, but it holds one value']);
  });

  it('cuts a long wrong value and escapes what would break the line', () => {
    const [line] = problems({ 'log-level': `a\nb${'x'.repeat(500)}` });
    expect(line).toMatch(/^--log-level "a\\nbx+…": expected one of/);
    expect(line?.length).toBeLessThan(200);
  });
});

describe('the environment variables', () => {
  it('are none that Kubernetes sets for a Service called etcd-endpoints', () => {
    const names = Object.keys(controllerOptions).map(environmentName);
    expect(names.filter((name) => /_SERVICE_(HOST|PORT)|_PORT(_|$)/.test(name))).toEqual([]);
  });

  it('read every option, so that no flag is without its variable', () => {
    const given: Readonly<Record<string, string>> = {
      etcd: 'https://a',
      'etcd-ca': '/ca.pem',
      'etcd-cert': '/cert.pem',
      'etcd-key': '/key.pem',
      'etcd-server-name': 'n',
      'etcd-user': 'u',
      'etcd-password': 'p',
      'etcd-max-message-bytes': '2Mi',
      'etcd-call-timeout': '7s',
      'leader-elect': 'etcd',
      'election-etcd': 'https://b',
      'election-name': '/e',
      release: 'two',
      'own-namespace': 'here',
      'lease-ttl': '20s',
      standby: 'cold',
      publish: 'EndpointSlice',
      'max-endpoints-per-slice': '500',
      'drain-seconds': '30',
      'stale-seconds': '90',
      'node-names': 'true',
      guard: 'on',
      'guard-max-removal-percent': '40',
      'guard-ignore-below': '20',
      'guard-window-seconds': '30',
      'guard-hold-seconds': '600',
      kubeconfig: '/k',
      context: 'c',
      namespace: 'shop',
      'allowed-prefix': 'shop=/',
      'service-cidr': '10.96.0.0/12',
      workers: '2',
      'max-value-bytes': '2Ki',
      'compare-interval': '2m',
      'http-address': ':1',
      'explain-address': '[::1]:2',
      'log-level': 'warn',
      'log-format': 'text',
      replica: 'r',
    };
    const options: OptionTable = controllerOptions;
    expect(Object.keys(options).filter((flag) => !(flag in given))).toEqual(['etcd-password-file']);
    const env = Object.entries(given).map(([flag, value]) => [environmentName(flag), value]);
    expect(controllerConfig(source({}, Object.fromEntries(env)))).toMatchObject({
      etcd: {
        hosts: ['https://a:2379'],
        user: { name: 'u', password: 'p' },
        tls: { serverName: 'n' },
        maxMessageBytes: 2 ** 21,
        callTimeoutMs: 7000,
      },
      publish: ['EndpointSlice'],
      maxEndpointsPerSlice: 500,
      drainMs: 30_000,
      staleMs: 90_000,
      nodeNames: true,
      guard: { maxRemovalPercent: 40, ignoreBelow: 20, windowMs: 30_000, holdMs: 600_000 },
      kubernetes: { kubeconfig: '/k', context: 'c' },
      namespaces: ['shop'],
      allowedPrefixes: [{ namespace: 'shop', prefix: '/' }],
      serviceCidrs: ['10.96.0.0/12'],
      workers: 2,
      maxValueBytes: 2048,
      compareIntervalMs: 120_000,
      http: { port: 1 },
      explain: { host: '::1', port: 2 },
      log: { level: 'warn', format: 'text' },
      replica: 'r',
    });
  });
});
