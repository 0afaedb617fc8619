// A form for one request. What is typed stays in this page and goes to the kernel by messages:
// nothing of it is widget state, which notebooks save. Passwords are sent with a request, never back.

const METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"];

function button(text, act, label) {
  const element = make("button", "nh-button", text);
  element.type = "button";
  if (label) element.setAttribute("aria-label", label);
  element.addEventListener("click", act);
  return element;
}

function choice(label, options) {
  const element = make("select", "");
  element.setAttribute("aria-label", label);
  for (const [value, text] of options) {
    const option = make("option", "", text);
    option.value = value;
    element.append(option);
  }
  return element;
}

function field(label, type = "text") {
  const element = make("input", "");
  element.type = type;
  element.setAttribute("aria-label", label);
  element.placeholder = label;
  element.autocomplete = type === "password" ? "new-password" : "off";
  element.spellcheck = false;
  return element;
}

class Pairs {
  // Rows of a name and a value; an empty one is always at the end.
  constructor(what, changed, fixedNames = false) {
    this.what = what;
    this.changed = changed;
    this.fixedNames = fixedNames;
    this.element = make("div", "nh-pairs");
    this.set([]);
  }

  set(rows) {
    this.element.replaceChildren();
    for (const [name, value] of rows) this.add(name, value);
    if (!this.fixedNames) this.add("", "");
    this.changed?.();
  }

  add(name, value) {
    const row = make("div", "nh-pair");
    const [nameField, valueField] = [field(`${this.what} name`), field(`${this.what} value`)];
    nameField.value = name;
    valueField.value = value;
    nameField.readOnly = this.fixedNames;
    row.append(nameField, valueField);
    if (!this.fixedNames) {
      const drop = () => {
        row.remove();
        if (!this.element.childElementCount) this.add("", "");
        this.changed?.();
      };
      row.append(button("×", drop, `Remove this ${this.what}`));
    }
    row.addEventListener("input", () => {
      if (!this.fixedNames && row === this.element.lastElementChild) this.add("", "");
      this.changed?.();
    });
    this.element.append(row);
  }

  get() {
    const rows = [...this.element.children].map((row) =>
      [...row.querySelectorAll("input")].map((input) => input.value),
    );
    return rows.filter(([name, value]) => name || value);
  }
}

class Form {
  constructor(model, host) {
    this.model = model;
    this.prefix = Math.random().toString(36).slice(2);
    this.count = 0;
    this.waiting = new Map();
    this.receive = (message) => this.hear(message);
    model.on("msg:custom", this.receive);
    this.setUp = () => this.showSetup();
    model.on("change:setup", this.setUp);
    host.classList.add("nh-form");
    this.build(host);
    this.showSetup();
    void this.restore();
  }

  // Parts -------------------------------------------------------------------------------------

  build(host) {
    this.operations = choice("Operation", []);
    this.operations.classList.add("nh-operations");
    this.operations.addEventListener("change", () => this.pick());
    this.note = make("div", "nh-note");
    this.method = choice("Method", METHODS.map((name) => [name, name]));
    this.url = field("URL");
    this.url.classList.add("nh-url");
    this.url.addEventListener("input", () => this.findPlaceholders());
    this.sendButton = button("Send", () => this.send());
    this.sendButton.classList.add("nh-send");
    this.cancelButton = button("Cancel", () => void this.ask({ type: "cancel" }));
    this.history = choice("History", [["", "History (0)"]]);
    this.history.classList.add("nh-history");
    this.history.addEventListener("change", () => this.refill());
    const line = make("div", "nh-line");
    line.append(this.method, this.url, this.sendButton, this.cancelButton, this.history);

    this.path = new Pairs("path parameter", null, true);
    this.pathFold = this.fold("Path", this.path.element);
    this.params = new Pairs("parameter", () => this.tell());
    this.paramsFold = this.fold("Parameters", this.params.element);
    this.headers = new Pairs("header", () => this.tell());
    this.headersFold = this.fold("Headers", this.headers.element);
    this.buildAuth();
    this.buildBody();
    this.problem = make("div", "nh-problem");
    this.problem.setAttribute("role", "alert");
    this.buildCode();
    this.status = make("div", "nh-status");
    this.status.setAttribute("role", "status");
    host.append(
      this.operations, this.note, line, this.problem, this.pathFold, this.paramsFold,
      this.headersFold, this.authFold, this.bodyFold, this.codeFold, this.status,
    );
    host.addEventListener("keydown", (event) => {
      event.stopPropagation(); // the notebook has shortcuts of its own
      const enter = event.key === "Enter";
      if (enter && (event.ctrlKey || event.metaKey || event.target === this.url)) {
        event.preventDefault();
        this.send();
      }
    });
    // Code is that of the form as it was.
    host.addEventListener("input", (event) => event.target !== this.codeKind && this.hideCode());
    this.tell();
    this.running(false);
  }

  fold(title, ...children) {
    const details = make("details", "nh-fold");
    details.append(make("summary", "", title), ...children);
    return details;
  }

  buildAuth() {
    this.authKind = choice("Kind of auth", [
      ["none", "none"],
      ["basic", "Basic (user, password)"],
      ["bearer", "Bearer (token)"],
    ]);
    this.user = field("User");
    this.secret = field("Password", "password");
    const line = make("div", "nh-line");
    line.append(this.authKind, this.user, this.secret);
    const remark = make("div", "nh-remark", "It is sent, and kept nowhere: not in the notebook.");
    this.authFold = this.fold("Auth", line, remark);
    this.authKind.addEventListener("change", () => this.tell());
  }

  buildBody() {
    this.bodyKind = choice("Kind of body", [
      ["none", "none"],
      ["json", "JSON"],
      ["form", "form"],
      ["text", "text"],
    ]);
    this.text = make("textarea", "nh-text");
    this.text.rows = 6;
    this.text.spellcheck = false;
    this.text.setAttribute("aria-label", "Body");
    this.fields = new Pairs("field", null);
    this.jsonState = make("div", "nh-remark");
    this.bodyFold = this.fold("Body", this.bodyKind, this.text, this.fields.element, this.jsonState);
    this.bodyKind.addEventListener("change", () => this.tell());
    this.text.addEventListener("input", () => this.checkJson());
  }

  buildCode() {
    this.codeKind = choice("Form of the code", [
      ["python", "await"],
      ["http", "%%http"],
      ["curl", "curl"],
    ]);
    this.code = make("pre", "nh-code");
    this.code.tabIndex = 0;
    this.code.setAttribute("aria-label", "Code of this request");
    this.codeActs = make("div", "nh-line");
    this.codeActs.append(
      button("Copy", () => this.copyCode()),
      button("Insert as a new cell", () => this.insert()),
    );
    const line = make("div", "nh-line");
    line.append(this.codeKind, button("Show code", () => this.showCode()));
    this.codeFold = this.fold("As code", line, this.code, this.codeActs);
    this.codeKind.addEventListener("change", () => this.showCode());
    this.hideCode();
  }

  hideCode() {
    this.code.hidden = true;
    this.codeActs.hidden = true;
  }

  // What is shown -----------------------------------------------------------------------------

  showSetup() {
    const setup = this.model.get("setup");
    this.url.placeholder = setup.base_url ? `path below ${setup.base_url}` : "URL";
    const labels = setup.operations ?? [];
    this.operations.replaceChildren();
    const first = make("option", "", `Operations of ${setup.title || "this API"} (${labels.length})`);
    first.value = "";
    this.operations.append(first);
    labels.forEach((label, index) => {
      const option = make("option", "", label);
      option.value = String(index);
      this.operations.append(option);
    });
    this.operations.hidden = !labels.length;
  }

  tell() {
    if (!this.status) return; // not all parts are there yet
    const count = (pairs) => pairs.get().filter(([name]) => name).length;
    const title = (fold, text) => {
      fold.querySelector("summary").textContent = text;
    };
    title(this.paramsFold, `Parameters (${count(this.params)})`);
    title(this.headersFold, `Headers (${count(this.headers)})`);
    title(this.authFold, `Auth: ${this.authKind.value}`);
    title(this.bodyFold, `Body: ${this.bodyKind.selectedOptions[0].textContent}`);
    this.user.hidden = this.authKind.value !== "basic";
    this.secret.hidden = this.authKind.value === "none";
    const word = this.authKind.value === "bearer" ? "Token" : "Password";
    this.secret.placeholder = word;
    this.secret.setAttribute("aria-label", word);
    this.text.hidden = !["json", "text"].includes(this.bodyKind.value);
    this.fields.element.hidden = this.bodyKind.value !== "form";
    this.checkJson();
  }

  checkJson() {
    this.jsonState.textContent = "";
    this.text.removeAttribute("aria-invalid");
    if (this.bodyKind.value !== "json" || !this.text.value.trim()) return;
    try {
      JSON.parse(this.text.value);
      this.jsonState.textContent = "This is JSON.";
    } catch (error) {
      this.text.setAttribute("aria-invalid", "true");
      this.jsonState.textContent = `No JSON yet: ${error.message}`;
    }
  }

  findPlaceholders() {
    const names = [...this.url.value.matchAll(/\{([^{}/]+)\}/g)].map((found) => found[1]);
    const known = new Map(this.path.get());
    this.pathFold.hidden = !names.length;
    const now = [...known.keys()];
    if (now.join("\n") !== names.join("\n")) {
      this.path.set([...new Set(names)].map((name) => [name, known.get(name) ?? ""]));
      this.pathFold.open = names.length > 0;
    }
  }

  running(is) {
    this.sendButton.disabled = is;
    this.cancelButton.disabled = !is;
  }

  get() {
    return {
      method: this.method.value,
      url: this.url.value,
      path: this.path.get(),
      params: this.params.get(),
      headers: this.headers.get(),
      auth: {
        kind: this.authKind.value,
        user: this.user.value,
        secret: this.authKind.value === "none" ? "" : this.secret.value,
      },
      body: { kind: this.bodyKind.value, text: this.text.value, pairs: this.fields.get() },
    };
  }

  set(form) {
    if (!METHODS.includes(form.method) && form.method) {
      if (![...this.method.options].some((option) => option.value === form.method)) {
        this.method.append(new Option(form.method, form.method));
      }
    }
    this.method.value = form.method || "GET";
    this.url.value = form.url ?? "";
    this.path.set(form.path ?? []);
    this.findPlaceholders();
    this.params.set(form.params ?? []);
    this.headers.set(form.headers ?? []);
    this.authKind.value = form.auth?.kind ?? "none";
    this.user.value = form.auth?.user ?? "";
    this.bodyKind.value = form.body?.kind ?? "none";
    this.text.value = form.body?.text ?? "";
    this.fields.set(form.body?.pairs ?? []);
    this.pathFold.open = (form.path ?? []).length > 0;
    this.hideCode();
    this.paramsFold.open = (form.params ?? []).length > 0;
    this.headersFold.open = (form.headers ?? []).length > 0;
    this.bodyFold.open = this.bodyKind.value !== "none";
    this.authFold.open = this.authKind.value !== "none";
    this.tell();
  }

  showHistory(labels) {
    this.history.replaceChildren();
    const first = make("option", "", `History (${labels.length})`);
    first.value = "";
    this.history.append(first);
    labels.forEach((label, index) => {
      const option = make("option", "", label);
      option.value = String(index);
      this.history.append(option);
    });
  }

  complain(problem) {
    this.problem.textContent = problem?.text ?? "";
    if (!problem) return;
    const places = {
      url: this.url,
      method: this.method,
      path: this.pathFold,
      params: this.paramsFold,
      headers: this.headersFold,
      auth: this.authFold,
      body: this.bodyFold,
    };
    const place = places[problem.field];
    if (place?.tagName === "DETAILS") place.open = true;
    const inside = (selector) => place.querySelector(selector);
    const focus =
      place?.tagName !== "DETAILS"
        ? place
        : (inside("[aria-invalid=true]") ?? inside("input:not([hidden])") ?? inside("select"));
    focus?.focus();
  }

  // With the kernel ---------------------------------------------------------------------------

  ask(message) {
    const id = `${this.prefix}-${(this.count += 1)}`;
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        this.status.textContent = "The kernel is busy, or gone: it does not answer.";
      }, PATIENCE);
      this.waiting.set(id, { resolve, timer });
      this.model.send({ ...message, id });
    });
  }

  hear(message) {
    if (message?.type === "state") {
      this.running(message.running);
      this.status.textContent = message.text;
      if (message.history) this.showHistory(message.history);
      return;
    }
    const waiting = this.waiting.get(message?.id);
    if (!waiting) return;
    this.waiting.delete(message.id);
    clearTimeout(waiting.timer);
    waiting.resolve(message);
  }

  async restore() {
    const answer = await this.ask({ type: "restore" });
    if (answer.form) this.set(answer.form);
    this.showHistory(answer.history ?? []);
    this.running(answer.running ?? false);
  }

  async send() {
    if (this.sendButton.disabled) return;
    this.complain(null);
    const answer = await this.ask({ type: "send", form: this.get() });
    this.complain(answer.problem);
  }

  async refill() {
    const index = this.history.value;
    if (index === "") return;
    this.history.value = "";
    const answer = await this.ask({ type: "refill", index: Number(index) });
    if (answer.form) this.set(answer.form);
    this.secret.value = "";
    this.complain(answer.problem);
  }

  async pick() {
    const index = this.operations.value;
    if (index === "") return;
    const answer = await this.ask({ type: "operation", index: Number(index) });
    if (answer.form) this.set(answer.form);
    this.note.textContent = answer.note ?? "";
    this.complain(answer.problem);
  }

  async showCode() {
    this.complain(null);
    const answer = await this.ask({ type: "code", kind: this.codeKind.value, form: this.get() });
    this.complain(answer.problem);
    const hasCode = typeof answer.code === "string";
    this.code.textContent = answer.code ?? "";
    this.code.hidden = !hasCode;
    this.codeActs.hidden = !hasCode;
    return hasCode;
  }

  async copyCode() {
    try {
      await copyText(this.code.textContent);
      this.status.textContent = "copied";
    } catch (error) {
      this.status.textContent = `not copied: ${error.message}`;
    }
  }

  async insert() {
    const code = this.code.textContent;
    const app = window.jupyterapp ?? window.jupyterlab;
    const content = app?.shell?.currentWidget?.content;
    if (app?.commands?.hasCommand?.("notebook:insert-cell-below") && content?.activeCell) {
      await app.commands.execute("notebook:insert-cell-below");
      content.activeCell.model.sharedModel.setSource(code);
      this.status.textContent = "It is in a new cell, below the active one.";
      return;
    }
    const answer = await this.ask({ type: "cell", code });
    this.status.textContent = answer.text ?? "";
  }

  dispose() {
    this.model.off("msg:custom", this.receive);
    this.model.off("change:setup", this.setUp);
    for (const { timer } of this.waiting.values()) clearTimeout(timer);
  }
}

export default {
  render({ model, el }) {
    const form = new Form(model, el);
    return () => form.dispose();
  },
};
