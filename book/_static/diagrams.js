// Draws the page's Mermaid diagrams in the colours of the page's theme, and again when it changes.
"use strict";

(() => {
  const PALETTES = {
    light: {
      background: "#ffffff",
      primaryColor: "#e8f0fc",
      primaryTextColor: "#1b1f24",
      primaryBorderColor: "#2f6fd6",
      secondaryColor: "#e7f5ec",
      tertiaryColor: "#f4f6f9",
      lineColor: "#4a5361",
      textColor: "#1b1f24",
      noteBkgColor: "#fff6de",
      noteTextColor: "#1b1f24",
      edgeLabelBackground: "#ffffff",
    },
    dark: {
      darkMode: true,
      background: "#121417",
      primaryColor: "#1c2f4d",
      primaryTextColor: "#e9edf3",
      primaryBorderColor: "#8ab8ff",
      secondaryColor: "#173726",
      tertiaryColor: "#22262c",
      lineColor: "#b6bfcc",
      textColor: "#e9edf3",
      noteBkgColor: "#3d3417",
      noteTextColor: "#f4ecd2",
      edgeLabelBackground: "#121417",
    },
  };

  const page = document.documentElement;
  const diagrams = [...document.querySelectorAll("pre.diagram")].map((pre) => ({
    source: pre.textContent,
    element: pre,
  }));

  async function draw() {
    const theme = page.dataset.theme === "dark" ? "dark" : "light";
    mermaid.initialize({
      startOnLoad: false,
      securityLevel: "strict",
      theme: "base",
      themeVariables: { ...PALETTES[theme], fontSize: "15px" },
      fontFamily: getComputedStyle(document.body).fontFamily,
    });
    for (const [index, diagram] of diagrams.entries()) {
      // A diagram that can't be drawn leaves its source on the page, and the error in the console.
      const { svg } = await mermaid.render(`diagram-${index + 1}`, diagram.source);
      const drawn = document.createElement("div");
      drawn.className = "diagram";
      drawn.dataset.theme = theme;
      drawn.innerHTML = svg;
      diagram.element.replaceWith(drawn);
      diagram.element = drawn;
    }
  }

  // One drawing after another: Mermaid's settings are global.
  let drawing = draw();
  let theme = page.dataset.theme;
  new MutationObserver(() => {
    if (page.dataset.theme !== theme) {
      theme = page.dataset.theme;
      drawing = drawing.then(draw);
    }
  }).observe(page, { attributeFilter: ["data-theme"] });
})();
