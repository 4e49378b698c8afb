"""The screens on which pages are looked at."""

from typing import Any

LOOKS: dict[str, dict[str, Any]] = {
    "dark": {"width": 1440, "height": 900, "scheme": "dark"},
    "light": {"width": 1440, "height": 900, "scheme": "light"},
    "laptop": {"width": 1280, "height": 800, "scheme": "light"},
    "phone-dark": {"width": 380, "height": 800, "scheme": "dark", "phone": True},
    "phone-light": {"width": 380, "height": 800, "scheme": "light", "phone": True},
}
