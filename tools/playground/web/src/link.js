// Links that carry a spec: compressed, in the fragment, which no browser sends to a host.

const LONGEST = 1 << 20;

const through = async (bytes, stream, most) => {
  const reader = new Blob([bytes]).stream().pipeThrough(stream).getReader();
  const parts = [];
  let length = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    length += value.length;
    if (length > most) throw new RangeError("the link holds more than a spec may");
    parts.push(value);
  }
  return new Uint8Array(await new Blob(parts).arrayBuffer());
};

export const written = async (text, variant) => {
  const bytes = await through(new TextEncoder().encode(text), new CompressionStream("deflate-raw"), LONGEST);
  let letters = "";
  for (const byte of bytes) letters += String.fromCharCode(byte);
  const spec = btoa(letters).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
  return `#spec=${spec}${variant ? `&variant=${encodeURIComponent(variant)}` : ""}`;
};

// Returns {text, variant} or {zoo} or null; raises where the link is damaged.
export const read = async (fragment) => {
  const found = new URLSearchParams(fragment.replace(/^#/, ""));
  if (found.has("zoo")) return { zoo: found.get("zoo"), variant: found.get("variant") };
  if (!found.has("spec")) return null;
  const letters = atob(found.get("spec").replaceAll("-", "+").replaceAll("_", "/"));
  const bytes = Uint8Array.from(letters, (letter) => letter.charCodeAt(0));
  const text = await through(bytes, new DecompressionStream("deflate-raw"), LONGEST);
  return { text: new TextDecoder("utf-8", { fatal: true }).decode(text), variant: found.get("variant") };
};
