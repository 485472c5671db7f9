import { isDeepStrictEqual } from 'node:util';
import type { Cancel, Clock } from '../../clock.ts';
import { codeOf, messageOf } from '../../errors.ts';
import type { EtcdOptions } from '../options.ts';
import type { RenewableClient } from './renewable-client.ts';

/**
 * How often files are read again. They are small, and reading them is safer than watching them: Kubernetes exchanges the folder of a mounted
 * Secret by a symbolic link, which looks to a watcher of the file as if nothing had happened.
 */
const rereadMs = 5_000;

export interface FileOptions {
  /** By what the client goes now. */
  readonly first: EtcdOptions;
  /** Reads the files again. Throws where they cannot be read, or do not fit together. Undefined: there are none. */
  readonly reread: (() => EtcdOptions) | undefined;
}

export interface FilesDeps {
  readonly clock: Clock;
  /** Told each problem once, and `undefined` whenever what the files hold is in use. */
  readonly told: (problem: string | undefined) => void;
}

/**
 * Has a client go on by what files hold as soon as that changes and etcd has answered by it. Until then the client goes by what it has, also while
 * a file is missing or only half of a pair is new. Returns a function that ends this.
 */
export function renewFromFiles(
  client: Pick<RenewableClient, 'renew' | 'problem' | 'onRenewed'>,
  { first, reread }: FileOptions,
  { clock, told }: FilesDeps,
): Cancel {
  if (reread === undefined) {
    return () => undefined;
  }
  let tried = first;
  /** What was told last; messages of gRPC hold the time, so that codes tell problems apart. */
  let known: string | undefined;
  client.onRenewed(() => {
    known = undefined;
    told(undefined);
  });
  const look = (): unknown => {
    try {
      const options = reread();
      if (!isDeepStrictEqual(options, tried)) {
        tried = options;
        known = undefined;
        client.renew(options);
      }
      return client.problem;
    } catch (error) {
      return error;
    }
  };
  const lookAgain = (): void => {
    const problem = look();
    const code = problem && (codeOf(problem) ?? messageOf(problem));
    if (typeof code === 'string' && code !== known) {
      known = code;
      told(messageOf(problem));
    }
    cancel = clock.schedule(rereadMs, lookAgain);
  };
  let cancel = clock.schedule(rereadMs, lookAgain);
  return () => cancel();
}
