/** What of WebAssembly is used here: the compiler's library has it only together with the browser's.
 *  WebAssembly JavaScript Interface 1.0. */
export interface WasmApi {
  readonly Module: {
    new (program: Uint8Array<ArrayBuffer>): WasmModule;
    imports(module: WasmModule): ReadonlyArray<{ readonly module: string; readonly name: string }>;
  };
  readonly Instance: new (
    module: WasmModule,
    imports: WasmImports,
  ) => { readonly exports: Readonly<Record<string, unknown>> };
}

/** A compiled program. */
export interface WasmModule {
  readonly kind?: 'a compiled module';
}

/** Functions by the module and the name that a program calls them by. */
export type WasmImports = Readonly<Record<string, Readonly<Record<string, WasmCall>>>>;

/** Numbers of 64 bits come as bigint. */
export type WasmCall = (...args: never[]) => number;

export interface WasmMemory {
  /** Another one after every growth. */
  readonly buffer: ArrayBuffer;
  grow(pages: number): number;
}

export interface WasmGlobal {
  value: unknown;
}

export const wasm: WasmApi = (globalThis as unknown as { readonly WebAssembly: WasmApi }).WebAssembly;
