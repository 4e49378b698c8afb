// The report of one bot: its page is there from the start.
(() => {
  "use strict";
  window.Report.onTheme(window.Report.bot().paint);
})();
