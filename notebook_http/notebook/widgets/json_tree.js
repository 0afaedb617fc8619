// A JSON value as a tree: the kernel has the value, the page asks for what is opened.
// What a server sent becomes text nodes and nothing else; no markup is ever read.

const PAGE = 100; // rows that are asked for at once
const MOST = 1000; // rows of one level that stay in the page
const INDENTED_LEVELS = 24; // beyond, rows are not moved further to the right
const TYPING_PAUSE = 300; // milliseconds

function button(className, text, label, act) {
  const element = make("button", className, text);
  element.type = "button";
  if (label) element.setAttribute("aria-label", label);
  element.addEventListener("click", act);
  return element;
}

class Kernel {
  // Questions to the kernel, and its answers.
  constructor(model) {
    this.model = model;
    this.prefix = Math.random().toString(36).slice(2);
    this.count = 0;
    this.waiting = new Map();
    this.receive = (message) => {
      const waiting = this.waiting.get(message?.id);
      if (!waiting) return;
      this.waiting.delete(message.id);
      clearTimeout(waiting.timer);
      waiting.resolve(message);
    };
    model.on("msg:custom", this.receive);
  }

  ask(message, silent) {
    const id = `${this.prefix}-${(this.count += 1)}`;
    return new Promise((resolve) => {
      const timer = setTimeout(silent, PATIENCE);
      this.waiting.set(id, { resolve, timer });
      this.model.send({ ...message, id });
    });
  }

  dispose() {
    this.model.off("msg:custom", this.receive);
    for (const { timer } of this.waiting.values()) clearTimeout(timer);
    this.waiting.clear();
  }
}

class Tree {
  constructor(model, host) {
    this.model = model;
    this.kernel = new Kernel(model);
    this.host = host;
    this.host.classList.add("nh-json");
    this.matches = [];
    this.match = -1;
    this.searches = 0;
    this.begin();
    this.bar();
    this.tree = make("div", "nh-tree");
    this.tree.setAttribute("role", "tree");
    this.tree.setAttribute("aria-label", "JSON body");
    this.tree.addEventListener("keydown", (event) => this.key(event));
    this.host.append(this.searchBar, this.tree, this.pathBar);
    this.redraw = () => this.begin() || this.show();
    model.on("change:first", this.redraw);
    this.show();
  }

  begin() {
    const first = this.model.get("first");
    this.root = { ...first.root, path: [], level: 1, position: 0, siblings: 1, parent: null };
    this.root.open = false;
    this.firstRows = first.rows;
  }

  show() {
    this.tree.replaceChildren();
    this.place(this.root, this.tree);
    this.select(this.root, false);
    if (this.root.size > 0) {
      this.unfold(this.root);
      this.fill(this.root, 0, this.firstRows);
    }
  }

  // The bar above: search ---------------------------------------------------------------------

  bar() {
    this.searchBar = make("div", "nh-bar");
    this.searchBar.setAttribute("role", "search");
    this.words = make("input", "nh-words");
    this.words.type = "search";
    this.words.placeholder = "Search";
    this.words.setAttribute("aria-label", "Search in this JSON");
    this.scope = make("select", "nh-scope");
    this.scope.setAttribute("aria-label", "Where to search");
    for (const [value, text] of [
      ["all", "keys and values"],
      ["keys", "keys"],
      ["values", "values"],
    ]) {
      const option = make("option", "", text);
      option.value = value;
      this.scope.append(option);
    }
    this.count = make("span", "nh-count");
    this.count.setAttribute("role", "status");
    this.searchBar.append(
      this.words,
      this.scope,
      button("nh-button nh-previous", "▲", "Previous match", () => this.go(-1)),
      button("nh-button nh-next", "▼", "Next match", () => this.go(1)),
      this.count,
    );
    let timer = 0;
    this.words.addEventListener("input", () => {
      clearTimeout(timer);
      timer = setTimeout(() => this.search(), TYPING_PAUSE);
    });
    this.words.addEventListener("keydown", (event) => {
      event.stopPropagation(); // the notebook has shortcuts of its own
      if (event.key !== "Enter") return;
      event.preventDefault();
      clearTimeout(timer);
      if (this.words.value !== this.searched) this.search();
      else this.go(event.shiftKey ? -1 : 1);
    });
    this.scope.addEventListener("change", () => this.search());

    this.pathBar = make("div", "nh-bar nh-paths");
    this.jsonPath = button("nh-button nh-path", "$", "", () => this.copy(this.jsonPath));
    this.pythonPath = button("nh-button nh-path", "", "", () => this.copy(this.pythonPath));
    this.jsonPath.title = "Copy the JSONPath";
    this.pythonPath.title = "Copy the Python subscript";
    this.status = make("span", "nh-count");
    this.status.setAttribute("role", "status");
    this.pathBar.append(make("span", "", "Path "), this.jsonPath, this.pythonPath, this.status);
  }

  async search() {
    const words = this.words.value;
    this.searched = words;
    const mine = (this.searches += 1);
    this.matches = [];
    this.match = -1;
    if (!words) {
      this.count.textContent = "";
      this.mark(null);
      void this.ask({ type: "search", words: "", scope: "all" });
      return;
    }
    this.count.textContent = "searching…";
    const found = await this.ask({ type: "search", words, scope: this.scope.value });
    if (mine !== this.searches || found.superseded) return;
    this.matches = found.paths ?? [];
    this.whole = found.whole;
    if (this.matches.length) await this.go(1);
    else this.count.textContent = "no match";
  }

  async go(by) {
    const total = this.matches.length;
    if (!total) return;
    this.match = (this.match + by + total) % total;
    const of = total.toLocaleString("en") + (this.whole ? "" : "+");
    this.count.textContent = `${this.match + 1} of ${of}`;
    const node = await this.reveal(this.matches[this.match]);
    if (!node) return;
    this.select(node, false);
    this.mark(node);
  }

  mark(node) {
    this.tree.querySelector(".nh-match")?.classList.remove("nh-match");
    if (!node) return;
    node.row.classList.add("nh-match");
    node.row.scrollIntoView({ block: "nearest" });
  }

  async reveal(path) {
    let node = this.root;
    for (const position of path) {
      if (!node.open) this.unfold(node);
      const inside = node.filled && position >= node.from && position < node.to;
      if (!inside) await this.load(node, Math.floor(position / PAGE) * PAGE, "anew");
      node = node.children.find((child) => child.position === position);
      if (!node) return null;
    }
    return node;
  }

  // Rows --------------------------------------------------------------------------------------

  place(node, parent, before = null) {
    const row = make("div", "nh-row");
    row.setAttribute("role", "treeitem");
    row.setAttribute("aria-level", String(node.level));
    row.setAttribute("aria-setsize", String(node.siblings));
    row.setAttribute("aria-posinset", String(node.position + 1));
    row.setAttribute("aria-selected", "false");
    row.tabIndex = -1;
    row.style.paddingLeft = `${Math.min(node.level, INDENTED_LEVELS) * 1.2 - 1}em`;
    const branch = node.size > 0;
    if (branch) row.setAttribute("aria-expanded", "false");
    const twist = make("span", "nh-twist", branch ? "▸" : "");
    twist.setAttribute("aria-hidden", "true");
    row.append(twist, make("span", "nh-key", node.key));
    row.append(make("span", "nh-colon", ": "), make("span", `nh-value nh-${node.kind}`, node.text));
    row.addEventListener("click", () => {
      this.select(node, true);
      if (branch) this.toggle(node);
    });
    if (node.kind === "array" && branch) {
      const table = button("nh-button nh-rows", "table", "", (event) => {
        event.stopPropagation();
        this.select(node, true);
        this.rows(node);
      });
      table.title = "Show these rows as a table";
      table.tabIndex = -1;
      row.append(table);
    }
    node.row = row;
    parent.insertBefore(row, before);
    if (branch) {
      node.group = make("div", "nh-group");
      node.group.setAttribute("role", "group");
      node.group.hidden = true;
      row.after(node.group);
    }
  }

  unfold(node) {
    node.open = true;
    node.group.hidden = false;
    node.row.setAttribute("aria-expanded", "true");
    node.row.querySelector(".nh-twist").textContent = "▾";
  }

  fold(node) {
    node.open = false;
    node.group.hidden = true;
    node.row.setAttribute("aria-expanded", "false");
    node.row.querySelector(".nh-twist").textContent = "▸";
    if (node.group.contains(this.selected?.row)) this.select(node, true);
  }

  toggle(node) {
    if (node.open) this.fold(node);
    else {
      this.unfold(node);
      if (!node.filled) void this.load(node, 0, "anew");
    }
  }

  async load(node, start, how) {
    const answer = await this.ask({ type: "children", path: node.path, start, count: PAGE });
    if (answer.rows) this.fill(node, start, answer.rows, how);
    else if (answer.error) this.status.textContent = answer.error;
  }

  fill(node, start, rows, how = "anew") {
    // Asked for twice, or of a page that is not shown any more.
    if (how === "below" && start !== node.to) return;
    if (how === "above" && start + rows.length !== node.from) return;
    const level = node.level + 1;
    const fresh = rows.map((row, index) => ({
      ...row,
      level,
      position: start + index,
      path: [...node.path, start + index],
      siblings: node.size,
      parent: node,
      open: false,
    }));
    node.filled = true;
    if (how === "below") node.children.push(...fresh);
    else if (how === "above") node.children.unshift(...fresh);
    else {
      node.group.replaceChildren();
      node.children = fresh;
    }
    node.earlier?.remove();
    node.later?.remove();
    const before = how === "above" ? node.group.firstChild : null;
    for (const child of fresh) this.place(child, node.group, before);
    while (node.children.length > MOST) this.drop(node, how === "above" ? "pop" : "shift");
    node.from = node.children[0]?.position ?? 0;
    node.to = node.from + node.children.length;
    if (node.from > 0) {
      const count = Math.min(PAGE, node.from);
      node.earlier = this.more(node, `${count} before these`, node.from - count, "above");
      node.group.prepend(node.earlier);
    }
    if (node.to < node.size) {
      const left = (node.size - node.to).toLocaleString("en");
      const next = Math.min(PAGE, node.size - node.to);
      node.later = this.more(node, `${next} more of ${left}`, node.to, "below");
      node.group.append(node.later);
    }
  }

  drop(node, end) {
    const child = node.children[end]();
    child.row.remove();
    child.group?.remove();
    if (this.selected === child) this.select(node, false);
  }

  more(node, text, start, how) {
    const row = make("div", "nh-row nh-more", text);
    row.setAttribute("role", "treeitem");
    row.setAttribute("aria-level", String(node.level + 1));
    row.tabIndex = -1;
    row.style.paddingLeft = `${Math.min(node.level + 1, INDENTED_LEVELS) * 1.2}em`;
    row.addEventListener("click", async () => {
      const focused = row === document.activeElement || row.contains(document.activeElement);
      row.textContent = "…";
      await this.load(node, start, how);
      const child = node.children.find((each) => each.position === start);
      if (focused && child) this.select(child, true);
    });
    return row;
  }

  // Selecting ---------------------------------------------------------------------------------

  select(node, focus) {
    if (this.selected) {
      this.selected.row.tabIndex = -1;
      this.selected.row.setAttribute("aria-selected", "false");
    }
    this.selected = node;
    node.row.tabIndex = 0;
    node.row.setAttribute("aria-selected", "true");
    if (focus) node.row.focus({ preventScroll: true });
    const steps = [];
    for (let at = node; at.parent; at = at.parent) steps.unshift(at);
    const told = steps.every((step) => step.json !== null);
    this.jsonPath.textContent = told ? "$" + steps.map((step) => step.json).join("") : "—";
    this.pythonPath.textContent = told ? steps.map((step) => step.python).join("") : "—";
    this.jsonPath.disabled = !told;
    this.pythonPath.disabled = !told || !steps.length;
    this.pythonPath.hidden = !steps.length;
    this.status.textContent = told ? "" : "a key here is too long for a path";
  }

  key(event) {
    event.stopPropagation(); // the notebook has shortcuts of its own
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const row = event.target.closest("[role=treeitem]");
    if (!row || event.target.tagName === "BUTTON") return;
    const rows = [...this.tree.querySelectorAll("[role=treeitem]")].filter(
      (each) => !each.closest(".nh-group[hidden]"),
    );
    const at = rows.indexOf(row);
    const node = row === this.selected?.row ? this.selected : null;
    const focus = (to) => to && this.focus(to);
    const acts = {
      ArrowDown: () => focus(rows[at + 1]),
      ArrowUp: () => focus(rows[at - 1]),
      Home: () => focus(rows[0]),
      End: () => focus(rows[rows.length - 1]),
      ArrowRight: () => {
        if (node?.group && !node.open) this.toggle(node);
        else if (node?.open) focus(node.children?.[0]?.row);
      },
      ArrowLeft: () => {
        if (node?.open) this.fold(node);
        else focus(node ? node.parent?.row : row.parentElement.previousElementSibling);
      },
      Enter: () => {
        if (!node) row.click();
        else if (node.group) this.toggle(node);
        else void this.copy(this.jsonPath);
      },
      t: () => node?.kind === "array" && node.group && this.rows(node),
      c: () => void this.copy(this.jsonPath),
      p: () => void this.copy(this.pythonPath),
    };
    acts[" "] = acts.Enter;
    const act = acts[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  }

  focus(row) {
    const node = this.nodeOf(row, this.root);
    if (node) this.select(node, true);
    else row.focus(); // one of "more"
    row.scrollIntoView({ block: "nearest" });
  }

  nodeOf(row, node) {
    // Down the one branch that holds the row.
    while (node && node.row !== row) {
      node = node.children?.find((child) => child.row === row || child.group?.contains(row));
    }
    return node;
  }

  // What buttons do ---------------------------------------------------------------------------

  async copy(from) {
    if (from.disabled || from.hidden) return;
    try {
      await copyText(from.textContent);
      this.status.textContent = `copied ${from.textContent}`;
    } catch (error) {
      this.status.textContent = `not copied: ${error.message}`;
    }
  }

  async rows(node) {
    this.status.textContent = "making a table…";
    const answer = await this.ask({ type: "rows", path: node.path });
    this.status.textContent = answer.error ?? "shown in the tab Table";
  }

  ask(message) {
    return this.kernel.ask(message, () => {
      this.status.textContent = "The kernel is busy, or gone: it does not answer.";
    });
  }

  dispose() {
    this.model.off("change:first", this.redraw);
    this.kernel.dispose();
  }
}

export default {
  render({ model, el }) {
    const tree = new Tree(model, el);
    return () => tree.dispose();
  },
};
