/** The build puts the module's bytes into the file, as Base64. */
declare module "*.wasm" {
  const text: string;
  export default text;
}
