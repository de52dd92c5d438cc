import process from 'node:process'
import { defineConfig } from '@playwright/test'

// Runs against a demo server that is up already: BASE_URL (or TESSERA_URL) is its address, DEMO_JSON (or
// TESSERA_DEMO_JSON) the file with the seeded administrator and the simulators' addresses.
export default defineConfig({
  testDir: 'e2e',
  outputDir: 'test-results',
  // One server, one administrator and its rate limits are shared: tests take turns.
  workers: 1,
  fullyParallel: false,
  forbidOnly: true,
  retries: 0,
  // Generous: a browser on a busy two-core machine is slow, and waiting costs nothing when it is not.
  timeout: 180_000,
  expect: { timeout: 30_000 },
  reporter: [
    ['list'],
    ['./e2e/summary-reporter.ts'],
  ],
  use: {
    baseURL: process.env.BASE_URL ?? process.env.TESSERA_URL,
    locale: 'en-GB',
    viewport: { width: 1280, height: 860 },
    screenshot: 'only-on-failure',
    launchOptions: {
      executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
      args: [
        '--no-sandbox',
        '--disable-gpu',
        '--disable-quic',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
      ],
    },
  },
})
