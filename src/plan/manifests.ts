import { LineCounter, parseAllDocuments } from 'yaml';
import { z } from 'zod';
import type { ManifestFile } from '../config/plan-options.ts';
import { TerminalError } from '../errors.ts';
import type { KubeObject } from '../kube/types.ts';

/** What every object of Kubernetes has; all else is read by whoever knows its kind. */
const objectSchema = z.looseObject({
  apiVersion: z.string(),
  kind: z.string(),
  metadata: z.looseObject({ name: z.string(), namespace: z.string().optional() }),
});

const listSchema = z.looseObject({ kind: z.string().endsWith('List'), items: z.array(z.unknown()) });

/** The objects of a file, in their order: of each document one, or those of a list. Throws a TerminalError that names file and line. */
export function objectsOf({ path, content }: ManifestFile): readonly KubeObject[] {
  const lines = new LineCounter();
  const documents = parseAllDocuments(content, { lineCounter: lines });
  return [...documents].flatMap((document) => {
    const [error] = document.errors;
    if (error !== undefined) {
      throw wrong(path, error.linePos?.[0].line, error.message.split('\n')[0] ?? 'is no YAML');
    }
    // Bounds what a few lines of aliases can become.
    const value: unknown = document.toJS({ maxAliasCount: 100 });
    const line = lines.linePos(document.contents?.range?.[0] ?? 0).line;
    return value === null || value === undefined
      ? []
      : itemsOf(value).map((item) => objectOf(item, path, line));
  });
}

function itemsOf(value: unknown): readonly unknown[] {
  const list = listSchema.safeParse(value);
  return list.success ? list.data.items : [value];
}

function objectOf(value: unknown, path: string, line: number): KubeObject {
  const parsed = objectSchema.safeParse(value);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const field = issue?.path.join('.') || 'it';
    throw wrong(path, line, `this is no object of Kubernetes: ${field}: ${issue?.message}`);
  }
  return parsed.data as KubeObject;
}

function wrong(path: string, line: number | undefined, message: string): TerminalError {
  const file = path === '-' ? 'standard input' : path;
  return new TerminalError('INVALID_MANIFEST', `${file}${line === undefined ? '' : `:${line}`}: ${message}`, {
    subject: file,
  });
}
