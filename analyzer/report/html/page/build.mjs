// Builds ../page.html, or the file named: markup, style and script in one, and the hashes by which its policy
// lets these two and nothing else in.
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const { outputFiles } = await build({
  entryPoints: ["main.ts"],
  bundle: true,
  minify: true,
  charset: "utf8",
  format: "iife",
  target: "es2022",
  legalComments: "none",
  outdir: "out",
  write: false,
  // What goes by this machine's folders would differ from place to place.
  absWorkingDir: fileURLToPath(new URL(".", import.meta.url)),
});
const built = (end) => outputFiles.find((file) => file.path.endsWith(end)).text.trim();
const script = built(".js");
const style = built(".css");
if (/<\/(script|style)|<!--/i.test(script + style)) throw new Error("what is built would end its own element");
const hash = (text) => `sha256-${createHash("sha256").update(text).digest("base64")}`;
const parts = { STYLE: style, SCRIPT: script, "STYLE-HASH": hash(style), "SCRIPT-HASH": hash(script) };
const page = readFileSync("page.html", "utf8").replace(/@(STYLE|SCRIPT|STYLE-HASH|SCRIPT-HASH)@/g, (_, name) => parts[name]);
if (page.split("@DATA@").length !== 2) throw new Error("one place for the data is wanted");
writeFileSync(process.argv[2] ?? "../page.html", page);
