// Builds ../static/app from the sources here. `--check` builds in memory and fails when a committed file differs.
import { readFileSync, mkdirSync, writeFileSync, existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import esbuild from "esbuild";
import * as sass from "sass";

const here = dirname(fileURLToPath(import.meta.url));
const target = join(here, "..", "static", "app");
const scripts = ["ui", "account", "draft", "queue", "device", "files", "photos", "recorder", "mirror", "presence", "scanned", "kiosk", "pace", "key", "signing"];
// Name of the built file: its source. A service worker is no module.
const workers = { sw: "worker", "sw-off": "worker-off" };
const sheets = ["app", "mirror", "plain"];

function css(name) {
  const built = sass.compile(join(here, "styles", `${name}.scss`), {
    loadPaths: [join(here, "node_modules")],
    quietDeps: true,
    style: "expanded",
  }).css;
  // esbuild after sass: it also drops duplicate rules and adds the prefixes that the oldest supported browsers need.
  return esbuild.transformSync(built, {
    loader: "css",
    minify: true,
    target: ["chrome61", "firefox60", "safari11"],
    legalComments: "none",
  }).code;
}

function javascript(name, format = "esm") {
  const { outputFiles } = esbuild.buildSync({
    entryPoints: [join(here, "scripts", `${name}.js`)],
    absWorkingDir: here,
    bundle: true,
    format,
    target: "es2018",
    minify: true,
    legalComments: "none",
    write: false,
  });
  return outputFiles[0].text;
}

const outputs = new Map([
  ...sheets.map((name) => [`${name}.css`, css(name)]),
  ...scripts.map((name) => [`${name}.js`, javascript(name)]),
  ...Object.entries(workers).map(([name, source]) => [`${name}.js`, javascript(source, "iife")]),
  ...["overload.html", "mark.svg"].map((name) => [name, readFileSync(join(here, name), "utf8")]),
]);

const check = process.argv.includes("--check");
let stale = 0;
mkdirSync(target, { recursive: true });
for (const [name, text] of outputs) {
  const path = join(target, name);
  if (!check) {
    writeFileSync(path, text);
  } else if (!existsSync(path) || readFileSync(path, "utf8") !== text) {
    console.error(`static/app/${name} differs from its sources: run "npm run build" and commit the result.`);
    stale += 1;
  }
}
process.exitCode = stale ? 1 : 0;
