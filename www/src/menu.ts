/** A `details` element as a small menu: Escape, a click elsewhere and a choice close it. */

export function wireMenu(menu: HTMLDetailsElement): void {
  document.addEventListener("pointerdown", (event) => {
    if (menu.open && !menu.contains(event.target as Node)) {
      menu.open = false;
    }
  });
  menu.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && menu.open) {
      event.stopPropagation();
      closeMenu(menu);
    }
  });
  menu.addEventListener("focusout", (event) => {
    const to = event.relatedTarget;
    if (to instanceof Node && !menu.contains(to)) {
      menu.open = false;
    }
  });
}

/** The focus goes back to what opened it. */
export function closeMenu(menu: HTMLDetailsElement): void {
  if (menu.open && menu.contains(document.activeElement)) {
    menu.querySelector("summary")?.focus();
  }
  menu.open = false;
}
