// Draws every chart of the report from the specifications in the file itself. Expressions are interpreted (ast), not compiled, so
// that the page's policy can forbid eval; nothing is ever fetched.
(function () {
  "use strict";
  var specs = JSON.parse(document.getElementById("charts").textContent);
  Object.keys(specs).forEach(function (key) {
    var place = document.getElementById("chart_" + key);
    var options = { actions: false, renderer: "svg", ast: true, mode: "vega-lite" };
    window.vegaEmbed(place, specs[key], options).then(
      function () { place.classList.add("drawn"); },
      function (fault) {
        place.classList.add("failed");
        place.textContent = place.getAttribute("data-failed");
        console.error(key, fault);
      }
    );
  });
  var opened = [];
  window.addEventListener("beforeprint", function () {
    opened = Array.prototype.filter.call(document.querySelectorAll("details"), function (part) { return !part.open; });
    opened.forEach(function (part) { part.open = true; });
  });
  window.addEventListener("afterprint", function () {
    opened.forEach(function (part) { part.open = false; });
  });
})();
