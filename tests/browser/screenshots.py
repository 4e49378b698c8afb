"""Pictures of a running installation for the README.

    .venv/bin/python -m tests.browser.screenshots --site http://127.0.0.1:8000 \\
        --password PASSWORD --out docs/pictures [--page admin=/admin/bots/bot/] [--bot 3]

Signs in as admin, waits until each page is live, and keeps fleet and bot in dark, light and on a
phone. A page given as a whole address (Flower's, with its password in it) is taken as it is.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

from selenium.webdriver.common.by import By

from tests.browser.chromium import open_chromium
from tests.browser.looks import LOOKS
from tests.browser.person import Person


def main(arguments: Sequence[str] | None = None) -> int:
    """Take the pictures; print each file's name."""
    given = _parser().parse_args(arguments)
    given.out.mkdir(parents=True, exist_ok=True)
    with open_chromium() as browser:
        person = Person(browser, given.site.rstrip("/"))
        _sign_in(person, given.login, given.password)
        for name, path in (("fleet", "/"), ("bot", f"/bots/{given.bot}/")):
            for look, screen in LOOKS.items():
                person.look(**screen)
                person.go(path)
                person.until(person.is_live)
                person.settle()
                _keep(person, given.out / f"{name}-{look}.png")
        person.look(**LOOKS["dark"])
        for name, _, address in (page.partition("=") for page in given.page):
            browser.get(address if "://" in address else f"{person.site}{address}")
            person.settle()
            _keep(person, given.out / f"{name}.png")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="Take pictures of a running installation.")
    parser.add_argument("--site", default="http://127.0.0.1:8000")
    parser.add_argument("--login", default="admin")
    parser.add_argument("--password", required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--bot", type=int, default=1, help="number of the bot to show")
    parser.add_argument("--page", action="append", default=[], metavar="NAME=PATH")
    return parser


def _sign_in(person: Person, login: str, password: str) -> None:
    person.go("/login/")
    person.browser.find_element(By.NAME, "username").send_keys(login)
    person.browser.find_element(By.NAME, "password").send_keys(password)
    person.browser.find_element(By.CSS_SELECTOR, "main button").click()
    person.until(lambda: "/login/" not in person.browser.current_url)


def _keep(person: Person, path: Path) -> None:
    person.picture(path)
    print(path)


if __name__ == "__main__":
    raise SystemExit(main())
