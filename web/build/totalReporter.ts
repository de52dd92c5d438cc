import type { Reporter, TestModule } from 'vitest/node'

/** Ends a unit test run with one plain line, `web: N passed, N failed`, that scripts can add up. */
export default class TotalReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly unknown[]): void {
    let passed = 0
    let failed = unhandledErrors.length
    let skipped = 0
    for (const module of modules) {
      // A file that does not even load has no tests to count, yet it is a failure.
      if (module.errors().length > 0)
        failed += 1
      for (const test of module.children.allTests()) {
        const state = test.result().state
        if (state === 'passed')
          passed += 1
        else if (state === 'failed')
          failed += 1
        else
          skipped += 1
      }
    }
    const tail = skipped > 0
      ? `, ${skipped} skipped`
      : ''
    process.stdout.write(`web: ${passed} passed, ${failed} failed${tail}\n`)
  }
}
