/**
 * Preloaded into a process by `--import`: a wall clock that an operator sets. SIGUSR2 sets it forwards by an hour, then back by two, and so on. The clock that never
 * steps stays as it is, as it does on a real machine.
 */
const realNow = Date.now;
const RealDate = Date;
const hour = 3_600_000;
let offset = 0;

globalThis.Date = class extends RealDate {
  constructor(...args) {
    if (args.length === 0) {
      super(realNow() + offset);
    } else {
      super(...args);
    }
  }

  static now() {
    return realNow() + offset;
  }
};

process.on('SIGUSR2', () => {
  offset = offset > 0 ? -hour : hour;
});
