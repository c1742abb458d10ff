// Python with cnncalc inside, the same in a browser's worker and in node: `read` gets a file of the site as bytes.

const ARCHIVE = "packages.tar.xz";

export async function boot(loadPyodide, options, read, said = () => {}) {
  said("loading Python");
  const started = loadPyodide(options);
  const archive = await read(ARCHIVE);
  const python = await started;
  said("loading cnncalc");
  const where = python.runPython("import site; site.getsitepackages()[0]");
  python.unpackArchive(archive, "xztar", { extractDir: where });
  const engine = python.pyimport("playground_engine");
  return (does, request, data) => {
    const bytes = data && python.toPy(data);
    return JSON.parse(engine.answer(does, JSON.stringify(request), bytes));
  };
}
