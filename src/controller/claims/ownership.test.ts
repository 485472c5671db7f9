import { describe, expect, it } from 'vitest';
import type { KubeObject, ObjectMeta } from '../../kube/types.ts';
import { olderFirst, ownerOf, ownersOf } from './ownership.ts';

const labelled = (etcdService?: string): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Endpoints',
  metadata: {
    name: 'web',
    ...(etcdService === undefined ? {} : { labels: { 'etcd-endpoints.io/etcdservice': etcdService } }),
  },
});
const meta = (name: string, uid = `uid-${name}`, creationTimestamp = '2026-01-01T00:00:00Z'): ObjectMeta => ({
  name,
  uid,
  creationTimestamp,
});
const nobodyElse = (): boolean => false;
const everybody = (): boolean => true;

describe('whose an object is', () => {
  it('is foreign without our label', () => {
    expect(ownerOf(labelled(), [meta('web')], nobodyElse)).toBe('foreign');
  });

  it('is ours with the label of a claimant, also of the one that had the name before', () => {
    expect(ownerOf(labelled('web'), [meta('web')], everybody)).toBe('ours');
    expect(ownerOf(labelled('older'), [meta('web'), meta('older')], everybody)).toBe('ours');
  });

  it('is ours with the label of an EtcdService that is gone', () => {
    expect(ownerOf(labelled('gone'), [meta('web')], nobodyElse)).toBe('ours');
  });

  it('is ours when a claimant controls it, though somebody has taken our label away', () => {
    const { metadata, ...object } = labelled();
    const controlled = (uid: string): KubeObject => ({
      ...object,
      metadata: {
        ...metadata,
        ownerReferences: [{ apiVersion: 'v1', kind: 'EtcdService', name: 'web', uid, controller: true }],
      },
    });
    expect(ownerOf(controlled('uid-web'), [meta('web')], everybody)).toBe('ours');
    expect(ownerOf(controlled('uid-else'), [meta('web')], everybody)).toBe('foreign');
  });

  it('is foreign with the label of a living EtcdService that claims another Service', () => {
    expect(ownerOf(labelled('api'), [meta('web')], everybody)).toBe('foreign');
  });
});

describe('the owners of what is published', () => {
  it('are the winner as controller and the others that wait for the name', () => {
    const owners = ownersOf({ metadata: meta('web'), retains: false }, [
      { metadata: meta('younger'), retains: false },
      { metadata: meta('keeper'), retains: true },
    ]);
    expect(owners).toEqual([
      {
        apiVersion: 'etcd-endpoints.io/v1alpha1',
        kind: 'EtcdService',
        name: 'web',
        uid: 'uid-web',
        controller: true,
        blockOwnerDeletion: false,
      },
      {
        apiVersion: 'etcd-endpoints.io/v1alpha1',
        kind: 'EtcdService',
        name: 'younger',
        uid: 'uid-younger',
        controller: false,
        blockOwnerDeletion: false,
      },
    ]);
  });

  it('are none where the winner retains', () => {
    const others = [{ metadata: meta('younger'), retains: false }];
    expect(ownersOf({ metadata: meta('web'), retains: true }, others)).toEqual([]);
  });
});

describe('of two EtcdServices for one Service', () => {
  it('the older comes first, and of two of one second the one with the lower uid', () => {
    const old = meta('old', 'z', '2026-01-01T00:00:00Z');
    const first = meta('first', 'a', '2026-01-01T00:00:01Z');
    const second = meta('second', 'b', '2026-01-01T00:00:01Z');
    expect([second, first, old].sort(olderFirst)).toEqual([old, first, second]);
  });
});
