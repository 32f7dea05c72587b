// The HTML pages as a reader meets them. Run by run.py.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, beforeEach, afterEach, describe, it } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));
const require = createRequire(join(root, "analyzer/report/html/page/package.json"));
const { chromium } = require("playwright-core");
const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
const sample = (name) => join(root, "samples", name, "case.pcap");

const folder = mkdtempSync(join(tmpdir(), "tcpautopsy-page-"));
let browser;
let context;
let page;
let asked; // of the network or the disk
let complaints; // of the page's script or policy

function make(name, ...options) {
  const file = join(folder, name);
  execFileSync(process.env.TCPAUTOPSY, [...options, "--format", "html", "-o", file], { stdio: ["ignore", "ignore", "pipe"], env: { ...process.env, XDG_CONFIG_HOME: "/nonexistent" } });
  return file;
}

function dataOf(file) {
  const [, json] = /<script type="application\/json" id="data">([^]*?)<\/script>/.exec(readFileSync(file, "utf8"));
  return JSON.parse(json);
}

async function open(file, hash = "") {
  await page.goto(pathToFileURL(file).href + hash);
  await page.waitForSelector("html[data-ready=yes]");
}

// What a click or a key brings about comes a moment after it: asked again until it holds.
async function soon(check) {
  for (const until = Date.now() + 20_000; ;) {
    try {
      return await check();
    } catch (error) {
      if (Date.now() > until) throw error;
      await new Promise((next) => setTimeout(next, 50));
    }
  }
}

async function clean(what) {
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => globalThis.axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] }));
  const told = violations.map((v) => `${v.id}: ${v.help}: ${v.nodes.slice(0, 3).map((n) => n.html.slice(0, 160)).join(" | ")}`);
  assert.deepEqual(told, [], what);
}

const range = (id) => page.$eval(`#${id}`, (chart) => [Number(chart.dataset.from), Number(chart.dataset.until)]);
const width = ([from, until]) => until - from;

async function tabTo(selector, most = 120) {
  for (let i = 0; i < most; ++i) {
    await page.keyboard.press("Tab");
    if (await page.evaluate((s) => document.activeElement?.matches(s), selector)) return;
  }
  assert.fail(`Tab never came to ${selector}`);
}

let report;
let history;

before(async () => {
  report = make("report.html", "report", sample("kernel_mixed"));
  history = make("history.html", "history", "--flow", "25", sample("kernel_mixed"));
  browser = await chromium.launch({ executablePath: process.env.CHROMIUM, args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking"] });
});

after(async () => {
  await browser?.close();
  rmSync(folder, { recursive: true });
});

beforeEach(async () => {
  context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
  page = await context.newPage();
  page.setDefaultTimeout(10_000);
  asked = [];
  complaints = [];
  page.on("request", (request) => asked.push(request.url()));
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("console", (message) => message.type() === "error" && complaints.push(message.text()));
  page.on("dialog", (dialog) => complaints.push(`dialog: ${dialog.message()}`));
});

afterEach(async () => {
  const left = asked.filter((url) => !url.startsWith(pathToFileURL(folder).href));
  await context.close();
  assert.deepEqual(left, [], "the page asked for something beyond its file");
  assert.deepEqual(complaints, [], "the page's script or its policy complained");
});

describe("a report", () => {
  it("leads from an incident to the flow, its ladder and its finding", async () => {
    await open(report);
    const first = dataOf(report).report.incidents[0];
    const card = page.locator("#incident-0");
    assert.ok((await card.textContent()).includes(first.verdict));
    await card.locator(`a[href="#flow-${first.sample_flows[0]}"]`).click();
    await soon(async () => assert.match(await page.locator("h2:visible").first().textContent(), new RegExp(`^Flow ${first.sample_flows[0]}: `)));
    const finding = page.locator(".flow article.card").first();
    assert.ok((await finding.textContent()).includes(first.cause));
    const frame = await finding.locator(".frames button").first().textContent();
    await finding.locator(".frames button").first().click();
    await soon(async () => assert.ok(await page.locator(`#frame-${frame}.chosen`).isVisible()));
    assert.match(await finding.locator("code").last().textContent(), /frame\.number in \{/);
    await page.goBack();
    await soon(async () => assert.ok(await card.isVisible()));
  });

  it("filters and sorts flows", async () => {
    await open(report, "#flows");
    const { flows } = dataOf(report);
    const status = page.locator("#flows [role=status]");
    await soon(async () => assert.match(await status.textContent(), new RegExp(`^${flows.number.length} of ${flows.number.length} flows`)));
    await page.fill("#flows-search", "5432");
    const fit = flows.number.filter((_, i) => `${flows.client_port[i]} ${flows.server_port[i]}`.includes("5432")).length;
    assert.ok(fit > 0 && fit < flows.number.length);
    await page.waitForFunction((n) => document.querySelector("#flows [role=status]").textContent.startsWith(`${n} of `), fit);
    await page.fill("#flows-search", "");
    await page.waitForFunction((n) => document.querySelector("#flows [role=status]").textContent.startsWith(`${n} of `), flows.number.length);
    await page.getByRole("button", { name: "Packets" }).click();
    const most = Math.max(...flows.packets).toLocaleString("en-US");
    await soon(async () => assert.equal(await page.locator("#flows .vbody .vrow").first().locator("[role=gridcell]").nth(8).textContent(), most));
  });

  it("searches findings and tells one in full", async () => {
    await open(report, "#findings");
    await page.selectOption("#findings select", "error");
    const { findings } = dataOf(report);
    const errors = findings.severity.filter((s) => s === 3).length;
    await soon(async () => assert.match(await page.locator("#findings [role=status]").textContent(), new RegExp(`^${errors} of `)));
    await page.locator("#findings .vbody .vrow").first().click();
    await soon(async () => assert.ok((await page.locator("#findings .told").textContent()).includes(findings.summary[0])));
  });

  it("is used by keyboard alone", async () => {
    await open(report);
    await tabTo("#flows .vgrid", 400);
    await page.keyboard.press("End");
    await page.keyboard.press("ArrowUp");
    await page.keyboard.press("Enter");
    await page.waitForFunction(() => location.hash.startsWith("#flow-"));
    await tabTo(".plot");
    const whole = await range("sequence-0").catch(() => range("sequence-1"));
    const id = await page.evaluate(() => document.activeElement.closest("figure").id);
    await page.keyboard.press("+");
    assert.ok(width(await range(id)) < width(whole) * 0.6);
    await page.keyboard.press(".");
    await soon(async () => assert.match(await page.locator(`#${id} .readout`).textContent(), /^frame \d+ · \d+\.\d{6} s · (client|server) /));
    await page.keyboard.press("0");
    assert.ok(width(await range(id)) >= width(whole) * 0.99);
  });

  it("is printed", async () => {
    await open(report);
    const pdf = await page.pdf({ format: "A4" });
    assert.equal(pdf.subarray(0, 5).toString(), "%PDF-");
    assert.ok(pdf.length > 20_000);
  });

  for (const [scheme, size] of [["light", 1280], ["dark", 400]])
    it(`breaks no rule of axe, ${scheme}, ${size} px`, async () => {
      await page.emulateMedia({ colorScheme: scheme });
      await page.setViewportSize({ width: size, height: 900 });
      await open(report);
      await clean("overview");
      assert.ok((await page.evaluate(() => document.documentElement.scrollWidth)) <= size, "wider than the screen");
      await open(report, "#flow-3");
      await clean("flow");
      assert.ok((await page.evaluate(() => document.documentElement.scrollWidth)) <= size, "wider than the screen");
    });

  it("changes its colours", async () => {
    await open(report);
    const back = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    const light = await back();
    await page.click("#theme");
    assert.notEqual(await back(), light);
  });
});

describe("a connection's page", () => {
  it("zooms all graphs together and tells what is under the mouse", async () => {
    await open(history);
    const chart = page.locator(".chart").first();
    const id = await chart.getAttribute("id");
    const other = await page.locator(".chart").nth(1).getAttribute("id");
    await chart.scrollIntoViewIfNeeded();
    const before = await range(id);
    const box = await chart.locator(".u-over").boundingBox();
    await page.mouse.move(box.x + box.width * 0.3, box.y + box.height / 2);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width * 0.5, box.y + box.height / 2, { steps: 4 });
    await page.mouse.up();
    await soon(async () => {
      const zoomed = await range(id);
      assert.ok(Math.abs(width(zoomed) / width(before) - 0.2) < 0.05, `${before} to ${zoomed}`);
      assert.deepEqual(await range(other), zoomed);
    });
    await page.mouse.dblclick(box.x + box.width / 2, box.y + box.height / 2);
    await page.mouse.move(box.x + 2, box.y + box.height / 2);
    const { details } = dataOf(history);
    const { series } = Object.values(details)[0];
    const first = new RegExp(`^frame ${series.n[0]} · 0\\.000000 s · client SYN · seq 0 to 0`);
    await soon(async () => assert.match(await chart.locator(".readout").textContent(), first));
  });

  it("draws the ladder's states and breaks no rule of axe", async () => {
    await open(history);
    const words = await page.locator("svg.ladder").first().textContent();
    for (const state of ["SYN-SENT", "ESTABLISHED"]) assert.ok(words.includes(state), state);
    await clean("history");
  });

  it("writes no address beyond the ladder's edge", async () => {
    const ends = ["[2001:db8:1111:2222:3333:4444:5555:6666]:65535", "[2001:db8:aaaa:bbbb:cccc:dddd:eeee:ffff]:65535"];
    const file = join(folder, "long.html");
    writeFileSync(file, readFileSync(history, "utf8").replace(/("ends":)\["[^"]*","[^"]*"\]/g, (_, key) => key + JSON.stringify(ends)));
    await open(file);
    const beyond = await page.$$eval("svg.ladder text.title", (titles) =>
      titles.map((title) => [title.textContent, title.getBBox(), title.ownerSVGElement.viewBox.baseVal.width]).filter(([, box, width]) => box.x < 0 || box.x + box.width > width).map(([text]) => text));
    assert.deepEqual(beyond, []);
    assert.match(await page.locator("svg.ladder text.title").last().textContent(), /ffff/);
  });
});

it("a store's page has a heat map that names place and time, and breaks no rule of axe", async () => {
  const store = join(folder, "store.db");
  execFileSync(process.env.TCPAUTOPSY, ["batch", join(root, "samples/kernel_mixed"), join(root, "samples/refused"), "--out", store, "--quiet"], { stdio: "ignore" });
  const file = make("batch.html", "batch", "report", store);
  await open(file);
  const { heat, batch } = dataOf(file);
  assert.equal(await page.locator("td.heat").count(), heat.cells.length);
  assert.match(await page.locator("td.heat").first().getAttribute("title"), /UTC: \d+ incidents?, up to (error|warning|note)$/);
  const [worst] = batch.incidents;
  const card = await page.locator("#incidents .card").first().textContent();
  assert.ok(card.includes(worst.headline) && card.includes(`${worst.where.command} --format html -o page.html`));
  await clean("batch");
});

it("tells of a capture without TCP that nothing was examined", async () => {
  const empty = join(folder, "empty.pcap");
  writeFileSync(empty, Buffer.from("4d3cb2a10200040000000000000000000000040001000000", "hex"));
  await open(make("empty.html", "report", empty));
  assert.match(await page.locator("#incidents").textContent(), /nothing was examined/i);
});

it("executes nothing that a file's name or a payload holds", async () => {
  const nested = join(folder, "<img src=x onerror=owned=1><");
  mkdirSync(nested);
  const hostile = join(nested, "script><script>owned=2;alert(1)<!--&quot;\u2028.pcap");
  copyFileSync(sample("kernel_mixed"), hostile);
  const files = [make("hostile.html", "report", hostile), make("hostile_flow.html", "history", "--flow", "3", hostile)];
  for (const file of files) {
    await open(file);
    await page.waitForTimeout(200);
    assert.equal(await page.evaluate(() => globalThis.owned), undefined);
    assert.equal(await page.locator("img").count(), 0);
    assert.equal(await page.locator("script").count(), 2);
    assert.ok(JSON.stringify(dataOf(file)).includes("onerror=owned=1"), "the name is in the page, as data");
  }
});

it("lets in no script but its own", async () => {
  await open(report);
  let loaded = 0;
  page.on("response", () => ++loaded);
  await page.evaluate(() => {
    const script = document.createElement("script");
    script.textContent = "globalThis.owned = 1";
    document.body.append(script);
    document.body.insertAdjacentHTML("beforeend", '<img src="https://example.org/x.png" onerror="globalThis.owned = 2">');
  });
  await page.waitForTimeout(200);
  assert.equal(await page.evaluate(() => globalThis.owned), undefined);
  assert.equal(loaded, 0);
  assert.ok(complaints.some((text) => /Content.Security.Policy/i.test(text)));
  complaints = [];
  asked = []; // the policy stopped that one
});
