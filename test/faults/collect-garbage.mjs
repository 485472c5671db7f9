/** Preloaded into a process by `--import`: what its heap holds is what it needs, since the rest is collected every few seconds. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc');
setInterval(() => collect(), 4_000).unref();
