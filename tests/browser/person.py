"""Somebody in front of a browser: goes to pages, looks, types, and sees what went wrong."""

import base64
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from selenium import webdriver
from selenium.webdriver.common.keys import Keys

PATIENCE_S = 15.0


class Person:
    """One signed-in person; `site` is the address of the application."""

    def __init__(self, browser: webdriver.Chrome, site: str) -> None:
        self.browser = browser
        self.site = site
        self.look(width=1440, height=900)
        self._forget()

    def sign_in(self, session: str) -> None:
        """As whoever this session is of; `test_fleet_page` signs in by the form."""
        self.go("/login/")
        self.browser.add_cookie({"name": settings.SESSION_COOKIE_NAME, "value": session})

    def go(self, path: str) -> None:
        self.browser.get(f"{self.site}{path}")

    def look(self, *, width: int, height: int, phone: bool = False, scheme: str = "dark") -> None:
        """From a screen of this size, whose owner prefers dark or light."""
        self.browser.execute_cdp_cmd(
            "Emulation.setDeviceMetricsOverride",
            {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": phone},
        )
        preferred = [{"name": "prefers-color-scheme", "value": scheme}]
        self.browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": preferred})

    def text(self, selector: str) -> str:
        return str(self.script("return document.querySelector(arguments[0]).textContent", selector))

    def count(self, selector: str) -> int:
        return int(self.script("return document.querySelectorAll(arguments[0]).length", selector))

    def script(self, source: str, *arguments: Any) -> Any:
        return self.browser.execute_script(source, *arguments)

    def press(self, *keys: str) -> None:
        for key in keys:
            self.browser.switch_to.active_element.send_keys(key)

    def enter(self) -> None:
        self.press(Keys.ENTER)

    def until(self, seen: Callable[[], Any]) -> None:
        """Wait for something the page does by itself."""
        ends = time.monotonic() + PATIENCE_S
        while not seen():
            if time.monotonic() > ends:
                raise AssertionError(f"not seen in {PATIENCE_S:.0f} s: {self.console()}")
            time.sleep(0.05)

    def is_live(self) -> bool:
        return bool(
            self.script("return document.getElementById('link-state')?.dataset.state") == "live"
        )

    def cut_off(self, away: bool) -> None:
        """Take the browser's network away, or give it back."""
        self.browser.execute_cdp_cmd("Network.enable", {})
        self.browser.execute_cdp_cmd(
            "Network.emulateNetworkConditions",
            {"offline": away, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1},
        )

    def settle(self) -> None:
        """Two frames later: charts draw themselves when the browser next paints."""
        self.browser.execute_async_script(
            "requestAnimationFrame(() => requestAnimationFrame(arguments[0]))"
        )

    def picture(self, path: Path) -> None:
        """The whole page, down to 2,400 pixels."""
        width, height = self.script(
            "return [innerWidth, Math.min(2400, document.documentElement.scrollHeight)]"
        )
        shot = self.browser.execute_cdp_cmd(
            "Page.captureScreenshot",
            {
                "captureBeyondViewport": True,
                "clip": {"x": 0, "y": 0, "width": width, "height": height, "scale": 1},
            },
        )
        path.write_bytes(base64.b64decode(shot["data"]))

    # ---- what went wrong -----------------------------------------------------------------------

    def console(self) -> list[str]:
        """What the browser complained about since the last look."""
        return [
            entry["message"]
            for entry in self.browser.get_log("browser")
            if entry["level"] in ("SEVERE", "WARNING")
        ]

    def hosts(self) -> set[str]:
        """Every host that something was asked of since the last look."""
        asked = set()
        for entry in self.browser.get_log("performance"):
            message = json.loads(entry["message"])["message"]
            if message["method"] == "Network.requestWillBeSent":
                address = urlsplit(message["params"]["request"]["url"])
                asked.add(address.netloc if address.scheme.startswith("http") else address.scheme)
        return asked

    def _forget(self) -> None:
        self.browser.get_log("browser")
        self.browser.get_log("performance")
