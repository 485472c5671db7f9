import fc from 'fast-check';
import type { Format, Instance } from '../../src/formats/types.ts';

/** A text that stands in the values of {@link anyRegistration} and may never come out of a reader in a message. */
export const secret = 'hunter2';

/** The key and value of a registration, and what any other key holds. */
export interface AnyRegistration {
  readonly key: string;
  readonly value: string;
  readonly other: string | undefined;
}

/** Registrations as registrars write them, broken in all ways, with a secret in them. */
export function anyRegistration(formats: readonly Format<unknown>[]): fc.Arbitrary<AnyRegistration> {
  const examples = formats.flatMap(({ example }) => Object.entries(example.registrations));
  const example = fc.constantFrom(...examples);
  const nearExample = example.chain(([key, value]) =>
    fc.record({ key: nearKey(key), value: nearValue(value) }),
  );
  const foreign = fc.record({ key: example.chain(([key]) => nearKey(key)), value: anyValue() });
  const other = fc.constantFrom(undefined, '', secret, 'pg-0', '10.0.0.5:80');
  return fc
    .tuple(fc.oneof(nearExample, foreign), other)
    .map(([entry, found]) => ({ ...entry, other: found }));
}

/** Instances that can be published, with ports and metadata of all kinds. */
export function anyInstance(): fc.Arbitrary<Instance> {
  const ports = fc.dictionary(
    fc.constantFrom('', 'http', 'grpc', 'tri', '__proto__'),
    fc.integer({ min: 1, max: 65_535 }),
    {
      maxKeys: 3,
    },
  );
  const name = fc.oneof(
    fc.constantFrom(
      'weight',
      'version',
      'zone',
      'priority',
      'group',
      '__proto__',
      'constructor',
      'state',
      'address',
    ),
    fc.string({ minLength: 1, maxLength: 20 }),
  );
  const text = fc.oneof(
    fc.nat(100).map(String),
    fc.string({ maxLength: 30 }),
    fc.constantFrom('a&b=c', '%', '{', 'é'),
  );
  return fc.record({
    address: fc.oneof(publicIPv4(), publicIPv6()),
    ports,
    ready: fc.boolean(),
    metadata: fc.oneof(fc.constant({}), fc.dictionary(name, text, { maxKeys: 5 })),
  });
}

function publicIPv4(): fc.Arbitrary<string> {
  return fc.tuple(fc.nat(255), fc.nat(255), fc.nat(255)).map((parts) => `10.${parts.join('.')}`);
}

function publicIPv6(): fc.Arbitrary<string> {
  return fc.integer({ min: 2, max: 0xffff }).map((word) => `2001:db8::${word.toString(16)}`);
}

function nearKey(key: string): fc.Arbitrary<string> {
  const parts = key.split('/');
  const strange = fc.constantFrom(
    '',
    '/',
    'arpa',
    'members',
    'providers',
    secret,
    '10.0.0.5:80',
    '%3A%2F%2F',
    '@',
    'tcp@x',
    ':::',
  );
  const place = fc.nat(parts.length - 1);
  const changed = fc
    .tuple(place, fc.oneof(strange, fc.string()))
    .map(([index, part]) => parts.with(index, part).join('/'));
  return fc.oneof(fc.constant(key), changed, fc.string());
}

function nearValue(value: string): fc.Arbitrary<string> {
  const cut = fc.nat(value.length).map((end) => `${value.slice(0, end)}${secret}`);
  if (!value.startsWith('{')) {
    return fc.oneof(fc.constant(value), cut, anyValue());
  }
  const changed = changedField(JSON.parse(value)).map((json) => JSON.stringify(json));
  return fc.oneof(fc.constant(value), changed, cut);
}

/** The value with one of its fields, at any depth, replaced by something else. */
function changedField(value: unknown): fc.Arbitrary<unknown> {
  const strange = fc.oneof(anyLeaf(), fc.jsonValue());
  if (typeof value !== 'object' || value === null || Object.keys(value).length === 0) {
    return strange;
  }
  const fields = Object.entries(value);
  return fc.nat(fields.length - 1).chain((index) => {
    const [name = '', field] = fields[index] ?? [];
    return fc.oneof(changedField(field), strange).map((changed) => {
      const all = fields.with(index, [name, changed]);
      return Array.isArray(value) ? all.map(([, item]) => item) : Object.fromEntries(all);
    });
  });
}

function anyLeaf(): fc.Arbitrary<unknown> {
  const host = fc.oneof(
    fc.ipV4(),
    fc.ipV6(),
    fc.domain(),
    fc.constantFrom('', secret, '[', '010.0.0.1', '::ffff:10.0.0.1'),
  );
  const port = fc.oneof(fc.integer(), fc.constantFrom('80x', secret, 0, 80, 65_536, '080'));
  const hostPort = fc.tuple(host, port).map(([h, p]) => `${h}:${p}`);
  const url = hostPort.map((text) => `grpc://${secret}@${text}/?weight=${secret}`);
  const polluting = fc.constant(
    JSON.parse('{"__proto__":{"polluted":"yes"},"constructor":{"prototype":{"polluted":"yes"}}}'),
  );
  const noText = fc.constant({ toString: 1, valueOf: 1 });
  return fc.oneof(host, port, hostPort, url, polluting, noText, fc.constantFrom(null, true, [], {}));
}

function anyValue(): fc.Arbitrary<string> {
  const name = fc.constantFrom(
    'addr',
    'Address',
    'host',
    'ip',
    'port',
    'nodes',
    'endpoints',
    'metadata',
    'password',
    '__proto__',
  );
  const object = fc.dictionary(fc.oneof(name, fc.string()), anyLeaf());
  const json = fc.oneof(object, fc.array(object), fc.jsonValue()).map((value) => JSON.stringify(value));
  const cut = json.chain((text) => fc.nat(text.length).map((end) => `${text.slice(0, end)}${secret}`));
  const text = anyLeaf().filter((leaf) => typeof leaf === 'string');
  return fc.oneof(
    json,
    cut,
    text,
    fc.string(),
    fc.constantFrom('', 'rpcx_path', 'init_dir', 'a=b&state=inactive'),
  );
}
