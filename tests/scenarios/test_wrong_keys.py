"""Keys the exchange refuses: the account says so, nothing is sent, new keys are taken up."""

import pytest

from apps.accounts.models import ExchangeAccount
from apps.accounts.services import store_secrets
from apps.bots import services
from apps.ledger.models import Desk, Order
from tests.scenarios.test_one_bot import BUSY
from tests.support.exchange import wait_until
from tests.support.fleet import API_KEY, Fleet

pytestmark = pytest.mark.scenario


def test_refused_keys_degrade_the_account_with_the_remedy_and_no_order(fleet: Fleet) -> None:
    account = fleet.open_account({"USDT": "10000"})
    store_secrets(
        account=account,
        secrets={"api_key": API_KEY, "secret": "not-the-secret"},
        actor=account.user,
    )
    bot = fleet.bot(account, name="keyless", **BUSY)
    fleet.start_control()
    fleet.start_bots()

    services.start_bot(bot=bot, actor=bot.user)
    degraded = ExchangeAccount.objects.filter(pk=account.pk, status="degraded")
    wait_until(degraded.exists, seconds=60)

    reason = Desk.objects.get(account=account).status_reason
    assert "refuses the API key" in reason
    assert "enter a valid one" in reason
    assert "not-the-secret" not in reason + fleet.log("bots")
    assert not Order.objects.exists()
    assert fleet.exchange.ledger("demo")["accounts"][0]["orders"] == []
