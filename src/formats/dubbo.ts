import { ignored, itemAt } from './item.ts';
import { flatMetadata } from './metadata.ts';
import { rejected } from './rejection.ts';
import type { Announcement, Entry, Format, Item, Unwritable, Written } from './types.ts';
import { isScheme, paramsOf, readUrl } from './url.ts';
import { hostPortText, lackOfPlace, portOf } from './writing.ts';

/** The directory of an interface that holds its providers. */
const providers = 'providers';
const directories: ReadonlySet<string> = new Set([providers, 'consumers', 'configurators', 'routers']);

/** What Dubbo and dubbo-go write for each interface: the provider's URL, encoded, as the last part of the key. */
export const dubbo: Format = {
  name: 'dubbo',
  summary:
    'Providers of a Dubbo interface, Java and Go. The URL’s scheme is the name of the port, its parameters are metadata; `enabled=false` and `disabled=true` are not ready.',
  key: '/dubbo/<interface>/providers/<encoded URL>',
  value: 'empty (Go) or a lease id (Java)',
  example: {
    source: { prefix: '/dubbo/com.acme.UserService' },
    registrations: {
      '/dubbo/com.acme.UserService/providers/dubbo%3A%2F%2F10.0.0.5%3A20880%2Fcom.acme.UserService%3Fapplication%3Duser%26methods%3DGetUser%26weight%3D100':
        '',
    },
  },
  traps:
    'Consumers, configurators and routers stand beside the providers, directories are keys of their own: all ignored. `$` in an interface is `%24` in the key. An instance that serves several versions or groups has a key for each.',
  compile: () => (entry) => ({ format: 'dubbo', items: [readProvider(entry)] }),
  recognises: ({ key }) => {
    const { last } = lastTwo(key);
    return /^[a-z]+%3a%2f%2f/i.test(last) || (key.startsWith('/dubbo/') && directories.has(last));
  },
  write: writeProvider,
};

function readProvider({ key }: Entry): Item {
  const { directory, last } = lastTwo(key);
  if (directory !== providers) {
    return ignored('a key that is not in the directory of the providers');
  }
  if (last === '') {
    return ignored('the directory of the providers');
  }
  const url = decoded(last);
  const read = url === undefined ? undefined : readUrl(url);
  if (read === undefined) {
    return rejected('InvalidKey', 'the last part of the key is no encoded URL');
  }
  if (read.kind === 'rejected') {
    return read;
  }
  const params = paramsOf(read.query);
  return itemAt(read.host, {
    portName: read.scheme,
    ready: params['enabled'] !== 'false' && params['disabled'] !== 'true',
    metadata: flatMetadata(params),
  });
}

function lastTwo(key: string): { readonly directory: string; readonly last: string } {
  const end = key.lastIndexOf('/');
  const directory = key.slice(0, Math.max(end, 0));
  return { directory: directory.slice(directory.lastIndexOf('/') + 1), last: key.slice(end + 1) };
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    // The cause is left out: it says no more.
    return undefined;
  }
}

function writeProvider({ service, instance }: Announcement): Written | Unwritable {
  const { address, ports, ready, metadata } = instance;
  const [name = ''] = Object.keys(ports);
  const interfaceName = decoded(service) ?? service;
  if (name !== '' && !isScheme(name)) {
    return { problem: 'the name of the port is the scheme of its URL, such as tri' };
  }
  if (Object.hasOwn(metadata, 'enabled') || Object.hasOwn(metadata, 'disabled')) {
    return { problem: 'the metadata enabled and disabled are Dubbo’s own' };
  }
  const params = { interface: interfaceName, ...metadata, ...(ready ? {} : { enabled: 'false' }) };
  const host = hostPortText(address, portOf(instance));
  const url = `${name === '' ? 'dubbo' : name}://${host}/${interfaceName}?${new URLSearchParams(params)}`;
  return (
    lackOfPlace(instance, { ports: 'one', metadata: true, notReady: true }) ?? {
      below: `${providers}/${encodeURIComponent(url)}`,
      value: '',
    }
  );
}
