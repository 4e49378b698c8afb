"""How the admin looks: its name, its label of the state, its sidebar, its symbol."""

from typing import Any

UNFOLD: dict[str, Any] = {
    "SITE_TITLE": "Flotilla",
    "SITE_HEADER": "Flotilla",
    "SITE_SUBHEADER": "config.sidebar.installation",
    "SITE_URL": "/",
    "SITE_SYMBOL": "sailing",
    "SITE_FAVICONS": [{"rel": "icon", "type": "image/svg+xml", "href": "config.sidebar.icon"}],
    "SHOW_VIEW_ON_SITE": False,
    "ENVIRONMENT": "config.sidebar.state_label",
    "SIDEBAR": {"show_search": True, "navigation": "config.sidebar.navigation"},
    "COLORS": {
        "primary": {
            "50": "oklch(97.7% .013 236.62)",
            "100": "oklch(95.1% .026 236.824)",
            "200": "oklch(90.1% .058 230.902)",
            "300": "oklch(82.8% .111 230.318)",
            "400": "oklch(74.6% .16 232.661)",
            "500": "oklch(68.5% .169 237.323)",
            "600": "oklch(58.8% .158 241.966)",
            "700": "oklch(50% .134 242.749)",
            "800": "oklch(44.3% .11 240.79)",
            "900": "oklch(39.1% .09 240.876)",
            "950": "oklch(29.3% .066 243.157)",
        },
    },
}
