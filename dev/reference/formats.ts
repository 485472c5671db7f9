import { readFileSync } from 'node:fs';
import { instanceText } from '../../src/discover/item-text.ts';
import { bytesOf } from '../../src/etcd/bytes.ts';
import { keyOf } from '../../src/etcd/key.ts';
import type { Bytes, Key } from '../../src/etcd/types.ts';
import { type FormatName, formats } from '../../src/formats/formats.ts';
import { compileReader } from '../../src/formats/read.ts';
import type { Format, Item } from '../../src/formats/types.ts';
import { page, table } from './markdown.ts';

const { auto: _, ...named } = formats as Readonly<Record<FormatName, Format<unknown>>>;
const all = Object.values(named);

export function formatsPage(): string {
  return page(
    'Formats',
    'A format says how registrations are read into instances. An EtcdService names it in `spec.format`; by default that is `auto`, which finds it out for each registration. Options of a format stand in a block of its name; [all fields](reference/etcdservice.md) and [why registrations are rejected](reference/rejections.md) have pages of their own.',
    table(
      ['Format', 'Key', 'Value', 'What it reads'],
      all.map(({ name, key, value, summary }) => [`[\`${name}\`](#${name})`, `\`${key}\``, value, summary]),
    ),
    howAutoDecides,
    howFormatsAreWritten(),
    '## Examples and traps',
    ...all.map(section),
    howToAddOne(),
  );
}

const howAutoDecides = `## How \`auto\` decides

For each registration by itself:

1. Each format looks whether the value, or the key, has what its framework always writes and others do not. All that find it so read the registration.
2. What begins like a JSON object, list or text is also read as \`json\` by the common names of fields, everything else as \`plain\`.
3. Where all readings with an instance name the same addresses, and no two of them other ports, the first format counts, in the order of the table above; one that
   knows more ports of an address does not contradict one that knows fewer. A format that says that the key is no instance, or that it cannot be
   published, comes before \`json\` and \`plain\`.
4. Where two readings name different addresses or ports, the registration is rejected as \`AmbiguousFormat\`, and both formats are named: name the right one in
   \`spec.format\`. What was published for the key stays, as with any value that cannot be read.

The address in the last part of a key counts only where no format has recognised the registration. \`status.formats\` says which formats instances were read by.
${names((format) => format.recognises === undefined)} are never recognised: they have nothing of their own, or need to be told something that no registration says.

JSON is parsed once, however many formats look at it, and only where the first character may begin it.`;

function howFormatsAreWritten(): string {
  const refusals = all.flatMap(({ name, write }) => {
    const instance = { address: '10.0.0.5', ports: { http: 8080 }, ready: true, metadata: {} };
    const written = write({ service: 'web', id: 'vm-1', instance });
    return 'problem' in written ? [`- \`${name}\`: ${written.problem}.`] : [];
  });
  return `## Writing them

[\`etcd-endpoints register\`](register.md) writes every format that a registrar can write: \`--prefix\` is what an EtcdService has as its prefix, and \`--format\` makes
key and value below it. What a format has no place for, such as a second port or metadata, is refused and never left out. It writes none of these:

${refusals.join('\n')}`;
}

function section({ name, example, traps }: Format<unknown>): string {
  const { source, registrations } = example;
  const [[field, text] = ['', '']] = Object.entries(source);
  const lines = Object.entries(registrations).map(
    ([key, value]) => `${key}   ${value === '' ? '(empty)' : value}`,
  );
  const read = compileReader(
    { separator: '/', ...source, format: name as FormatName },
    { maxValueBytes: Number.POSITIVE_INFINITY },
  );
  const items = Object.entries(registrations).flatMap(
    ([key, value]) =>
      read({ key: keyOf(key), value: bytesOf(value) }, (other) => valueAt(registrations, other)).items,
  );
  return `### ${name}

\`\`\`
${lines.join('\n')}
\`\`\`

With \`${field}: ${text}\` this is ${items.map(itemText).join('; ')}.

${traps}`;
}

function valueAt(registrations: Readonly<Record<string, string>>, key: Key): Bytes | undefined {
  const found = Object.entries(registrations).find(([text]) => keyOf(text) === key);
  return found === undefined ? undefined : bytesOf(found[1]);
}

function itemText(item: Item): string {
  if (item.kind !== 'instance') {
    return `${item.kind} (${item.message})`;
  }
  const { ready, metadata } = item.instance;
  const said = Object.entries(metadata).map(([name, text]) => `\`${name}=${text}\``);
  return [`\`${instanceText(item.instance)}\``, ...(ready ? [] : ['not ready']), ...said].join(', ');
}

function howToAddOne(): string {
  return `## A new format

A format is a file in \`src/formats\` and a line in \`src/formats/formats.ts\`. It is a pure function of an entry, which is a key with its value, to items: instances,
keys that are meant to be no instance (\`ignored\`), and rejections with a reason. It never throws, takes time in proportion to the length of what it reads, judges
every address by \`address.ts\` (as \`readHostPort\` and its relatives do), and repeats nothing of a value in a message.

\`src/formats/words.ts\`:

\`\`\`ts
${sourceOf('example-format.ts')}
\`\`\`

The line stands among \`named\` in \`formats.ts\`. The order there is the order in which \`auto\` prefers formats that read the same. With \`npm run generate\` the
custom resource, the options of commands and this page know it, and every test in \`all.test.ts\`, \`auto.test.ts\` and \`linear.test.ts\` is run with it, too: that it
reads its example, that \`auto\` tells it, that nothing makes it throw or slow, and that it reads what it writes. What is special about it has a test beside it,
\`src/formats/words.test.ts\`:

\`\`\`ts
${sourceOf('example-format.test.ts')}
\`\`\`

Where one key decides about others, as Patroni's leader key does, a reader looks it up by its second argument: \`(entry, look) => … look('/service/batman/leader')\`. Whoever
has looked a key up is read again when that key changes, and nothing else is.

Options of a format are a schema of zod in \`options\`; they stand in the custom resource as a block of the format's name, which is refused with any other format.`;
}

/** A source file of this folder as it would stand in src/formats. */
function sourceOf(file: string): string {
  const text = readFileSync(new URL(file, import.meta.url), 'utf8');
  return text
    .replaceAll('../../src/formats/', './')
    .replaceAll('./example-format.ts', './words.ts')
    .replace('the format that the documentation shows', 'words')
    .trim();
}

function names(isMeant: (format: Format<unknown>) => boolean): string {
  const texts = all.filter(isMeant).map(({ name }) => `\`${name}\``);
  return `${texts.slice(0, -1).join(', ')} and ${texts.at(-1)}`;
}
