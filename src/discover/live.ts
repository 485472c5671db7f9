import type { Clock } from '../clock.ts';
import type { RegistrationReader } from '../formats/read.ts';
import { fullPrefix, type Source } from '../formats/source.ts';
import type { LeaseBook } from './lease-book.ts';
import { type LiveContent, liveFrame } from './live-frame.ts';
import { Roster } from './roster.ts';
import { Screen, type ScreenOutput } from './screen.ts';
import { tableFrame, tableSummary } from './table-frame.ts';
import { printable } from './terminal-text.ts';
import { Throttle } from './throttle.ts';
import { treeOf } from './tree.ts';
import { treeFrame, treeSummary } from './tree-frame.ts';
import type { View } from './view.ts';

/** Ten pictures a second are as many as eyes follow. */
const frameEveryMs = 100;
/** Remaining times are whole seconds. */
const countdownEveryMs = 1_000;

export interface LiveDeps {
  readonly out: ScreenOutput;
  readonly colour: boolean;
  readonly read: RegistrationReader;
  readonly source: Source;
  readonly clock: Clock;
}

/** What is shown below the title, at a revision of the roster. */
type Picture = (
  roster: Roster,
  rows: number,
) => Pick<LiveContent, 'lines' | 'more'> & { readonly summary: string };

/** A table that updates itself in its place; remaining times of leases are counted down where their book is given. */
export function liveTable(deps: LiveDeps, leases: LeaseBook | undefined): View {
  const remainingSeconds =
    leases === undefined ? undefined : (lease: string) => leases.remainingSeconds(lease);
  const view = live(deps, ({ registrations }, rows) => {
    const [heading = [], ...lines] = tableFrame(registrations, {
      columns: deps.out.columns,
      rows,
      remainingSeconds,
    });
    const items = registrations.reduce((sum, { items: { length } }) => sum + length, 0);
    const shown = lines.length === 0 ? [] : [heading, ...lines];
    return { lines: shown, more: items - lines.length, summary: tableSummary(registrations) };
  });
  if (leases === undefined) {
    return view;
  }
  const countdown = new Throttle(deps.clock, countdownEveryMs, () => {
    view.redraw();
    countdown.request();
  });
  return {
    ...view,
    changed(changes) {
      leases.apply(changes);
      view.changed(changes);
    },
    synced(range) {
      view.synced(range);
      leases.start();
      countdown.request();
    },
    async close(signal) {
      countdown.close();
      await leases.close();
      await view.close(signal);
    },
  };
}

/** A tree that updates itself in its place. */
export function liveTree(deps: LiveDeps): View {
  return live(deps, ({ registrations }) => {
    const root = treeOf(registrations, deps.source);
    return { lines: registrations.length === 0 ? [] : treeFrame(root), more: 0, summary: treeSummary(root) };
  });
}

function live(deps: LiveDeps, picture: Picture): View & { redraw(): void } {
  const { out, colour, read, source, clock } = deps;
  const name = printable(source.key ?? fullPrefix(source));
  const roster = new Roster(read);
  let isSynced = false;
  let problem: string | undefined;
  const draw = (): void => {
    const { summary, ...content } = picture(roster, screen.rows);
    const state = isSynced ? `${summary} (revision ${roster.revision})` : 'waiting for etcd';
    const title = `${name}  ${state}`;
    const lines = isSynced ? content : { lines: [], more: 0 };
    screen.show(liveFrame({ title, trouble: problem, ...lines }, screen, colour));
  };
  const frames = new Throttle(clock, frameEveryMs, draw);
  const redraw = (): void => frames.request();
  const screen = new Screen(out, redraw);
  redraw();
  return {
    redraw,
    changed(changes) {
      roster.apply(changes);
      redraw();
    },
    synced() {
      isSynced = true;
      redraw();
    },
    trouble(text) {
      problem = text;
      redraw();
    },
    async close() {
      frames.close();
      draw();
      screen.close();
    },
  };
}
