// Opens a page in a Chromium without a window and does what it is told, step by step.
//   node browse.js ORDERS.json   {browser, profile, url, headers, steps: [expression, …]} → [what each step's value is]
// It speaks the DevTools protocol over two pipes: messages of JSON, a zero byte behind each.
'use strict';

const { spawn } = require('child_process');
const { readFileSync } = require('fs');

const { browser, profile, url, headers, steps } = JSON.parse(readFileSync(process.argv[2], 'utf8'));
const child = spawn(browser, [
  '--headless=new', '--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking',
  `--user-data-dir=${profile}`, '--remote-debugging-pipe', 'about:blank',
], { stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'] });

const answers = new Map();
const waiting = new Map();
let count = 0;
let rest = '';

child.stdio[4].setEncoding('utf8').on('data', (data) => {
  const parts = (rest + data).split('\0');
  rest = parts.pop();
  for (const { id, method, params, result, error } of parts.map((part) => JSON.parse(part))) {
    if (id !== undefined) answers.get(id)({ result, error });
    else if (waiting.has(method)) waiting.get(method)(params);
  }
});

async function call(method, params, sessionId) {
  count += 1;
  const id = count;
  const answer = new Promise((resolve) => answers.set(id, resolve));
  child.stdio[3].write(`${JSON.stringify({ id, method, params, sessionId })}\0`);
  const { result, error } = await answer;
  if (error) throw new Error(`${method}: ${error.message}`);
  return result;
}

async function main() {
  const { targetId } = await call('Target.createTarget', { url: 'about:blank' });
  const { sessionId } = await call('Target.attachToTarget', { targetId, flatten: true });
  const tell = (method, params = {}) => call(method, params, sessionId);
  const problems = [];
  // What a page's own policy forbids is a problem of the page.
  waiting.set('Log.entryAdded', ({ entry }) => problems.push(`${entry.level}: ${entry.text} ${entry.url || ''}`));
  waiting.set('Runtime.exceptionThrown', ({ exceptionDetails }) => problems.push(exceptionDetails.text));
  for (const domain of ['Page', 'Network', 'Runtime', 'Log']) await tell(`${domain}.enable`);
  await tell('Network.setExtraHTTPHeaders', { headers });
  const loaded = new Promise((resolve) => waiting.set('Page.loadEventFired', resolve));
  await tell('Page.navigate', { url });
  await loaded;
  const values = [];
  for (const expression of steps) {
    const { result, exceptionDetails } = await tell('Runtime.evaluate', { expression, returnByValue: true });
    values.push(exceptionDetails ? `threw ${exceptionDetails.exception.description}` : result.value ?? null);
  }
  values.push(problems);
  await call('Browser.close', {});
  return values;
}

main().then(
  (values) => { process.stdout.write(JSON.stringify(values)); },
  (error) => { process.stdout.write(String(error)); child.kill(); process.exitCode = 1; });
