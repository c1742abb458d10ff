// Starts the server as the extension does and speaks to it with VS Code's own protocol library.
// Usage: node test/drive.mjs [PROGRAM ARGUMENT...]

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createRequire } from "node:module";

const lsp = createRequire(import.meta.url)("vscode-languageserver-protocol/node");

const right = `cnncalc: 1
input: [3, 32, 32]
vars: {width: 16}
layers:
  - {conv: {out: width, kernel: 3}, as: stem}
  - {conv: {out: 8, kernel: 3}, from: stem}
`;
const wrong = right.replace("8, kernel", "8, kernal");
const uri = "file:///nowhere/net.yaml";
const textDocument = { uri };
const given = process.argv.slice(2);
const [program, ...args] = given.length > 0 ? given : ["cnncalc", "lsp"];
const server = spawn(program, args, { stdio: ["pipe", "pipe", "inherit"] });
const connection = lsp.createProtocolConnection(
  new lsp.StreamMessageReader(server.stdout),
  new lsp.StreamMessageWriter(server.stdin),
);
let told = () => {};
connection.onNotification(lsp.PublishDiagnosticsNotification.type, (params) => told(params.diagnostics));
connection.onRequest(lsp.InlayHintRefreshRequest.type, () => null);
connection.onRequest(lsp.CodeLensRefreshRequest.type, () => null);
connection.listen();
const next = () => new Promise((resolve) => (told = resolve));

const started = await connection.sendRequest(lsp.InitializeRequest.type, {
  processId: process.pid,
  rootUri: null,
  workspaceFolders: null,
  capabilities: {
    workspace: { inlayHint: { refreshSupport: true }, codeLens: { refreshSupport: true } },
    textDocument: { completion: {}, publishDiagnostics: { relatedInformation: true } },
  },
  initializationOptions: { debounce: 10, hints: ["output", "params"] },
});
for (const name of [
  "codeAction", "codeLens", "completion", "definition", "documentFormatting", "documentSymbol", "foldingRange",
  "hover", "inlayHint", "references", "rename", "semanticTokens",
]) {
  assert.ok(started.capabilities[`${name}Provider`], name);
}
await connection.sendNotification(lsp.InitializedNotification.type, {});

let waiting = next();
await connection.sendNotification(lsp.DidOpenTextDocumentNotification.type, {
  textDocument: { uri, languageId: "yaml", version: 1, text: wrong },
});
const [finding] = await waiting;
assert.deepEqual([finding.code, finding.range.start], ["unknown-argument", { line: 5, character: 20 }]);

const [action] = await connection.sendRequest(lsp.CodeActionRequest.type, {
  textDocument, range: finding.range, context: { diagnostics: [finding] },
});
assert.deepEqual(action.edit.changes[uri], [{ range: finding.range, newText: "kernel" }]);

waiting = next();
await connection.sendNotification(lsp.DidChangeTextDocumentNotification.type, {
  textDocument: { uri, version: 2 },
  contentChanges: [{ text: right }],
});
assert.deepEqual(await waiting, []);

const whole = { start: { line: 0, character: 0 }, end: { line: 9, character: 0 } };
const hints = await connection.sendRequest(lsp.InlayHintRequest.type, { textDocument, range: whole });
assert.deepEqual(
  hints.map((hint) => [hint.position.line, hint.label]),
  [[4, "-> 16x30x30  params 448"], [5, "-> 8x28x28  params 1.16 k"]],
);
const said = await connection.sendRequest(lsp.HoverRequest.type, {
  textDocument, position: { line: 4, character: 5 },
});
assert.match(said.contents.value, /macs = k\*k\*C_in\/g\*C_out\*H'\*W' = 3\*3\*3\/1\*16\*30\*30 = 388,800/);
const offered = await connection.sendRequest(lsp.CompletionRequest.type, {
  textDocument, position: { line: 5, character: 38 },
});
assert.deepEqual(offered.items.map((item) => item.label), ["prev", "input", "stem"]);

await connection.sendRequest(lsp.ShutdownRequest.type);
await connection.sendNotification(lsp.ExitNotification.type);
assert.equal(await new Promise((resolve) => server.on("exit", resolve)), 0);
process.stdout.write("the server answers VS Code's client\n");
