"""uv installs what pip would, from where pip would."""

from workers.launch.bootstrap import ROOT
from workers.launch.packages import pinned_lines, uv_settings


def test_pips_configuration_is_handed_to_uv() -> None:
    configuration = "\n".join(
        [
            "global.index-url='https://mirror.example/simple'",
            "global.extra-index-url='file:///one/simple file:///two/simple'",
            "global.cert='/etc/mirror.pem'",
            "global.timeout='15'",
            "install.find-links='/wheels /more wheels'",
            ":env:.timeout='180'",
            "global.quiet='1'",
            "list.format='json'",
        ]
    )

    assert uv_settings(configuration) == {
        "UV_DEFAULT_INDEX": "https://mirror.example/simple",
        "UV_INDEX": "file:///one/simple file:///two/simple",
        "UV_INDEX_STRATEGY": "unsafe-best-match",
        "SSL_CERT_FILE": "/etc/mirror.pem",
        "UV_HTTP_TIMEOUT": "180",
        "UV_FIND_LINKS": "/wheels,/more,wheels",
    }


def test_no_configuration_changes_nothing() -> None:
    assert uv_settings("") == {}


def test_the_lock_pins_uv_with_its_hashes() -> None:
    lines = pinned_lines((ROOT / "requirements" / "base.txt").read_text(), "uv").splitlines()

    assert lines[0].startswith("uv==")
    assert len(lines) > 10
    assert all(line.strip().startswith("--hash=sha256:") for line in lines[1:])


def test_a_package_the_lock_does_not_name_is_not_found() -> None:
    assert pinned_lines("uvicorn==1.0 \\\n    --hash=sha256:00\n", "uv") == ""
