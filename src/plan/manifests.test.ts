import { describe, expect, it } from 'vitest';
import { objectsOf } from './manifests.ts';

const read = (content: string) => objectsOf({ path: 'web.yaml', content });

describe('a file of objects', () => {
  it('may hold several documents, lists, JSON and nothing at all', () => {
    const list = {
      kind: 'List',
      items: ['b', 'c'].map((name) => ({ apiVersion: 'v1', kind: 'X', metadata: { name } })),
    };
    const content = `# a comment\n---\napiVersion: v1\nkind: X\nmetadata: { name: a }\n---\n---\n${JSON.stringify(list)}\n`;
    expect(read(content).map(({ metadata }) => metadata.name)).toEqual(['a', 'b', 'c']);
    expect(read('')).toEqual([]);
  });

  it.each([
    ['no YAML', 'a: 1\n---\nb: [\n', /^web\.yaml:\d+: /],
    [
      'no object',
      'a: 1\n---\nkind: X\nmetadata: { name: a }\n',
      /^web\.yaml:1: this is no object of Kubernetes: apiVersion/,
    ],
    ['one name twice', 'apiVersion: v1\napiVersion: v2\n', /^web\.yaml:2: /],
  ])('is refused with file and line where it is %s', (_, content, message) => {
    expect(() => read(content)).toThrow(message);
  });

  it('cannot grow by its aliases', () => {
    const lines = ['a: &a [x,x,x,x,x,x,x,x,x]'];
    for (const [from, to] of ['ab', 'bc', 'cd', 'de', 'ef', 'fg', 'gh']) {
      lines.push(`${to}: &${to} [${Array.from({ length: 9 }, () => `*${from}`).join(',')}]`);
    }
    expect(() => read(lines.join('\n'))).toThrow(/alias/i);
  });
});
