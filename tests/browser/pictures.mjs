// The pictures of docs/review.md: the comment, and the page at a desk and on a phone.
import { join } from "node:path";
import { PARTNER, aehctl, inWork, launch, marked, page } from "./browser.mjs";

const [folder] = process.argv.slice(2);
inWork("portal.yaml", PARTNER);
aehctl("--emulator=demo.db", "plan", "-f", "portal.yaml", "--access", "all", "--out", "plan.json");
const address = page("plan.html", aehctl("show", "plan.json", "--format", "html"));
const comment = (await marked()).parse(aehctl("show", "plan.json", "--format", "markdown"));
// About as a forge shows it.
const forge = page("comment.html", `<!doctype html><meta charset="utf-8"><style>
  body { margin: 1rem; padding: 0.5rem 1.25rem; border: 1px solid #d1d9e0; border-radius: 6px; color: #1f2328; font: 14px/1.5 system-ui, sans-serif; }
  h2 { padding-bottom: 0.3em; border-bottom: 1px solid #d1d9e0; font-size: 1.4em; }
  pre { padding: 12px; border-radius: 6px; background: #f6f8fa; font: 12px/1.45 monospace; overflow: auto; }
  summary { cursor: pointer; }
  .added { background: #dafbe1; color: #116329; } .removed { background: #ffebe9; color: #82071e; } .changed { color: #953800; }
</style>${comment}`);
const browser = await launch();
for (const [name, from, colorScheme, width, height, shown = "body"] of [
  ["review-comment.png", forge, "light", 900, 760],
  ["review-page.png", address, "light", 1000, 800],
  ["review-page-dark.png", address, "dark", 1000, 800, "h3 + #matrix"],
  ["review-phone.png", address, "light", 360, 740, "#matrix .legend"],
]) {
  const tab = await browser.newPage({ viewport: { width, height }, colorScheme });
  await tab.goto(from);
  await tab.evaluate(() => {
    for (const code of document.querySelectorAll("code.language-diff")) {
      code.replaceChildren(...code.textContent.split("\n").map((text) => {
        const line = document.createElement("div");
        line.className = { "+": "added", "-": "removed", "!": "changed" }[text[0]] ?? "";
        line.textContent = text;
        return line;
      }));
    }
  });
  await tab.evaluate((shown) => document.querySelector(shown).scrollIntoView({ behavior: "instant" }), shown);
  await tab.screenshot({ path: join(folder, name) });
  await tab.close();
}
await browser.close();
