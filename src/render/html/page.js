"use strict";
// Shows the part of the plan's data that is looked at. Text reaches the page as text alone, never as markup.
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const PAGE = 50;

  function element(name, className, ...children) {
    const made = document.createElement(name);
    if (className) made.className = className;
    made.append(...children);
    return made;
  }

  /** A line as Rust writes it: how far it stands in, its sign, and its pieces. */
  function line([indent, sign, pieces]) {
    const made = element("div", `line in-${indent}`);
    if (sign) made.append(signed(sign), " ");
    made.append(...pieces.map(([style, text]) => element("span", style, text)));
    return made;
  }

  function signed(sign) {
    const style = { "+": "added", "-": "removed" }[sign] ?? "changed";
    return element("span", `sign ${style}`, sign);
  }

  function number(count) {
    return count.toLocaleString("en");
  }

  /** A list of which one page is shown; returns what shows it again from its beginning. */
  function paged(root, noun, total, find, show) {
    const [back, on] = root.querySelectorAll(".pager button");
    const status = root.querySelector(".pager [role=status]");
    let found = [];
    let start = 0;
    function draw() {
      const end = Math.min(start + PAGE, found.length);
      show(found.slice(start, end));
      back.disabled = start === 0;
      on.disabled = end >= found.length;
      const range = found.length === 0 ? "None" : `${number(start + 1)}–${number(end)} of ${number(found.length)}`;
      const all = found.length === total ? "" : `, ${number(total)} in all`;
      status.textContent = `${range} ${noun}${all}`;
    }
    for (const button of [back, on]) {
      button.addEventListener("click", () => {
        start = Math.max(0, start + PAGE * Number(button.dataset.step));
        draw();
        root.scrollIntoView({ block: "nearest" });
      });
    }
    return () => {
      found = find();
      start = 0;
      draw();
    };
  }

  function reveal(id) {
    const root = document.getElementById(id);
    root.hidden = false;
    document.getElementById(`${id}-plain`).hidden = true;
    return root;
  }

  function lower(text) {
    return text.toLowerCase();
  }

  function showMatrix({ groups, audiences, effects, versions }) {
    const root = reveal("matrix");
    const text = root.querySelector("#matrix-text");
    const side = root.querySelector("#matrix-side");
    const onlyChanging = root.querySelector("#matrix-groups");
    const [head, body] = [root.querySelector("thead"), root.querySelector("tbody")];
    const sets = audiences.map((places) => new Set(places));
    const groupNames = groups.map(({ name }) => lower(name));
    const told = effects.map(({ lines }) => lower(lines.flatMap(([, , pieces]) => pieces.map(([, text]) => text)).join("")));

    /** How a group sees an audience: not, itself, or through a group above it. */
    function sight(audience, place) {
      if (audience === null) return null;
      const set = sets[audience];
      if (set.has(place)) return 2;
      return groups[place].above.some((above) => set.has(above)) ? 1 : 0;
    }

    const DOT = ["", "○", "●"];
    const HOW = ["", "through a group above", "shown to the group itself"];

    /** Class, sign and words of a cell. */
    function state(before, after) {
      if (side.value === "before") after = before;
      if (side.value === "after") before = after;
      if (before === null || after === null) return ["unknown", "?", "the hub does not tell"];
      if (!before && !after) return ["", "", ""];
      if (!before) return ["gained", `+${DOT[after]}`, `gains sight, ${HOW[after]}`];
      if (!after) return ["lost", `−${DOT[before]}`, `loses sight, was ${HOW[before]}`];
      if (before !== after) return ["kept", `${DOT[before]}→${DOT[after]}`, `sees it, now ${HOW[after]}`];
      return ["kept", DOT[after], `sees it, ${HOW[after]}`];
    }

    function found() {
      const wanted = lower(text.value.trim());
      const sort = Number(root.querySelector("[name=sort]:checked").value);
      const named = wanted ? groupNames.flatMap((name, place) => (name.includes(wanted) ? [place] : [])) : [];
      const seen = ([, before, after]) => named.some((place) => sight(before, place) || sight(after, place));
      const byName = ([name, , , effect]) =>
        lower(name).includes(wanted) || (effect !== null && told[effect].includes(wanted));
      const rows = versions.filter((row) => (!sort || row[4] & sort) && (!wanted || byName(row) || seen(row)));
      // Who looks for a group looks at its column.
      const narrow = named.length > 0 && !versions.some(([name]) => lower(name).includes(wanted));
      columns = groups.flatMap((group, place) => {
        if (narrow && !named.includes(place)) return [];
        return onlyChanging.checked && !group.changes ? [] : [place];
      });
      return rows;
    }

    let columns = [];

    function heading(place) {
      const { name, above, marks = [] } = groups[place];
      const cell = element("th", groups[place].changes ? "changing" : "", element("span", "name", name));
      cell.scope = "col";
      if (marks.length) cell.append(element("span", "mark", marks.join(", ")));
      cell.title = [name, ...marks].concat(above.length ? `below ${above.map((up) => groups[up].name).join(" ← ")}` : []).join(", ");
      return cell;
    }

    function people(effect) {
      const cell = element("td", "people");
      if (effect === null) return [cell, null];
      const { people: [gain, lose], lines } = effects[effect];
      const label = [gain ? `+${number(gain)}` : "", lose ? `−${number(lose)}` : ""].filter(Boolean).join(" ") || "how";
      const button = element("button", "how", label);
      button.type = "button";
      button.setAttribute("aria-expanded", "false");
      const words = [gain ? `${number(gain)} gain` : "", lose ? `${number(lose)} lose` : ""].filter(Boolean).join(", ");
      button.setAttribute("aria-label", `${label}: ${words ? `${words}; ` : ""}show through which groups`);
      const inner = element("td", "", element("div", "detail", ...lines.map(line)));
      const detail = element("tr", "detail", inner);
      detail.hidden = true;
      button.addEventListener("click", () => {
        detail.hidden = !detail.hidden;
        button.setAttribute("aria-expanded", String(!detail.hidden));
      });
      cell.append(button);
      return [cell, detail];
    }

    function show(rows) {
      const first = element("th", "corner", "Version");
      const second = element("th", "corner people", "Members");
      first.scope = second.scope = "col";
      head.replaceChildren(element("tr", "", first, second, ...columns.map(heading)));
      body.replaceChildren(
        ...rows.flatMap(([name, before, after, effect]) => {
          const label = element("th", "", name);
          label.scope = "row";
          const [who, detail] = people(effect);
          const row = element("tr", "", label, who);
          for (const place of columns) {
            const [className, sign, words] = state(sight(before, place), sight(after, place));
            const cell = element("td", `cell ${className}`);
            if (sign) {
              const shown = element("span", "", sign);
              shown.setAttribute("aria-hidden", "true");
              cell.append(shown, element("span", "sr", words));
              cell.title = `${groups[place].name}: ${words}`;
            }
            row.append(cell);
          }
          if (!detail) return [row];
          detail.firstChild.colSpan = columns.length + 2;
          return [row, detail];
        }),
      );
    }

    const changes = versions.some((row) => row[4]);
    root.querySelector(`[name=sort][value="${changes ? 1 : 0}"]`).checked = true;
    onlyChanging.checked = groups.length > 12 && groups.some((group) => group.changes);
    const again = paged(root, "versions", versions.length, found, show);
    text.addEventListener("input", again);
    root.querySelector(".tools").addEventListener("change", again);
    again();
  }

  function showChanges(changes, phases) {
    const root = reveal("list");
    const text = root.querySelector("#list-text");
    const kind = root.querySelector("#list-kind");
    const items = root.querySelector("#list-items");
    let haystack;

    function words({ kind, name, remarks = [], lines }) {
      const pieces = lines.flatMap(([, , pieces]) => pieces.map(([, text]) => text));
      return lower([`${kind}/${name}`, ...remarks.map(([, text]) => text), ...pieces].join("\n"));
    }

    function found() {
      const wanted = lower(text.value.trim());
      if (wanted) haystack ??= changes.map(words);
      const styles = new Set([...root.querySelectorAll("[name=act]:checked")].map(({ value }) => value));
      return changes.filter(
        (change, index) =>
          styles.has(change.style) &&
          (!kind.value || change.kind === kind.value) &&
          (!wanted || haystack[index].includes(wanted)),
      );
    }

    function item({ kind, sign, name, remarks = [], lines }) {
      const title = element("h4", "", signed(sign), " ", element("span", "kind", `${kind}/`), element("span", "name", name));
      for (const [style, remark] of remarks) title.append(" ", element("span", `remark ${style}`, remark));
      return element("article", "change", title, ...lines.map(line));
    }

    function show(shown) {
      let phase = null;
      items.replaceChildren(
        ...shown.flatMap((change) => {
          const begins = change.phase !== phase;
          phase = change.phase;
          return begins ? [element("h3", "", phases[phase]), item(change)] : [item(change)];
        }),
      );
    }

    const again = paged(root, "changes", changes.length, found, show);
    text.addEventListener("input", again);
    root.querySelector(".tools").addEventListener("change", again);
    again();
  }

  if (data.matrix?.versions.length) showMatrix(data.matrix);
  if (data.changes.length) showChanges(data.changes, data.phases);
})();
