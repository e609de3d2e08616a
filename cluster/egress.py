"""Block egress: each node drops packets whose destination is outside the cluster's networks.

There are two reasons. A lab must not send traffic to other machines. And a Service port without
endpoints must not respond: kube-proxy doesn't translate the destination of such a packet, so the
packet leaves the node by the default route, and on some machines a proxy there accepts every
connection. (Symptom without the rule: `agnhost connect` succeeds on ports that no Service has, and
claims about time-outs fail.)
"""

from concurrent.futures import ThreadPoolExecutor

from cluster.engine import Engine
from cluster.kind import POD_SUBNET, running_nodes, subnets

CHAIN = "BLOCK-EGRESS"
"""The iptables chain in the mangle table of each node."""


def block(engine: Engine) -> None:
    """Add the rules on every node; they stay until the node stops."""
    # In POSTROUTING, after all address translation, so that the rules see the final destination,
    # both of packets that the node forwards for Pods and of packets that the node sends itself.
    inside = {4: [POD_SUBNET], 6: ["fe80::/10", "ff00::/8"]}
    for subnet in subnets(engine):
        inside[subnet.version].append(str(subnet))
    script = "\n".join(
        [
            "set -e",
            _rules("iptables", inside[4]),
            # A kernel without IPv6 needs no rules for it, and has no table to put them into.
            f"if [ -e /proc/net/if_inet6 ]; then\n{_rules('ip6tables', inside[6])}\nfi",
        ]
    )
    with ThreadPoolExecutor() as parallel:
        list(
            parallel.map(
                lambda node: engine.docker("exec", "-i", node, "bash", "-s", input=script),
                running_nodes(engine),
            )
        )


def _rules(iptables: str, inside: list[str]) -> str:
    returns = "\n".join(f"-A {CHAIN} -d {network} -j RETURN" for network in inside)
    jump = f"{iptables} -w -t mangle {{}} POSTROUTING -o eth0 -j {CHAIN}"
    # Declaring a chain empties it, so that blocking twice has the effect of blocking once.
    return (
        f"{iptables}-restore -w --noflush <<RULES\n"
        f"*mangle\n:{CHAIN} -\n{returns}\n-A {CHAIN} -j DROP\nCOMMIT\nRULES\n"
        f"{jump.format('-C')} 2>/dev/null || {jump.format('-A')}"
    )
