// @ts-check
// Bytes that the WebAssembly modules of this realm have. It has to be loaded before they are.

/** @type {WebAssembly.Memory[]} */
const memories = [];

for (const name of /** @type {const} */ (["instantiate", "instantiateStreaming"])) {
  /** @type {any} */
  const original = WebAssembly[name];
  /** @type {any} */
  const wrapped = async (/** @type {any[]} */ ...arguments_) => {
    const made = await original.apply(WebAssembly, arguments_);
    for (const value of Object.values((made.instance ?? made).exports)) {
      if (value instanceof WebAssembly.Memory) memories.push(value);
    }
    return made;
  };
  WebAssembly[name] = wrapped;
}

export function memory() {
  return memories.reduce((sum, { buffer }) => sum + buffer.byteLength, 0);
}
