// What our controls share. It is put before the module of each: a module that is given to the page
// as text has no address to load another one from.

const PATIENCE = 8000; // milliseconds until the page says that the kernel is silent

function make(name, className, text) {
  const element = document.createElement(name);
  if (className) element.className = className;
  if (text !== undefined) element.textContent = text;
  // JupyterLab reads keys before anybody in its page does (arrows fold headings), but not of
  // elements that say so themselves.
  element.dataset.lmSuppressShortcuts = "true";
  return element;
}

async function copyText(text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    // No permission, or a page without TLS: the way of old.
    const area = make("textarea");
    area.value = text;
    area.style.position = "fixed";
    area.style.opacity = "0";
    const focused = document.activeElement;
    document.body.append(area);
    area.select();
    const copied = document.execCommand("copy");
    area.remove();
    focused?.focus();
    if (!copied) throw new Error("the page may not copy");
  }
}
