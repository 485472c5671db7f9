import { readHostPort } from './host-port.ts';
import { ignored, itemAt } from './item.ts';
import { fieldsOf, readFields } from './json-value.ts';
import { flatMetadata } from './metadata.ts';
import { isFields } from './path.ts';
import { rejected } from './rejection.ts';
import type { Announcement, Entry, Format, Item, Unwritable, Written } from './types.ts';
import { hostPortText, lackOfPlace, portOf } from './writing.ts';

/** `Add` and `Delete` of etcd, client/v3/naming/endpoints/internal/update.go. What is stored was added. */
const add = 0;
const remove = 1;

/** What etcd's own package for gRPC naming writes. */
export const grpc: Format = {
  name: 'grpc',
  summary:
    'Endpoints of etcd’s own gRPC naming. Fields of `Metadata` become metadata; where it is a text, number or boolean, it is the metadata `metadata`.',
  key: '<target>/<id>',
  value: 'JSON with Op, Addr and Metadata',
  example: {
    source: { prefix: 'services/web' },
    registrations: {
      'services/web/10.0.0.5:8080': '{"Op":0,"Addr":"10.0.0.5:8080","Metadata":null}',
      'services/web/i-1': '{"Op":0,"Addr":"10.0.0.6:8080","Metadata":{"weight":10,"zone":"a"}}',
    },
  },
  traps: 'A target has a slash in front only where its servers write one; Metadata may be any JSON.',
  compile: () => (entry) => ({ format: 'grpc', items: [readEndpoint(entry)] }),
  recognises: (entry) => {
    const fields = fieldsOf(entry);
    return (
      isOperation(fields['Op']) && typeof fields['Addr'] === 'string' && Object.hasOwn(fields, 'Metadata')
    );
  },
  write: writeEndpoint,
};

function readEndpoint(entry: Entry): Item {
  const value = readFields(entry);
  if (value.kind === 'rejected') {
    return value;
  }
  const { Op = add, Addr = '', Metadata } = value.fields;
  if (!isOperation(Op)) {
    return rejected('InvalidSyntax', 'Op is neither 0 nor 1');
  }
  if (Op === remove) {
    return ignored('Op says that the endpoint was deleted');
  }
  if (typeof Addr !== 'string') {
    return rejected('InvalidSyntax', 'Addr is no text');
  }
  if (Addr === '') {
    return rejected('NoAddress', 'Addr is empty');
  }
  const metadata = flatMetadata(isFields(Metadata) ? Metadata : { metadata: Metadata });
  return itemAt(readHostPort(Addr), { metadata });
}

function writeEndpoint({ id, instance }: Announcement): Written | Unwritable {
  const { address, metadata } = instance;
  const Metadata = Object.keys(metadata).length === 0 ? null : metadata;
  return (
    lackOfPlace(instance, { ports: 'one', metadata: true }) ?? {
      below: id,
      value: JSON.stringify({ Op: add, Addr: hostPortText(address, portOf(instance)), Metadata }),
    }
  );
}

function isOperation(value: unknown): boolean {
  return value === add || value === remove;
}
