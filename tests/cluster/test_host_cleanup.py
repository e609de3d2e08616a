"""Host clean-up reverts the changes of dockerd, and no others."""

import pytest

from cluster import host_cleanup

FRESH = [
    "filter :INPUT ACCEPT",
    "filter :FORWARD ACCEPT",
    "filter -A FORWARD -i wg0 -j ACCEPT",
    "nat :POSTROUTING ACCEPT",
]

WITH_DOCKER = [
    "filter :INPUT ACCEPT",
    "filter :FORWARD DROP",
    "filter :DOCKER -",
    "filter :DOCKER-USER -",
    "filter -A FORWARD -j DOCKER-USER",
    "filter -A FORWARD -o br-0123456789ab -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT",
    "filter -A FORWARD -i wg0 -j ACCEPT",
    "filter -A DOCKER-USER -j RETURN",
    "nat :POSTROUTING ACCEPT",
    "nat :DOCKER -",
    "nat -A POSTROUTING -s 172.18.0.0/16 ! -o br-0123456789ab -j MASQUERADE",
    "nat -A POSTROUTING -s 172.18.0.2/32 -d 172.18.0.2/32 -p tcp -m tcp --dport 80 -j MASQUERADE",
    'nat -A POSTROUTING -s 10.0.0.0/8 -m comment --comment "not Docker\'s" -j MASQUERADE',
]


@pytest.fixture
def ran(monkeypatch) -> list[str]:
    """Return the iptables commands that ran."""
    commands: list[str] = []
    monkeypatch.setattr(host_cleanup, "_rules", lambda command: WITH_DOCKER)
    monkeypatch.setattr(host_cleanup, "_run", lambda *words: commands.append(" ".join(words)) or "")
    return commands


def remove(before: list[str], with_chains: bool) -> None:
    host_cleanup._remove_rules("iptables", before, ["br-0123456789ab"], with_chains)


def test_rules_and_chains_are_removed_and_the_policy_is_reset(ran):
    remove(FRESH, with_chains=True)
    conntrack = "-m conntrack --ctstate RELATED,ESTABLISHED"
    assert ran == [
        "iptables -t filter -P FORWARD ACCEPT",
        "iptables -t filter -D FORWARD -j DOCKER-USER",
        f"iptables -t filter -D FORWARD -o br-0123456789ab {conntrack} -j ACCEPT",
        "iptables -t filter -D DOCKER-USER -j RETURN",
        "iptables -t nat -D POSTROUTING -s 172.18.0.0/16 ! -o br-0123456789ab -j MASQUERADE",
        "iptables -t nat -D POSTROUTING -s 172.18.0.2/32 -d 172.18.0.2/32 "
        "-p tcp -m tcp --dport 80 -j MASQUERADE",
        *(
            f"iptables -t {table} {action} {chain}"
            for action in ("-F", "-X")
            for table, chain in (
                ("filter", "DOCKER"),
                ("filter", "DOCKER-USER"),
                ("nat", "DOCKER"),
            )
        ),
    ]


def test_while_another_engine_runs_only_the_rules_of_our_bridges_are_removed(ran):
    remove(FRESH, with_chains=False)
    assert len(ran) == 2
    assert all("br-0123456789ab" in command for command in ran)


def test_rules_that_existed_before_are_kept(ran):
    remove(WITH_DOCKER, with_chains=True)
    assert ran == []
