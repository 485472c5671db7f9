import type { KubeObject } from '../kube/types.ts';

/** Whether an object has come, gone or been replaced, or has another spec: not where its status alone has changed, which we write ourselves. */
export function isSpecChange(before: KubeObject | undefined, after: KubeObject | undefined): boolean {
  const [a, b] = [before?.metadata, after?.metadata];
  return (
    a?.uid !== b?.uid || a?.generation !== b?.generation || a?.deletionTimestamp !== b?.deletionTimestamp
  );
}
