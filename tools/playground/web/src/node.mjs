// The page's engine in node: a line of JSON for each line of JSON, `[what, request]`. Its first argument is the built site.

import { readFile } from "node:fs/promises";
import { createInterface } from "node:readline";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { boot } from "./boot.js";

const site = resolve(process.argv[2]);
const { loadPyodide } = await import(pathToFileURL(`${site}/python/pyodide.mjs`));
// Processor time in milliseconds: what a machine with nothing else to do would need at most.
const spent = (since) => Math.round(Object.values(process.cpuUsage(since)).reduce((sum, part) => sum + part) / 1000);
const answer = await boot(loadPyodide, { indexURL: `${site}/python/` }, async (name) => new Uint8Array(await readFile(`${site}/${name}`)));
console.log(JSON.stringify({ started: spent() }));
for await (const line of createInterface({ input: process.stdin })) {
  const [does, request] = JSON.parse(line);
  const since = process.cpuUsage();
  const found = answer(does, request);
  console.log(JSON.stringify({ ms: spent(since), answer: found }));
}
