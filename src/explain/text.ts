import { printable } from '../discover/terminal-text.ts';
import { leaseText } from '../etcd/lease/lease-id.ts';
import type {
  Explanation,
  ItemChain,
  KeyChain,
  LeaseState,
  PublishedEndpoint,
  RemovalText,
} from './types.ts';

/** Width of the names in front of facts. */
const nameWidth = 10;

/** An explanation for people. */
export function explanationText(explanation: Explanation): string {
  const { etcdService, replica, service, revision, conditions, keys, kept, removals } = explanation;
  return linesText([
    `EtcdService ${etcdService}, as replica ${replica} sees it`,
    ...aligned([
      ['service', service ?? 'not known yet'],
      ['registry', revision === undefined ? 'not listed yet' : `revision ${revision}`],
      ...conditions.map(
        ({ type, status, reason, message }) => [type, `${status} (${reason}): ${message}`] as const,
      ),
      ['write', writeText(explanation)],
    ]),
    ...keys.flatMap((chain) => ['', ...chainLines(chain)]),
    ...(explanation.omittedKeys > 0 ? ['', `… and ${explanation.omittedKeys} keys more`] : []),
    ...section('Published without a key', kept.map(endpointText)),
    ...section('Removed last', removals.map(removalText)),
  ]);
}

/** Lines of text, of which nothing acts on a terminal. */
export function linesText(lines: readonly string[]): string {
  return lines.map((line) => `${printable(line)}\n`).join('');
}

/** One registration for people. */
export function chainLines({
  key,
  revision,
  createRevision,
  lease,
  format,
  items,
  standIns,
}: KeyChain): string[] {
  const created = createRevision === revision ? '' : `, created at ${createRevision}`;
  return [
    key,
    fact('revision', `${revision}${created}`),
    fact('lease', lease === undefined ? 'none: the key stays until somebody deletes it' : stateOf(lease)),
    fact('format', format ?? 'none could read it'),
    ...items.flatMap(itemLines),
    ...standIns.map((endpoint) => fact('stand-in', endpointText(endpoint))),
  ];
}

function itemLines({ reason, message, instance, filteredBy, endpoint }: ItemChain): readonly string[] {
  const lines: string[] = [];
  if (instance !== undefined) {
    const ports = Object.entries(instance.ports).map(([name, port]) =>
      name === '' ? `${port}` : `${name}=${port}`,
    );
    lines.push(
      fact('instance', [instance.address, ...ports, instance.ready ? 'ready' : 'not ready'].join(' ')),
    );
  }
  if (filteredBy !== undefined) {
    lines.push(fact('filter', `does not pass ${filteredBy}`));
  }
  if (endpoint !== undefined) {
    lines.push(fact('published', endpointText(endpoint)));
  }
  lines.push(fact('result', message === undefined ? reason : `${reason}: ${message}`));
  return lines;
}

function endpointText({ address, ports, ready, in: holders, kept }: PublishedEndpoint): string {
  const place = placeText(address, ports);
  const where =
    holders.length === 0 ? 'not written yet' : holders.map(({ kind, name }) => `${kind} ${name}`).join(', ');
  const state = ready ? '' : ', not ready';
  const hold = kept?.hold === undefined ? '' : ` ${kept.hold}`;
  const until = kept?.until === undefined ? '' : ` until ${kept.until}`;
  return `${place} in ${where}${state}${kept === undefined ? '' : `, ${kept.reason}${hold}${until}`}`;
}

const causes: Readonly<Record<RemovalText['reason'], string>> = {
  Deleted: 'key deleted',
  LeaseGone: 'lease gone',
  KeyGone: 'key gone',
  Changed: 'key changed',
  Filtered: 'filtered',
  Unreadable: 'unreadable',
  HoldExpired: 'hold over',
  HoldReleased: 'hold released',
  HoldEnded: 'hold ended',
  Unexplained: 'before this replica followed etcd',
};

function removalText({
  address,
  ports,
  reason,
  key,
  revision,
  lease,
  leftAt,
  removedAt,
  hold,
}: RemovalText): string {
  const facts = [
    `${placeText(address, ports)} left at ${leftAt ?? removedAt ?? 'an unknown time'}`,
    revision === undefined ? '' : `revision ${revision}`,
    `${causes[reason]} (${reason})`,
    key === undefined ? '' : `key ${key}`,
    lease === undefined || lease === '0' ? '' : `lease ${leaseText(lease)}`,
    hold === undefined ? '' : `hold ${hold}`,
    removedAt === undefined
      ? 'not taken out of Kubernetes by this replica'
      : `out of Kubernetes at ${removedAt}`,
  ];
  return facts.filter((text) => text !== '').join(', ');
}

function stateOf({ id, state, remainingSeconds, grantedSeconds }: LeaseState): string {
  switch (state) {
    case 'Alive':
      return `${leaseText(id)}, ${remainingSeconds} of ${grantedSeconds} s remain`;
    case 'Gone':
      return `${leaseText(id)}, which etcd does not know any more`;
    case 'Unknown':
      return `${leaseText(id)}; etcd did not tell its time`;
  }
}

function writeText({ lastWrite }: Explanation): string {
  return lastWrite === undefined
    ? 'nothing since this replica started: Kubernetes held it already'
    : `at ${lastWrite.at}, of revision ${lastWrite.revision}`;
}

function placeText(address: string, ports: readonly number[]): string {
  const host = address.includes(':') ? `[${address}]` : address;
  return ports.length === 0 ? address : `${host}:${ports.join(',')}`;
}

function section(title: string, lines: readonly string[]): readonly string[] {
  return lines.length === 0 ? [] : ['', title, ...lines.map((line) => `  ${line}`)];
}

function fact(name: string, text: string, width = nameWidth): string {
  return `  ${name.padEnd(width)} ${text}`;
}

function aligned(facts: readonly (readonly [name: string, text: string])[]): readonly string[] {
  const width = Math.max(nameWidth, ...facts.map(([name]) => name.length));
  return facts.map(([name, text]) => fact(name, text, width));
}
