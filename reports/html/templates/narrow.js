// On a narrow screen the sections after the first are closed, under their names; on paper they never are.
(() => {
  const narrow = matchMedia("screen and (max-width: 720px)");
  const fold = (section) => {
    const link = all("nav a").find((each) => each.hash === `#${section.id}`);
    const part = make("details", { class: "part fold", "data-print": "" }, make("summary", {}, link ? link.textContent : section.id));
    section.before(part);
    part.append(section);
  };
  const arrange = () => {
    if (narrow.matches) all("main > section:not(#summary)").forEach(fold);
    else all("main > .fold").forEach((part) => part.replaceWith(one("section", part)));
  };
  arrange();
  narrow.addEventListener("change", arrange);
})();
