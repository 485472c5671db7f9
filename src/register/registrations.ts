import { optionsError } from '../config/read-options.ts';
import type { RegisterConfig } from '../config/register-options.ts';
import { bufferOf, bytesOf } from '../etcd/bytes.ts';
import { keyOf, showKey } from '../etcd/key.ts';
import type { Bytes, Key } from '../etcd/types.ts';
import { formats } from '../formats/formats.ts';
import { compileReader } from '../formats/read.ts';
import type { Format, Instance } from '../formats/types.ts';
import { writeBelow } from '../formats/write.ts';
import { type Facts, type Filled, fillIn, wantsAddress } from './template.ts';

/** What is to be kept in etcd. */
export interface WantedRegistration {
  readonly key: Key;
  readonly value: Bytes;
}

type Recipe = Pick<
  RegisterConfig,
  'keys' | 'values' | 'prefix' | 'id' | 'format' | 'metadata' | 'ports' | 'check'
>;

/** Whether an address must be found. */
export function needsAddress({ keys, values, check }: Recipe): boolean {
  return values.length === 0 || [...keys, ...values, check?.target ?? ''].some(wantsAddress);
}

/** The keys and values with everything filled in. Throws `INVALID_OPTIONS` that names each option at fault. */
export function registrationsOf(recipe: Recipe, facts: Facts): readonly WantedRegistration[] {
  return recipe.prefix === undefined ? keyed(recipe, facts) : [below(recipe.prefix, recipe, facts)];
}

/** The instance below the prefix of its service, as the format has it. */
function below(template: string, recipe: Recipe, facts: Facts): WantedRegistration {
  const [prefix = '', id = ''] = filledIn([
    { option: '--prefix', filled: fillIn(template, facts) },
    { option: '--id', filled: fillIn(recipe.id, facts) },
  ]);
  const written = writeBelow(recipe.format, prefix, { id, instance: instanceOf(recipe, facts) });
  if ('problem' in written) {
    throw optionsError([`--format ${recipe.format}: ${written.problem}`]);
  }
  return { key: keyOf(written.key), value: bytesOf(written.value) };
}

/** Keys as they are given, with the values given for them, or with those that the format makes. */
function keyed(recipe: Recipe, facts: Facts): readonly WantedRegistration[] {
  const { keys, values } = recipe;
  const made = values.length === 0 ? madeValue(recipe, facts) : undefined;
  const texts = filledIn([
    ...keys.map((template) => ({ option: `--key ${template}`, filled: fillIn(template, facts) })),
    ...keys.map((_, index) => made ?? givenValue(recipe, facts, index)),
  ]);
  const names = texts.slice(0, keys.length);
  const twice = names.find((key, index) => names.indexOf(key) !== index);
  if (twice !== undefined) {
    throw optionsError([`--key is given twice for ${showKey(keyOf(twice))}`]);
  }
  return names.map((key, index) => ({
    key: keyOf(key),
    value: bytesOf(texts[keys.length + index] ?? ''),
  }));
}

/** What the controller would say of registrations that it cannot publish; they may be meant for others. */
export function doubtsOf(registrations: readonly WantedRegistration[]): readonly string[] {
  return registrations.flatMap(({ key, value }) => {
    const source = { key: bufferOf(key).toString(), separator: '/' };
    const read = compileReader({ ...source, format: 'auto' }, { maxValueBytes: Number.POSITIVE_INFINITY });
    return read({ key, value }).items.flatMap((item) =>
      item.kind === 'rejected'
        ? [`${showKey(key)} is nothing to publish: ${item.reason}, ${item.message}`]
        : [],
    );
  });
}

/** A text that is filled in, and the option that it comes from as messages name it. A value is not shown: it may hold a secret. */
interface OptionText {
  readonly option: string;
  readonly filled: Filled;
}

/** The texts; throws with all that is wrong with them. */
function filledIn(texts: readonly OptionText[]): readonly string[] {
  const problems = texts.flatMap(({ option, filled }) =>
    'problem' in filled ? [`${option}: ${filled.problem}`] : [],
  );
  if (problems.length > 0) {
    throw optionsError([...new Set(problems)]);
  }
  return texts.map(({ filled }) => ('text' in filled ? filled.text : ''));
}

function givenValue({ values, format }: Recipe, facts: Facts, index: number): OptionText {
  const template = values[index] ?? '';
  const option = values.length === 1 ? '--value' : `--value number ${index + 1}`;
  return { option, filled: format === 'json' ? filledJson(template, facts) : fillIn(template, facts) };
}

function filledJson(template: string, facts: Facts): Filled {
  const filled = fillIn(template, facts, (text) => JSON.stringify(text).slice(1, -1));
  return 'problem' in filled || isJson(filled.text)
    ? filled
    : { problem: 'it is no JSON, as --format json demands' };
}

/** The value alone, of a format whose key may be any. */
function madeValue(recipe: Recipe, facts: Facts): OptionText {
  const { write } = formats[recipe.format] as Format<unknown>;
  const written = write({ service: '', id: '', instance: instanceOf(recipe, facts) });
  return {
    option: `--format ${recipe.format}`,
    filled: 'problem' in written ? written : { text: written.value },
  };
}

function instanceOf({ metadata }: Recipe, facts: Facts): Instance {
  const { address = '', ports } = facts;
  const texts = filledIn(
    metadata.map(({ name, text }) => ({ option: `--metadata ${name}`, filled: fillIn(text, facts) })),
  );
  return {
    address,
    ports: Object.fromEntries(ports.map(({ name, port }) => [name, port])),
    ready: true,
    metadata: Object.fromEntries(metadata.map(({ name }, index) => [name, texts[index] ?? ''])),
  };
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
