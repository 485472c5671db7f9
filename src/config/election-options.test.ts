import { describe, expect, it } from 'vitest';
import { problems } from '../../test/kit/controller-options.ts';

describe('the options of the election', () => {
  it('name the option and the reason where the lease would be too short, too odd, or the name none', () => {
    expect(problems({ 'lease-ttl': '4s' }).join()).toMatch(/--lease-ttl .*at least 5s/);
    expect(problems({ 'lease-ttl': '0s' }).join()).toMatch(/--lease-ttl/);
    expect(problems({ 'lease-ttl': '-5s' }).join()).toMatch(/--lease-ttl/);
    expect(problems({ 'lease-ttl': '5500ms' }).join()).toMatch(/--lease-ttl .*whole seconds/);
    expect(problems({ 'election-name': '/a/' }).join()).toMatch(/--election-name.* slash/);
    expect(problems({ 'leader-elect': 'yes' }).join()).toMatch(
      /--leader-elect .*one of etcd, kubernetes, off/,
    );
  });
});
