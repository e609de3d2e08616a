// Notes: a first tap on a claim link or on a term opens its note, Escape closes a claim's note.
// Hover and focus need no script.
"use strict";

(() => {
  const OPEN = "mark-open";
  const CLOSED = "mark-closed";

  function close(mark) {
    mark.classList.remove(OPEN);
    mark.classList.add(CLOSED);
    const again = () => mark.classList.remove(CLOSED);
    mark.addEventListener("pointerleave", again, { once: true });
    mark.addEventListener("focusout", again, { once: true });
  }

  let isTouch = false;
  addEventListener("pointerdown", (event) => {
    isTouch = event.pointerType === "touch";
    for (const open of document.querySelectorAll(`.${OPEN}`)) {
      if (!open.contains(event.target)) open.classList.remove(OPEN);
    }
  });

  // A term's definition is the title of its link, which only a pointer can show.
  function define(link) {
    const note = document.createElement("span");
    note.className = "term-note";
    note.setAttribute("role", "note");
    note.textContent = `${link.title} Tap again for the glossary.`;
    link.after(note);
  }

  addEventListener("click", (event) => {
    // Not on pointerdown: without the note the text moves, and the tap would miss its target.
    for (const note of document.querySelectorAll(".term-note")) {
      if (!note.previousElementSibling.contains(event.target)) note.remove();
    }
    const term = event.target.closest?.("a[title][href*='#term-']");
    if (term && isTouch && !term.nextElementSibling?.matches(".term-note")) {
      event.preventDefault();
      define(term);
    }
    const mark = event.target.closest?.(".mark-link")?.parentElement;
    if (mark && isTouch && !mark.classList.contains(OPEN)) {
      event.preventDefault();
      mark.classList.remove(CLOSED);
      mark.classList.add(OPEN);
    }
  });

  addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      document.querySelectorAll(".claim-mark:is(:hover, :focus-within, .mark-open)").forEach(close);
    }
  });
})();
