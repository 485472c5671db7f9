import { aborted } from '../abort.ts';
import type { Clock } from '../clock.ts';
import { optionsError } from '../config/read-options.ts';
import type { CheckConfig, RegisterConfig } from '../config/register-options.ts';
import { fileNews } from '../etcd/client/file-news.ts';
import { renewFromFiles } from '../etcd/client/renew-from-files.ts';
import { RenewableClient } from '../etcd/client/renewable-client.ts';
import type { Log } from '../etcd/log.ts';
import { loggable } from '../telemetry/loggable.ts';
import { findAddress } from './address.ts';
import type { SignalSource } from './command-signals.ts';
import { Keeper, type Voice } from './keeper.ts';
import { registerOnce } from './once.ts';
import { probeOf } from './probe.ts';
import { doubtsOf, needsAddress, registrationsOf } from './registrations.ts';
import { supervise } from './supervise.ts';
import { type Facts, fillIn } from './template.ts';
import { type Check, tend } from './tend.ts';

/** A lease lasts seconds: a member that is silent is not waited for as long as a list may take. */
const hasty = { callTimeoutMs: 2000, connectTimeoutMs: 2000 };

/** What `register` is handed of its process. */
export interface RegisterDeps {
  readonly clock: Clock;
  readonly pid: number;
  readonly signals: SignalSource;
  readonly voice: Voice;
  /** Makes the signal that says when to stop; not asked for where a command or a single try says so itself. */
  readonly stop: () => AbortSignal;
}

/** Keeps registered what the configuration says, until it is told to stop. Resolves with the status to exit with. */
export async function register(config: RegisterConfig, deps: RegisterDeps): Promise<number> {
  const { clock, voice } = deps;
  const facts = await factsOf(config, deps.pid);
  const wanted = registrationsOf(config, facts);
  const check = config.check && checkOf(config.check, facts);
  // Below a prefix, a format has made sure that it can read what it has written.
  for (const doubt of config.prefix === undefined ? doubtsOf(wanted) : []) {
    voice.warn(`the registration ${doubt}`);
  }
  const log = defectsOnly(voice);
  const first = { ...config.etcd, ...hasty };
  const client = RenewableClient.of(first, { clock, log });
  const { rereadEtcd } = config;
  const reread = rereadEtcd && (() => ({ ...rereadEtcd(), ...hasty }));
  const endRenewing = renewFromFiles(
    client,
    { first, reread },
    { clock, told: (problem) => voice.warn(fileNews(problem)) },
  );
  const { ttlSeconds, takeover } = config;
  const options = { ttlSeconds, takeover, user: config.etcd.user?.name };
  const keeper = new Keeper(wanted, options, { clock, log, client, voice });
  const tendUntil = (signal: AbortSignal): Promise<void> => tend(keeper, check, { clock, voice }, signal);
  try {
    if (config.command.length > 0) {
      return await supervise(config, { clock, voice, signals: deps.signals, keeper, tend: tendUntil });
    }
    if (config.once) {
      await registerOnce(keeper, check, config.timeoutMs, { clock, voice });
    } else {
      await keep(keeper, tendUntil, deps.stop());
    }
    return 0;
  } finally {
    endRenewing();
    await client.close();
  }
}

/** Keeps the registrations until `signal` aborts. Rejects where they are refused for good. */
async function keep(
  keeper: Keeper,
  tendUntil: (signal: AbortSignal) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  const over = new AbortController();
  const tending = tendUntil(over.signal);
  try {
    await Promise.race([aborted(signal), keeper.refused]);
  } finally {
    over.abort();
    await keeper.close();
    await tending;
  }
}

async function factsOf(config: RegisterConfig, pid: number): Promise<Facts> {
  const { hostname, env, ports, address, etcd } = config;
  const found = needsAddress(config)
    ? await findAddress({ address, interface: config.interface, etcd: etcd.hosts })
    : undefined;
  return { hostname, env, ports, pid, address: found };
}

function checkOf({ target, ...options }: CheckConfig, facts: Facts): Check {
  const filled = fillIn(target, facts);
  if ('problem' in filled) {
    throw optionsError([`--check ${JSON.stringify(target)}: ${filled.problem}`]);
  }
  return { ...options, probe: probeOf(filled.text) };
}

/** What becomes of registrations is said in sentences; of the log, errors alone are left, which are defects. */
function defectsOnly(voice: Voice): Log {
  return {
    debug() {},
    info() {},
    warn() {},
    error: (fields, message) => voice.warn(`${message}: ${JSON.stringify(loggable(fields))}`),
  };
}
