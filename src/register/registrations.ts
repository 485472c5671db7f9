import { isIPv6 } from 'node:net';
import { optionsError } from '../config/read-options.ts';
import type { RegisterConfig } from '../config/register-options.ts';
import { keyOf, showKey } from '../etcd/key.ts';
import type { Key } from '../etcd/types.ts';
import { compileReader } from '../formats/read.ts';
import { type Facts, type Filled, fillIn, wantsAddress } from './template.ts';

/** What is to be kept in etcd. */
export interface WantedRegistration {
  readonly key: Key;
  readonly value: Buffer;
}

type Recipe = Pick<RegisterConfig, 'keys' | 'values' | 'format' | 'ports' | 'check'>;

/** Whether an address must be found. */
export function needsAddress({ keys, values, check }: Recipe): boolean {
  return values.length === 0 || [...keys, ...values, check?.target ?? ''].some(wantsAddress);
}

/** The keys and values with everything filled in. Throws `INVALID_OPTIONS` that names each option at fault. */
export function registrationsOf(recipe: Recipe, facts: Facts): readonly WantedRegistration[] {
  const keys = recipe.keys.map((template) => ({
    option: `--key ${template}`,
    filled: fillIn(template, facts),
  }));
  const values = recipe.keys.map((_, index) => valueText(recipe, facts, index));
  const problems = [...keys, ...values].flatMap(({ option, filled }) =>
    'problem' in filled ? [`${option}: ${filled.problem}`] : [],
  );
  const texts = keys.flatMap(({ filled }) => ('text' in filled ? [filled.text] : []));
  const twice = texts.find((key, index) => texts.indexOf(key) !== index);
  if (twice !== undefined) {
    problems.push(`--key is given twice for ${showKey(keyOf(twice))}`);
  }
  if (problems.length > 0) {
    throw optionsError([...new Set(problems)]);
  }
  return texts.map((key, index) => ({ key: keyOf(key), value: Buffer.from(textOf(values[index]?.filled)) }));
}

/** What the controller would say of registrations that it cannot publish; they may be meant for others. */
export function doubtsOf(registrations: readonly WantedRegistration[]): readonly string[] {
  return registrations.flatMap(({ key, value }) => {
    const source = { key: Buffer.from(key, 'latin1').toString(), separator: '/' };
    const read = compileReader({ ...source, format: 'auto' }, { maxValueBytes: Number.POSITIVE_INFINITY });
    return read({ key, value }).items.flatMap((item) =>
      item.kind === 'rejected'
        ? [`${showKey(key)} is nothing to publish: ${item.reason}, ${item.message}`]
        : [],
    );
  });
}

interface OptionText {
  /** The option as messages name it. A value is not shown: it may hold a secret. */
  readonly option: string;
  readonly filled: Filled;
}

function valueText(recipe: Recipe, facts: Facts, index: number): OptionText {
  const template = recipe.values[index];
  if (template === undefined) {
    return { option: '--value', filled: builtValue(recipe, facts) };
  }
  const option = recipe.values.length === 1 ? '--value' : `--value number ${index + 1}`;
  return { option, filled: recipe.format === 'json' ? filledJson(template, facts) : fillIn(template, facts) };
}

function filledJson(template: string, facts: Facts): Filled {
  const filled = fillIn(template, facts, (text) => JSON.stringify(text).slice(1, -1));
  return 'problem' in filled || isJson(filled.text)
    ? filled
    : { problem: 'it is no JSON, as --format json demands' };
}

/** `10.0.0.5:8080`, or an object that the format `json` reads by its common names; several ports are in `ports`, by name. */
function builtValue({ format }: Recipe, { address = '', ports }: Facts): Filled {
  const [only, ...others] = ports;
  if (format === 'json') {
    const port = only === undefined ? {} : { port: only.port };
    const named = { ports: Object.fromEntries(ports.map(({ name, port: number }) => [name, number])) };
    const isNamed = only !== undefined && only.name !== '';
    return { text: JSON.stringify({ address, ...(isNamed ? named : port) }) };
  }
  if (others.length > 0) {
    return { problem: 'a plain one holds one --port: use --format json, or say what it should be' };
  }
  if (only === undefined) {
    return { text: address };
  }
  return { text: `${isIPv6(address) ? `[${address}]` : address}:${only.port}` };
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function textOf(filled: Filled | undefined): string {
  return filled !== undefined && 'text' in filled ? filled.text : '';
}
