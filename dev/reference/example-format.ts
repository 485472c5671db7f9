import { readHostAndPort } from '../../src/formats/host-and-port.ts';
import { ignored, itemAt } from '../../src/formats/item.ts';
import { flatMetadata } from '../../src/formats/metadata.ts';
import type { Announcement, Entry, Format, Item, Unwritable, Written } from '../../src/formats/types.ts';
import { lackOfPlace, portOf } from '../../src/formats/writing.ts';

/** Words with spaces in between: address, port and metadata. */
export const words: Format = {
  name: 'words',
  summary: 'Address, port and any number of `name=text`, with spaces in between.',
  key: '<prefix>/<anything>',
  value: '`address port name=text …`',
  example: {
    source: { prefix: '/words/web' },
    registrations: { '/words/web/vm-1': '10.0.0.5 8080 zone=a' },
  },
  traps: 'A text cannot hold a space.',
  compile: () => (entry) => ({ format: 'words', items: [readWords(entry)] }),
  recognises: ({ value }) => /^[0-9a-fA-F.:]+ [0-9]+( |$)/.test(value),
  write: writeWords,
};

function readWords({ value }: Entry): Item {
  const [address = '', port, ...others] = value.trim().split(/\s+/);
  if (address === '') {
    return ignored('an empty value');
  }
  const pairs = others.map((word) => [word.split('=', 1)[0] ?? '', word.slice(word.indexOf('=') + 1)]);
  return itemAt(readHostAndPort(address, port), { metadata: flatMetadata(Object.fromEntries(pairs)) });
}

function writeWords({ id, instance }: Announcement): Written | Unwritable {
  const { address, metadata } = instance;
  const pairs = Object.entries(metadata).map(([name, text]) => `${name}=${text}`);
  if (portOf(instance) === undefined || pairs.some((pair) => /\s/.test(pair))) {
    return { problem: 'it needs a port, and metadata without spaces' };
  }
  const problem = lackOfPlace(instance, { ports: 'one', metadata: true });
  return problem ?? { below: id, value: [address, portOf(instance), ...pairs].join(' ') };
}
