import { placeholderName } from '../formats/layout.ts';

/** What a key says under a pattern: the service that it belongs to, and where that service's registrations stand. */
export interface PatternMatch {
  /** The service's name as the key has it. */
  readonly service: string;
  /** Every placeholder but `{instance}`, with the key's text; `service` is among them. */
  readonly values: Readonly<Record<string, string>>;
  /** The text of the key before `{instance}`, with the separator; the whole key where the pattern has no `{instance}`. */
  readonly source: string;
}

export interface CompiledPattern {
  /** The literal text that every key of the pattern begins with. */
  readonly literal: string;
  /** Whether the keys below a service are its instances; else the one key is the registration. */
  readonly hasInstances: boolean;
  /** Undefined where the key does not have the pattern. Linear in the length of the key. */
  match(key: string): PatternMatch | undefined;
}

/** What is wrong with a pattern, for people. */
export interface PatternProblem {
  readonly problem: string;
}

const instance = 'instance';

interface Part {
  readonly text: string;
  readonly name: string | undefined;
}

/**
 * Compiles a pattern such as `/services/{env}/{service}/{instance}` once for many keys. Its parts are what stands between separators: a
 * text, or a placeholder for a whole part that is not empty. `{instance}` may only be the last, and stands for all that remains of a key.
 */
export function compilePattern(pattern: string, separator: string): CompiledPattern | PatternProblem {
  const parts = pattern.split(separator).map((text) => ({ text, name: placeholderName(text) }));
  const problem = problemOf(parts);
  if (problem !== undefined) {
    return { problem };
  }
  const hasInstances = parts.at(-1)?.name === instance;
  const fixed = hasInstances ? parts.slice(0, -1) : parts;
  return {
    literal: literalOf(parts, separator),
    hasInstances,
    match: (key) => matchKey(key, fixed, { separator, hasInstances }),
  };
}

function problemOf(parts: readonly Part[]): string | undefined {
  const names = parts.flatMap(({ name }) => name ?? []);
  const broken = parts.find(({ text, name }) => name === undefined && /[{}]/.test(text));
  if (broken !== undefined) {
    return `${broken.text} must be a {name} alone between separators, or a text without braces`;
  }
  if (!names.includes('service')) {
    return 'needs the part {service}';
  }
  if (new Set(names).size < names.length) {
    return 'may have each {name} once';
  }
  return names.includes(instance) && parts.at(-1)?.name !== instance ? '{instance} must be last' : undefined;
}

function literalOf(parts: readonly Part[], separator: string): string {
  const first = parts.findIndex(({ name }) => name !== undefined);
  return parts
    .slice(0, first)
    .map(({ text }) => `${text}${separator}`)
    .join('');
}

function matchKey(
  key: string,
  fixed: readonly Part[],
  { separator, hasInstances }: { readonly separator: string; readonly hasInstances: boolean },
): PatternMatch | undefined {
  const texts = key.split(separator, fixed.length + 1);
  const own = texts.slice(0, fixed.length);
  const source = hasInstances ? `${own.join(separator)}${separator}` : key;
  const hasAllParts = texts.length === fixed.length + (hasInstances ? 1 : 0);
  // The key of the directory itself announces nothing.
  const isDirectory = hasInstances && source === key;
  if (!hasAllParts || isDirectory || !fixed.every((part, index) => admits(part, own[index] ?? ''))) {
    return undefined;
  }
  const values = Object.fromEntries(
    fixed.flatMap(({ name }, index) => (name === undefined ? [] : [[name, own[index] ?? '']])),
  );
  return { service: values['service'] ?? '', values, source };
}

function admits({ text, name }: Part, found: string): boolean {
  return name === undefined ? found === text : found !== '';
}
