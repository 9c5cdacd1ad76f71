// What is wider than its place can be scrolled by keyboard too: it takes the focus, and nothing else does.
function mark() {
  for (const element of document.querySelectorAll("pre, div.cell_output, div.table-wrapper")) {
    if (element.scrollWidth > element.clientWidth) element.tabIndex = 0;
    else element.removeAttribute("tabindex");
  }
}
mark();
addEventListener("resize", mark);
