import { describe, expect, it } from 'vitest';
import type { DesiredEndpoint } from '../types.ts';
import { compareAddresses, compareEndpoints } from './compare.ts';

const at = (address: string, more: Partial<DesiredEndpoint> = {}, name = ''): DesiredEndpoint => ({
  address,
  ports: [{ name, port: 80, protocol: 'TCP' }],
  ready: true,
  ...more,
});

describe('what stands and what would be published', () => {
  it('are equal whatever objects hold them, and in whatever order', () => {
    const two = { ports: ['a', 'b'].map((name, n) => ({ name, port: 80 + n, protocol: 'TCP' as const })) };
    const apart = [two.ports[1], two.ports[0]].map((port) =>
      at('10.0.0.1', { ports: port === undefined ? [] : [port] }),
    );
    expect(compareEndpoints(apart, [at('10.0.0.1', two)])).toEqual({
      wanted: 2,
      standing: 2,
      missing: 0,
      superfluous: 0,
      different: 0,
      examples: [],
    });
  });

  it('differ by what is missing, superfluous, unready or named otherwise, each told once', () => {
    const standing = [at('10.0.0.1'), at('10.0.0.2'), at('10.0.0.3', {}, 'web'), at('10.0.0.4')];
    const wanted = [
      at('10.0.0.2', { ready: false }),
      at('10.0.0.3', {}, 'http'),
      at('10.0.0.4'),
      at('fd00::1'),
    ];
    expect(compareEndpoints(standing, wanted)).toEqual({
      wanted: 4,
      standing: 4,
      missing: 1,
      superfluous: 1,
      different: 2,
      examples: [
        { kind: 'Missing', endpoint: '[fd00::1]:80/TCP' },
        { kind: 'Superfluous', endpoint: '10.0.0.1:80/TCP' },
        { kind: 'Different', endpoint: '10.0.0.2:80/TCP', message: 'ready, would be not ready' },
        {
          kind: 'Different',
          endpoint: '10.0.0.3:80/TCP (http)',
          message: 'the port is named "web", would be "http"',
        },
      ],
    });
  });

  it('are one address where it stands twice, ready where any says so, and what drains counts for nothing', () => {
    const standing = [
      at('10.0.0.1', { ready: false }),
      at('10.0.0.1'),
      at('10.0.0.9', { ready: false, drainUntil: 1 }),
    ];
    expect(compareEndpoints(standing, [at('10.0.0.1')])).toMatchObject({
      standing: 1,
      different: 0,
      superfluous: 0,
    });
  });

  it('have five examples at the most, and none hides another sort', () => {
    const many = (net: string) => Array.from({ length: 50 }, (_, n) => at(`${net}.${n}`));
    const { examples, missing, superfluous } = compareEndpoints(many('10.0.0'), many('10.0.1'));
    expect([missing, superfluous, examples.length]).toEqual([50, 50, 5]);
    expect(new Set(examples.map(({ kind }) => kind))).toEqual(new Set(['Missing', 'Superfluous']));
  });

  it('are compared by addresses alone where a name in DNS stands, by which nobody reaches what is not ready', () => {
    const wanted = [at('10.0.0.1'), at('10.0.0.2', { ready: false })];
    expect(compareAddresses(['10.0.0.1'], wanted)).toMatchObject({
      missing: 0,
      superfluous: 0,
      different: 0,
    });
    expect(compareAddresses(['10.0.0.2'], wanted)).toMatchObject({ missing: 1, superfluous: 1 });
  });
});
