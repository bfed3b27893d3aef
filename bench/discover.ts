import { readdirSync } from "node:fs";
import type { Suite } from "./suite.ts";

const folder = new URL("suites/", import.meta.url);

export function suiteNames(): readonly string[] {
  return readdirSync(folder).flatMap((file) => (file.endsWith(".ts") ? [file.slice(0, -3)] : []));
}

export async function loadSuite(name: string): Promise<Suite> {
  const module = (await import(new URL(`${name}.ts`, folder).href)) as { readonly suite: Suite };
  return module.suite;
}
