import type { Clock } from '../clock.ts';
import type { ExplainConfig } from '../config/explain-options.ts';
import { askController } from './client.ts';
import { explainKey } from './explain-key.ts';
import { chainLines, explanationText, linesText } from './text.ts';

/** What `explain` prints. Rejects where there is nothing to explain, or nobody who could. */
export async function explain(
  { subject, output, timeoutMs }: ExplainConfig,
  deps: { readonly clock: Clock },
): Promise<string> {
  if (subject.kind === 'key') {
    const chain = await explainKey(subject, timeoutMs, deps);
    return output === 'json' ? jsonText(chain) : linesText(chainLines(chain));
  }
  const explanation = await askController(subject, subject.controller, timeoutMs);
  return output === 'json' ? jsonText(explanation) : explanationText(explanation);
}

function jsonText(value: object): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
