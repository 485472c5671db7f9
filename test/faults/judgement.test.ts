import { describe, expect, it } from 'vitest';
import type { AuditedWrite } from '../kit/audit.ts';
import { idleWrites, type Judgement, judgePublications, lateWrites, type Observed } from './judgement.ts';
import type { Publication } from './published.ts';
import type { Life } from './registered.ts';

const web = { service: 'web', key: '/services/web/1' };

function life(address: string, sentAt: number, more: Partial<Life> = {}): Life {
  return { ...web, address, sentAt, seenAt: sentAt + 1, era: 0, order: sentAt, ...more };
}

function publication(address: string, at: number, more: Partial<Publication> = {}): Publication {
  return { kind: 'Endpoints', service: 'web', address, at, revision: at, added: true, ...more };
}

function judge(observed: Partial<Observed>): Judgement {
  const nothing = { lives: [], publications: [], holds: [], troubles: [], since: 0, aftermathMs: 20_000 };
  return judgePublications('Endpoints', { ...nothing, ...observed });
}

const sound = {
  lives: [life('a', 100, { endedAt: 200 }), life('b', 200)],
  publications: [publication('a', 110), publication('b', 210), publication('a', 211, { added: false })],
};

describe('the judgement of a run', () => {
  it('finds nothing where all was published in order, and how long it took', () => {
    expect(judge(sound)).toEqual({
      wrongRemovals: [],
      inventions: [],
      repeats: [],
      outOfOrder: [],
      lost: [],
      latencies: [10, 10],
    });
  });

  it('finds the removal of what is registered', () => {
    const publications = [publication('a', 110), publication('a', 150, { added: false })];
    expect(judge({ lives: [life('a', 100, { endedAt: 200 })], publications }).wrongRemovals).toHaveLength(1);
  });

  it('finds what was published before it was registered, or never was', () => {
    const publications = [publication('a', 99), publication('x', 99)];
    expect(judge({ lives: [life('a', 100)], publications }).inventions).toHaveLength(2);
  });

  it('finds what was published twice, unless a hold or the other kind explains it', () => {
    const publications = [...sound.publications, publication('a', 300)];
    const { lives } = sound;
    expect(judge({ lives, publications }).repeats).toHaveLength(1);
    expect(judge({ lives, publications, holds: [{ service: 'web', from: 299 }] }).repeats).toEqual([]);
    const slice = publication('a', 110, { kind: 'EndpointSlice' });
    expect(judge({ lives, publications: [slice, ...publications] }).repeats).toEqual([]);
  });

  it('finds what was published out of order', () => {
    const publications = [publication('b', 210), publication('a', 211)];
    expect(judge({ ...sound, publications }).outOfOrder).toHaveLength(1);
    const atOnce = publications.map((one) => ({ ...one, revision: 210 }));
    expect(judge({ ...sound, publications: atOnce }).outOfOrder).toEqual([]);
    const holds = [{ service: 'web', from: 205 }];
    expect(judge({ ...sound, publications, holds }).outOfOrder).toEqual([]);
  });

  it('finds what was never published, though it lived for long while all was well', () => {
    const lives = [life('a', 100_000)];
    const troubles = [{ name: 'a trouble', from: 90_000, to: 95_000 }];
    expect(judge({ lives }).lost).toHaveLength(1);
    expect(judge({ lives, troubles }).lost).toEqual([]);
    expect(judge({ lives, since: 100_001 }).lost).toEqual([]);
  });
});

describe('the judgement of writes', () => {
  const write = (term: number, receivedAt: number, more: Partial<AuditedWrite> = {}): AuditedWrite => ({
    ...{ replica: 'a', verb: 'update', resource: 'endpoints', namespace: 'shop', name: 'web', code: 200 },
    ...{ term, receivedAt, answeredAt: receivedAt + 1, ...more },
  });

  it('finds those of an ended term that took effect', () => {
    expect(lateWrites([write(1, 10), write(2, 20), write(1, 30)])).toHaveLength(1);
    expect(lateWrites([write(1, 10), write(2, 20), write(1, 30, { code: 409 })])).toEqual([]);
  });

  it('finds those that changed nothing', () => {
    const writes = [write(1, 10), write(1, 20)];
    expect(idleWrites(writes, new Map([['endpoints web', 1]]))).toHaveLength(1);
    expect(idleWrites(writes, new Map([['endpoints web', 2]]))).toEqual([]);
  });
});
