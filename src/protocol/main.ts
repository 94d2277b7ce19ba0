export * from "./close-code.ts";
export * from "./decode.ts";
export * from "./error-code.ts";
export * from "./message.ts";
export * from "./path.ts";
export * from "./viewdef.ts";
