import { loopbackAddress } from './values.ts';

/** Where a controller can be asked to explain: one option of the one who is asked and of the one who asks. */
export const explainAddress = {
  value: loopbackAddress,
  default: '127.0.0.1:8081',
  placeholder: 'ADDRESS',
} as const;
