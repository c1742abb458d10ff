// Starts the server as the extension does and speaks to it with VS Code's own protocol library.
// Usage: node test/drive.mjs PROGRAM ARGUMENT...; prints what came back as JSON.

import { spawn } from "node:child_process";
import { createRequire } from "node:module";

const require = createRequire(import.meta.url);
const rpc = require("vscode-languageserver-protocol/node");
const lsp = rpc;

const text = `cnncalc: 1
input: [3, 32, 32]
vars: {width: 16}
layers:
  - {conv: {out: width, kernel: 3}, as: stem}
  - {conv: {out: 8, kernal: 3}, from: stem}
`;
const right = text.replace("kernal", "kernel");
const uri = "file:///nowhere/net.yaml";
const [program, ...args] = process.argv.slice(2);
const server = spawn(program, args, { stdio: ["pipe", "pipe", "inherit"] });
const connection = rpc.createProtocolConnection(
  new rpc.StreamMessageReader(server.stdout),
  new rpc.StreamMessageWriter(server.stdin),
);
let told;
connection.onNotification(lsp.PublishDiagnosticsNotification.type, (params) => told?.(params.diagnostics));
connection.onRequest(lsp.InlayHintRefreshRequest.type, () => null);
connection.onRequest(lsp.CodeLensRefreshRequest.type, () => null);
connection.listen();

const next = () => new Promise((resolve) => (told = resolve));
const document = { uri };
const result = {};
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
result.capabilities = Object.keys(started.capabilities).sort();
await connection.sendNotification(lsp.InitializedNotification.type, {});
let waiting = next();
await connection.sendNotification(lsp.DidOpenTextDocumentNotification.type, {
  textDocument: { uri, languageId: "yaml", version: 1, text },
});
result.wrong = (await waiting).map((found) => [found.code, found.range.start]);
const actions = await connection.sendRequest(lsp.CodeActionRequest.type, {
  textDocument: document,
  range: { start: { line: 5, character: 0 }, end: { line: 5, character: 40 } },
  context: { diagnostics: [] },
});
result.actions = actions.map((action) => [action.title, action.edit.changes[uri].map((edit) => edit.newText)]);
waiting = next();
await connection.sendNotification(lsp.DidChangeTextDocumentNotification.type, {
  textDocument: { uri, version: 2 },
  contentChanges: [{ text: right }],
});
result.right = await waiting;
const whole = { start: { line: 0, character: 0 }, end: { line: 9, character: 0 } };
const hints = await connection.sendRequest(lsp.InlayHintRequest.type, { textDocument: document, range: whole });
result.hints = hints.map((hint) => [hint.position.line, hint.label]);
const at = { textDocument: document, position: { line: 4, character: 5 } };
result.hover = (await connection.sendRequest(lsp.HoverRequest.type, at)).contents.value.split("\n")[0];
const items = await connection.sendRequest(lsp.CompletionRequest.type, {
  textDocument: document,
  position: { line: 5, character: 36 },
});
result.completion = items.items.map((item) => item.label);
await connection.sendRequest(lsp.ShutdownRequest.type);
await connection.sendNotification(lsp.ExitNotification.type);
result.code = await new Promise((resolve) => server.on("exit", resolve));
process.stdout.write(JSON.stringify(result, null, 1) + "\n");
