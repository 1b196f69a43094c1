"use strict";

// A card of the strategy map under the pointer or with the focus lights its chain: what drives it, and
// what it drives. Without this script the map is the same picture, and the list below says it in words.
for (const map of document.querySelectorAll(".map svg")) {
  const arrows = [...map.querySelectorAll("[data-from]")];
  const cards = [...map.querySelectorAll("[data-card]")];

  const reached = (start, from, to) => {
    const found = new Set([start]);
    for (const id of found) {
      for (const arrow of arrows) {
        if (arrow.dataset[from] === id) found.add(arrow.dataset[to]);
      }
    }
    return found;
  };

  const light = (id) => {
    const up = reached(id, "from", "to");
    const down = reached(id, "to", "from");
    const isLit = (of) => up.has(of) || down.has(of);
    for (const card of cards) card.classList.toggle("dim", !isLit(card.dataset.card));
    for (const arrow of arrows) {
      const { from, to } = arrow.dataset;
      const isWithin = (set) => set.has(from) && set.has(to);
      arrow.classList.toggle("dim", !isWithin(up) && !isWithin(down));
    }
  };

  const calm = () => {
    for (const part of [...cards, ...arrows]) part.classList.remove("dim");
  };

  for (const card of cards) {
    card.addEventListener("pointerenter", () => light(card.dataset.card));
    card.addEventListener("focusin", () => light(card.dataset.card));
    card.addEventListener("pointerleave", calm);
    card.addEventListener("focusout", calm);
  }
}

// A page looks again by itself, but never under the hands of somebody: neither a form that is half filled
// nor the place of a keyboard or of a reader of screens is lost.
const again = document.querySelector("meta[name=refresh]");
if (again) {
  let isTouched = false;
  document.addEventListener("input", () => { isTouched = true; });
  setInterval(() => {
    const isHeld = document.activeElement !== null && document.activeElement !== document.body;
    if (!isTouched && !isHeld && !document.hidden) location.reload();
  }, Number(again.content) * 1000);
}

// A screen on a wall that gets no answer goes on showing what it has; it says so when that is old.
const wall = document.body.dataset.staleAfter;
if (wall) {
  setTimeout(() => { document.querySelector(".stale").hidden = false; }, Number(wall) * 1000);
  const refresh = document.querySelector("meta[http-equiv=refresh]");
  const turn = refresh && refresh.content.split(";url=");
  if (turn) {
    // Asked first, so that a screen without a network keeps what it shows.
    refresh.remove();
    const ask = async () => {
      try {
        const answer = await fetch(turn[1], { method: "HEAD" });
        if (answer.ok) location.replace(turn[1]);
      } catch {
        // No network: asked again at the next turn.
      }
    };
    setInterval(ask, Number(turn[0]) * 1000);
  }
}
