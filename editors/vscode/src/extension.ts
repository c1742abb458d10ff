// Starts `cnncalc lsp` for YAML files; everything else is the server's.

import * as path from "path";
import * as vscode from "vscode";
import { LanguageClient, LanguageClientOptions, ServerOptions } from "vscode-languageclient/node";

let client: LanguageClient | undefined;

/** Returns how the server is started; a relative path with a folder in it starts in the workspace. */
function command(): { command: string; args: string[] } {
  const given = vscode.workspace.getConfiguration("cnncalc").get<string[]>("command") ?? [];
  const [program, ...args] = given.length > 0 ? given : ["cnncalc", "lsp"];
  const root = vscode.workspace.workspaceFolders?.[0]?.uri.fsPath;
  const relative = /[\\/]/.test(program) && !path.isAbsolute(program) && root !== undefined;
  return { command: relative ? path.join(root, program) : program, args };
}

/** Returns the settings that the server knows. */
function settings(): Record<string, unknown> {
  const all = vscode.workspace.getConfiguration("cnncalc");
  return Object.fromEntries(["hints", "lenses", "check", "debounce"].map((name) => [name, all.get(name)]));
}

async function start(): Promise<void> {
  const server: ServerOptions = command();
  const options: LanguageClientOptions = {
    documentSelector: [{ language: "cnncalc" }, { language: "yaml" }],
    initializationOptions: settings(),
    synchronize: { fileEvents: vscode.workspace.createFileSystemWatcher("**/*.{yaml,yml}") },
  };
  client = new LanguageClient("cnncalc", "cnncalc", server, options);
  try {
    await client.start();
  } catch (error) {
    void vscode.window.showErrorMessage(
      `cnncalc: the server does not start (${String(error)}). Install it with pip install "cnncalc[lsp]", ` +
        "or say where it is under cnncalc.command.",
    );
  }
}

async function stop(): Promise<void> {
  const running = client;
  client = undefined;
  await running?.stop();
}

export async function activate(context: vscode.ExtensionContext): Promise<void> {
  context.subscriptions.push(
    vscode.commands.registerCommand("cnncalc.restart", async () => {
      await stop();
      await start();
    }),
    vscode.workspace.onDidChangeConfiguration(async (change) => {
      if (change.affectsConfiguration("cnncalc.command")) {
        await stop();
        await start();
      } else if (change.affectsConfiguration("cnncalc")) {
        await client?.sendNotification("workspace/didChangeConfiguration", { settings: { cnncalc: settings() } });
      }
    }),
  );
  await start();
}

export function deactivate(): Promise<void> {
  return stop();
}
