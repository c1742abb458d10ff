"""The server of `cnncalc lsp`: texts are analysed in a thread, some time after a key stroke; answers do not wait."""

from __future__ import annotations

import asyncio
import gc
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from lsprotocol import types
from pygls.exceptions import JsonRpcInvalidRequest
from pygls.lsp.server import LanguageServer
from pygls.uris import to_fs_path

from cnncalc._version import __version__
from cnncalc.editor.analysis import Analysis, analysed
from cnncalc.editor.formatting import FormatError
from cnncalc.editor.navigation import RenameError
from cnncalc.editor.settings import Settings, settings_of
from cnncalc.server import answers
from cnncalc.server.findings import code_actions, diagnostics
from cnncalc.server.open_files import Opened, OpenFiles

if TYPE_CHECKING:
    from collections.abc import Callable

    from cnncalc.editor.document import Document

Params = Any
YOUNG, MIDDLE, OLD = 50_000, 20, 100
"""How often Python looks for circles among objects: an analysis makes many, and few of them stay."""


class SpecServer(LanguageServer):
    """A language server for specs."""

    def __init__(self) -> None:
        super().__init__("cnncalc", __version__, types.TextDocumentSyncKind.Full, max_workers=2)
        self.settings = Settings()
        self.files: OpenFiles | None = None

    def opened(self, uri: str) -> Opened | None:
        """Return an open file with the text that it has now; None of one that is no spec."""
        found = self.files.by_uri.get(uri) if self.files is not None else None
        return found if found is not None and found.spec else None

    # Analyses.

    def schedule(self, opened: Opened, delay: float) -> None:
        """Analyse a text once no other has come for some time, in seconds."""
        if opened.waiting is not None:
            opened.waiting.cancel()
        opened.waiting = asyncio.get_running_loop().create_task(self._analyse(opened, delay))

    async def _analyse(self, opened: Opened, delay: float) -> None:
        await asyncio.sleep(delay)
        document = opened.document
        if opened.running is not None:
            await asyncio.wait([opened.running])
        opened.running = asyncio.get_running_loop().run_in_executor(self.thread_pool, _worked_out, document)
        try:
            analysis = await asyncio.shield(opened.running)
        except Exception as error:  # noqa: BLE001 - a mistake of ours must not end the service
            said = f"cnncalc made a mistake ({type(error).__name__}: {error})"
            self.window_log_message(types.LogMessageParams(types.MessageType.Error, said))
            return
        if document.text != analysis.text or self.files is None or self.files.by_uri.get(opened.uri) is not opened:
            return
        document.take(analysis)
        self.text_document_publish_diagnostics(types.PublishDiagnosticsParams(
            opened.uri, diagnostics(self.files, opened, check=self.settings.check)))  # fmt: skip
        self._refresh()

    def _refresh(self) -> None:
        """Tell the client to ask for numbers and totals again."""
        workspace = self.client_capabilities.workspace
        if workspace is None:
            return
        if workspace.inlay_hint is not None and workspace.inlay_hint.refresh_support:
            self.workspace_inlay_hint_refresh(None)
        if workspace.code_lens is not None and workspace.code_lens.refresh_support:
            self.workspace_code_lens_refresh(None)

    def changed(self, path: str) -> None:
        """Analyse what uses a file that has changed."""
        if self.files is not None:
            for user in self.files.users(path):
                user.document.update(user.document.text)
                self.schedule(user, self.settings.debounce / 1000)

    def configure(self, data: Any) -> None:
        """Take the client's settings, and show by them."""
        self.settings = settings_of(data, self.settings)
        for opened in self.files.by_uri.values() if self.files is not None else ():
            if opened.spec:
                self.schedule(opened, 0)


def _worked_out(document: Document) -> Analysis:
    """Return the analysis of a document's text, with all that is asked of it made."""
    analysis = document.now
    if not analysis.done:
        analysis = analysed(document.text, document.path, document.opened)
    analysis.work_out()
    return analysis


def make_server() -> SpecServer:
    """Return a server that has not been started."""
    server = SpecServer()
    _lifecycle(server)
    _questions(server)
    return server


def serve(reader: BinaryIO, writer: BinaryIO) -> None:
    """Serve one client over these streams, until it leaves."""
    gc.freeze()
    gc.set_threshold(YOUNG, MIDDLE, OLD)
    make_server().start_io(reader, writer)


def _lifecycle(server: SpecServer) -> None:
    """Register what a client tells."""

    @server.feature(types.INITIALIZE)
    def initialize(ls: SpecServer, params: types.InitializeParams) -> None:
        folders = [folder.uri for folder in params.workspace_folders or ()] or [params.root_uri or ""]
        paths = [Path(path) for uri in folders if uri.startswith("file:") and (path := to_fs_path(uri))]
        ls.files = OpenFiles(ls.workspace.position_codec, paths)
        ls.settings = settings_of(params.initialization_options, ls.settings)

    @server.feature(types.TEXT_DOCUMENT_DID_OPEN)
    def did_open(ls: SpecServer, params: types.DidOpenTextDocumentParams) -> None:
        item = params.text_document
        assert ls.files is not None  # noqa: S101 - a client initialises before it opens
        opened = ls.files.open(item.uri, item.language_id, item.text)
        if opened.spec:
            ls.schedule(opened, 0)
        ls.changed(opened.document.path)

    @server.feature(types.TEXT_DOCUMENT_DID_CHANGE)
    def did_change(ls: SpecServer, params: types.DidChangeTextDocumentParams) -> None:
        uri = params.text_document.uri
        opened = ls.files.by_uri.get(uri) if ls.files is not None else None
        if opened is None or ls.files is None:
            return
        ls.files.change(opened, ls.workspace.get_text_document(uri).source)
        if opened.spec:
            ls.schedule(opened, ls.settings.debounce / 1000)
        ls.changed(opened.document.path)

    @server.feature(types.TEXT_DOCUMENT_DID_CLOSE)
    def did_close(ls: SpecServer, params: types.DidCloseTextDocumentParams) -> None:
        opened = ls.files.by_uri.pop(params.text_document.uri, None) if ls.files is not None else None
        if opened is None:
            return
        if opened.waiting is not None:
            opened.waiting.cancel()
        ls.text_document_publish_diagnostics(types.PublishDiagnosticsParams(opened.uri, []))
        ls.changed(opened.document.path)

    @server.feature(types.WORKSPACE_DID_CHANGE_CONFIGURATION)
    def did_configure(ls: SpecServer, params: types.DidChangeConfigurationParams) -> None:
        ls.configure(params.settings)

    @server.feature(types.WORKSPACE_DID_CHANGE_WATCHED_FILES)
    def did_change_files(ls: SpecServer, params: types.DidChangeWatchedFilesParams) -> None:
        for change in params.changes:
            path = to_fs_path(change.uri)
            if path is not None:
                ls.changed(path)


def _questions(server: SpecServer) -> None:
    """Register what a client asks."""

    def answered(feature: str, options: Any, answer: Callable[[SpecServer, OpenFiles, Opened, Params], Any]) -> None:
        def handler(ls: SpecServer, params: Params) -> Any:
            opened = ls.opened(params.text_document.uri)
            if opened is None or ls.files is None:
                return None
            try:
                return answer(ls, ls.files, opened, params)
            except (RenameError, FormatError) as error:
                raise JsonRpcInvalidRequest(str(error)) from None

        server.feature(feature, options)(handler)

    answered(types.TEXT_DOCUMENT_COMPLETION, types.CompletionOptions(trigger_characters=answers.TRIGGERS),
             lambda _, _files, opened, params: answers.completions(opened, params.position))
    answered(types.TEXT_DOCUMENT_HOVER, None, lambda _, _files, opened, params: answers.said(opened, params.position))
    answered(types.TEXT_DOCUMENT_DEFINITION, None,
             lambda _, files, opened, params: answers.definition(files, opened, params.position))
    answered(types.TEXT_DOCUMENT_REFERENCES, None,
             lambda _, files, opened, params: answers.references(files, opened, params))
    answered(types.TEXT_DOCUMENT_PREPARE_RENAME, None,
             lambda _, _files, opened, params: answers.renamable(opened, params.position))
    answered(types.TEXT_DOCUMENT_RENAME, types.RenameOptions(prepare_provider=True),
             lambda _, files, opened, params: answers.rename(files, opened, params))
    answered(types.TEXT_DOCUMENT_DOCUMENT_SYMBOL, None, lambda _, _files, opened, _params: answers.symbols(opened))
    answered(types.TEXT_DOCUMENT_FOLDING_RANGE, None, lambda _, _files, opened, _params: answers.folding(opened))
    answered(types.TEXT_DOCUMENT_CODE_LENS, types.CodeLensOptions(),
             lambda ls, _files, opened, _params: answers.code_lenses(opened) if ls.settings.lenses else [])
    answered(types.TEXT_DOCUMENT_INLAY_HINT, types.InlayHintOptions(),
             lambda ls, _files, opened, params: answers.inlay_hints(opened, ls.settings.hints, params.range))
    answered(types.TEXT_DOCUMENT_SEMANTIC_TOKENS_FULL, answers.LEGEND,
             lambda _, _files, opened, _params: answers.semantic_tokens(opened))
    answered(types.TEXT_DOCUMENT_FORMATTING, None, lambda _, _files, opened, _params: answers.formatted(opened))

    @server.feature(types.TEXT_DOCUMENT_CODE_ACTION,
                    types.CodeActionOptions(code_action_kinds=[types.CodeActionKind.QuickFix]))  # fmt: skip
    async def actions(ls: SpecServer, params: types.CodeActionParams) -> list[types.CodeAction] | None:
        """Repairs are tried before they are offered, which takes several analyses."""
        opened = ls.opened(params.text_document.uri)
        if opened is None or ls.files is None:
            return None
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(ls.thread_pool, code_actions, ls.files, opened, params)
