#!/usr/bin/env node
import { ownVersion } from './version.ts';

const args = process.argv.slice(2);

// The only command that needs nothing else to be loaded.
if (args.length === 1 && (args[0] === '--version' || args[0] === '-V')) {
  process.stdout.write(`${ownVersion()}\n`);
} else {
  const { start } = await import('./start.ts');
  await start(args);
}
