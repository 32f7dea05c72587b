// How large pages are and how long Chromium takes to show them, for running by hand: node load_times.mjs PAGE...
// Prints as Markdown the size, and of five openings the median time until the page is built and painted, and
// how long one letter typed into the search of flows takes until the table is drawn.
import { statSync } from "node:fs";
import { createRequire } from "node:module";
import { basename } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const require = createRequire(fileURLToPath(new URL("../../analyzer/report/html/page/package.json", import.meta.url)));
const { chromium } = require("playwright-core");
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
});

const median = (values) => values.sort((a, b) => a - b)[values.length >> 1];

async function opened(file) {
  const page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
  await page.goto(pathToFileURL(file).href);
  await page.waitForSelector("html[data-ready=yes]");
  const shown = await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => setTimeout(() => done(performance.now())))));
  const search = page.locator("#flows-search");
  let typed = null;
  if (await search.count())
    typed = await page.evaluate(async () => {
      const input = document.querySelector("#flows-search");
      const status = document.querySelector("#flows [role=status]");
      const changed = new Promise((done) => new MutationObserver(done).observe(status, { childList: true }));
      const from = performance.now();
      input.value = "7";
      input.dispatchEvent(new Event("input"));
      await changed;
      return performance.now() - from;
    });
  await page.close();
  return { shown, typed };
}

console.log("| page | MB | shown after, ms | search, ms |\n|---|---|---|---|");
for (const file of process.argv.slice(2)) {
  const all = [];
  for (let i = 0; i < 5; ++i) all.push(await opened(file));
  const typed = all[0].typed == null ? "" : median(all.map((one) => one.typed)).toFixed(0);
  console.log(`| ${basename(file)} | ${(statSync(file).size / 1e6).toFixed(2)} | ${median(all.map((one) => one.shown)).toFixed(0)} | ${typed} |`);
}
await browser.close();
