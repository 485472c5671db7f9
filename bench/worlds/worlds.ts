import type { World } from '../world.ts';
import { formats } from './formats.ts';
import { handOver } from './hand-over.ts';
import { kinds } from './kinds.ts';
import { kubernetes } from './kubernetes.ts';
import { large } from './large.ts';
import { loaded } from './loaded.ts';
import { storm } from './storm.ts';

/** In the order in which they are measured. */
export const worlds: readonly World[] = [loaded, kubernetes, kinds, storm, large, handOver, formats];
