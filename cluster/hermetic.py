"""Nothing leaves the cluster: what its nodes send beyond its own networks is dropped.

Two reasons. A lab must not send traffic to anybody. And "nobody answers" must mean it: a packet
to a Service port without a rule is not translated, so it leaves its node by the default route, and
on some machines whatever sits there accepts every connection. (Symptom without the rule:
`agnhost connect` succeeds on ports that no Service has, and claims about time-outs fail.)
"""

from concurrent.futures import ThreadPoolExecutor

from cluster.engine import Engine
from cluster.kind import POD_SUBNET, running_nodes, subnets

_CHAIN = "HERMETIC"


def seal(engine: Engine) -> None:
    """Puts the rules in place on every node; they stay until the node stops."""
    # After all address translation, so that the real destination counts, and for both what the
    # node forwards for Pods and what it sends itself.
    inside = {4: [POD_SUBNET], 6: ["fe80::/10", "ff00::/8"]}
    for subnet in subnets(engine):
        inside[subnet.version].append(str(subnet))
    script = "\n".join(
        [
            "set -e",
            _rules("iptables", inside[4]),
            # Where the kernel has no IPv6, nothing can leave by it.
            f"if [ -e /proc/net/if_inet6 ]; then\n{_rules('ip6tables', inside[6])}\nfi",
        ]
    )
    with ThreadPoolExecutor() as nodes:
        list(
            nodes.map(
                lambda node: engine.docker("exec", "-i", node, "bash", "-s", input=script),
                running_nodes(engine),
            )
        )


def _rules(iptables: str, inside: list[str]) -> str:
    returns = "\n".join(f"-A {_CHAIN} -d {network} -j RETURN" for network in inside)
    jump = f"{iptables} -w -t mangle {{}} POSTROUTING -o eth0 -j {_CHAIN}"
    # Declaring the chain empties it, so sealing twice is sealing once.
    return (
        f"{iptables}-restore -w --noflush <<RULES\n"
        f"*mangle\n:{_CHAIN} -\n{returns}\n-A {_CHAIN} -j DROP\nCOMMIT\nRULES\n"
        f"{jump.format('-C')} 2>/dev/null || {jump.format('-A')}"
    )
