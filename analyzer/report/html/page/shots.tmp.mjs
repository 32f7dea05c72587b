import { chromium } from "playwright-core";
import { pathToFileURL } from "node:url";
const [,, out, ...jobs] = process.argv;
const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: ["--no-sandbox","--disable-gpu"] });
for (const job of jobs) {
  const [file, name, hash, widths, schemes] = job.split(",");
  for (const w of widths.split("+")) for (const scheme of schemes.split("+")) {
    const page = await browser.newPage({ viewport: { width: +w, height: 900 }, colorScheme: scheme });
    await page.goto(pathToFileURL(file).href + (hash ? "#" + hash : ""));
    await page.waitForSelector("html[data-ready=yes]");
    await page.waitForTimeout(600);
    for (const s of await page.locator("main section").all()) { const id = await s.getAttribute("id"); if (!(await s.isVisible())) continue; const b = await s.boundingBox(); await page.screenshot({ path: `${out}/${name}-${id}-${w}-${scheme}.png`, fullPage: true, clip: { x: b.x, y: b.y, width: b.width, height: Math.min(b.height, +(process.env.MOST ?? 1600)) } }); }
    await page.close();
  }
}
await browser.close();
