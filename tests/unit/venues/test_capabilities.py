"""What a venue's profile says is used as it stands."""

from apps.venues.capabilities import known_profiles, profile_of


def test_open_orders_are_listed_market_by_market_while_that_is_no_dearer() -> None:
    weighed = [each for each in known_profiles() if "all_open_orders" in each.weights]

    assert weighed
    for profile in weighed:
        one, every = profile.weight("open_orders"), profile.weight("all_open_orders")
        assert profile.most_lists * one <= every < (profile.most_lists + 1) * one


def test_a_venue_without_known_weights_is_asked_market_by_market_up_to_a_number() -> None:
    assert profile_of("kraken").most_lists == profile_of("nobody-knows-it").most_lists > 1
