import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['src/**/*.test.ts', 'dev/**/*.test.ts'],
          // Only for what hangs: some start a process or run some thousand cases, which takes seconds on a busy machine.
          testTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'servers',
          include: ['test/**/*.test.ts'],
          globalSetup: ['test/kit/global-setup.ts'],
          // These files wait more than they compute: measured on two cores, three at a time take less than half of the time of one by one.
          maxWorkers: 3,
          // Where a busy machine upsets a test, a change need not wait for it; the closing summary names every test that needed this.
          retry: 1,
          // Vitest wants projects that differ in their workers one after the other.
          sequence: { groupOrder: 1 },
          // Only for what hangs: whatever tests wait for has deadlines of its own.
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
});
