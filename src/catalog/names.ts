import { createHash } from 'node:crypto';

/** The longest DNS label. */
const longest = 63;
const hashLength = 8;

/**
 * The name that an EtcdService gets for a service's name in etcd: a DNS label that begins with a letter, since names of Services must
 * (before Kubernetes 1.37). Undefined where nothing of the name can stand in one.
 */
export function serviceNameFor(raw: string): string | undefined {
  const label = raw
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '');
  if (label === '') {
    return undefined;
  }
  const named = /^[0-9]/.test(label) ? `s-${label}` : label;
  return named.length <= longest ? named : shorten(named, raw);
}

/** Two long names that differ at their ends must not become one. */
function shorten(label: string, raw: string): string {
  const hash = createHash('sha256').update(raw).digest('hex').slice(0, hashLength);
  return `${label.slice(0, longest - hashLength - 1).replace(/-$/, '')}-${hash}`;
}

/** Compiles globs of names, in which `*` is any text and `?` one character. Matching is linear in both lengths multiplied. */
export function compileGlobs(globs: readonly string[]): (name: string) => boolean {
  const exact = new Set(globs.filter((glob) => !/[*?]/.test(glob)));
  const wild = globs.filter((glob) => /[*?]/.test(glob)).map((glob) => [...glob]);
  return (name) => exact.has(name) || wild.some((glob) => matches(glob, [...name]));
}

/** The well-known walk that goes back to the last `*` alone, so that no glob can take exponential time. */
function matches(glob: readonly string[], name: readonly string[]): boolean {
  let [g, n] = [0, 0];
  let star = -1;
  let resume = 0;
  while (n < name.length) {
    if (glob[g] === '*') {
      star = g;
      resume = n;
      g += 1;
    } else if (g < glob.length && (glob[g] === '?' || glob[g] === name[n])) {
      g += 1;
      n += 1;
    } else if (star >= 0) {
      resume += 1;
      [g, n] = [star + 1, resume];
    } else {
      return false;
    }
  }
  return glob.slice(g).every((rest) => rest === '*');
}
