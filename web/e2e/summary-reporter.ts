import type { FullResult, Reporter, Suite } from '@playwright/test/reporter'
import process from 'node:process'

/** Ends the run with one plain line, `e2e: N passed, N failed`, that scripts can add up. */
export default class SummaryReporter implements Reporter {
  private suite: Suite | undefined

  printsToStdio(): boolean {
    return false
  }

  onBegin(_config: unknown, suite: Suite): void {
    this.suite = suite
  }

  onEnd(result: FullResult): void {
    let passed = 0
    let failed = 0
    let skipped = 0
    for (const test of this.suite?.allTests() ?? []) {
      if (test.outcome() === 'skipped')
        skipped += 1
      else if (test.outcome() === 'expected')
        passed += 1
      else
        failed += 1
    }
    // A run that broke off, or never began, has failed even if no test did.
    if (result.status !== 'passed' && failed === 0)
      failed = 1
    const tail = skipped > 0
      ? `, ${skipped} skipped`
      : ''
    process.stdout.write(`e2e: ${passed} passed, ${failed} failed${tail}\n`)
  }
}
