// The note of a claim: a first tap opens it, Escape closes it. Hover and focus need no script.
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

  addEventListener("click", (event) => {
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
