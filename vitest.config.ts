import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    projects: [
      { test: { name: 'unit', include: ['src/**/*.test.ts', 'dev/**/*.test.ts'] } },
      {
        test: {
          name: 'servers',
          include: ['test/**/*.test.ts'],
          globalSetup: ['test/kit/global-setup.ts'],
          // These files wait more than they compute: measured on two cores, three at a time take less than half of the time of one by one.
          maxWorkers: 3,
          // Vitest wants projects that differ in their workers one after the other.
          sequence: { groupOrder: 1 },
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
    ],
  },
});
