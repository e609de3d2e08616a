"""Requests as the labs' clients make them, with results that are told apart everywhere.

A request is `answered`, `refused` (somebody said no at once), `timed out` (nobody said anything),
`not resolved` (the name has no address) or `unreachable` (the client knows no route). An answer
counts only when it names the Pod that gave it; any other one is called by its HTTP status.
"""

from __future__ import annotations

import re
import shlex
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kubelab.display import echo
from kubelab.polling import again
from kubelab.waiting import WITHIN, WaitFailed

if TYPE_CHECKING:
    from kubelab.objects import Pod

SECONDS = 4
"""How long nobody may say anything before a request has timed out. On an idle cluster an answer
takes 2 ms; TCP asks again for a connection after 1 s and after 3 s."""

ANSWER_SECONDS = 30
"""What an answer may take from somebody who has taken the connection. On a busy machine that can be
seconds, and it is no silence."""

END_OF_FIELD, END_OF_RECORD = "\x1f", "\x1e"
RECORD = END_OF_FIELD.join(["", "%{exitcode}", "%{http_code}", "%{num_connects}"]) + END_OF_RECORD
UDP_SCRIPT = """for ((i = 0; i < $2; i++)); do
    exec 3<>/dev/udp/${1/:/\\/} || exit 6
    for question in hostname clientip; do
        printf $question >&3
        timeout $3 dd bs=2048 count=1 status=none <&3
        printf '\\x1f%d\\x1f' $?
    done
    printf '\\x1e'
done"""
"""Two datagrams from one socket, as agnhost netexec understands them."""

ASKING_SCRIPT = """while
    curl --ipv4 --silent --max-time "$2" --write-out "$3" "$1"
    printf '%s\\x1e' "$EPOCHREALTIME"
    read -r -t "$4"
    (($? > 128))
do :; done"""
"""One request after another, each with its time, until stdin is closed, which `read` notices."""

BY_FAIL = 22
"""curl's exit code for an answer whose status is 400 or more, if it is told to --fail at one."""

REASONS = {
    "Connection refused": "refused",
    "Network is unreachable": "unreachable",
    "No route to host": "unreachable",
}


@dataclass(frozen=True)
class Answer:
    """What became of one request."""

    result: str
    by: str | None = None
    """The Pod (or the container beside the cluster) that named itself in the answer."""
    source: str | None = None
    """The IP address that the request came from, as the answering Pod saw it."""
    new_connection: bool = True
    body: str = ""

    def __str__(self) -> str:
        return f"{self.result} by {self.by}" if self.by else self.result


@dataclass(frozen=True)
class Lookup:
    """What the cluster's DNS said."""

    rcode: str
    """NOERROR, NXDOMAIN …; `timed out` when no server answered."""
    records: tuple[tuple[str, str], ...]
    """`("A", "10.96.0.1")`, in the order of the answer."""

    def of(self, kind: str) -> list[str]:
        """The values of all records of one type, sorted."""
        return sorted(value for type_, value in self.records if type_ == kind)


class Client:
    """Whoever can run curl, dig and bash: a Pod inside, or a container beside the cluster."""

    def get(
        self, address: str, *options: str, patience: float = 0, until: str | None = None
    ) -> Answer:
        """One HTTP request; `options` are curl's.

        An address without a path (`echo`, `10.96.0.10:80`) is asked for `/hostname` and then, over
        the same connection, for `/clientip`: the Answer has a source. The answer of any other URL
        must be a Pod's name to count. For `patience` seconds a result other than `until` is not yet
        the answer, or a refusal where `until` is not given: a node refuses until kube-proxy has
        written the rules of a new Service, and goes on for a moment when a Service has changed.
        """
        has_path = "/" in address.removeprefix("http://")
        urls = [address] if has_path else [f"{address}/hostname", f"{address}/clientip"]
        self._echo(urls, options)
        for _ in again(patience):
            answer, *more = self._curl(urls, "--fail-early", *options)
            if answer.result == until or (until is None and answer.result != "refused"):
                break
        if answer.by and more and not more[0].new_connection:
            return Answer(answer.result, answer.by, _host(more[0].body), True, answer.body)
        return answer

    def get_many(
        self, address: str, times: int, *options: str, keep_alive: bool = False
    ) -> list[Answer]:
        """Requests one after another, each over a new connection or all over one kept alive."""
        url = url_of(address)
        close = [] if keep_alive else ["--header", "Connection: close"]
        # curl repeats a URL for each number of a range, and sends no fragment.
        urls, options = [f"{url}#[1-{times}]"], (*close, *options)
        self._echo(urls, options)
        return self._curl(urls, *options)

    def get_each(self, urls: Sequence[str], *options: str) -> dict[str, Answer]:
        """One request for each URL, in their order; the answers by URL."""
        self._echo(urls, options)
        return dict(zip(urls, self._curl(urls, *options), strict=True))

    def through(self, door: str) -> Through:
        """The same client, whose HTTP requests all go to one address, whatever host they name."""
        return Through(self, door)

    def udp(self, address: str, times: int = 1) -> list[Answer]:
        """Requests by UDP to `host:port`, each from a new socket."""
        socket = f"/dev/udp/{address.replace(':', '/')}"
        echo(f"{self.where} bash -c 'printf hostname > {socket}'")
        _, out, err = self.run("bash", "-c", UDP_SCRIPT, "udp", address, str(times), str(SECONDS))
        if "/dev/udp" in err and not out:
            return [Answer("not resolved")] * times
        return [self._udp_answer(record) for record in out.split(END_OF_RECORD)[:-1]]

    def lookup(
        self, name: str, kind: str = "A", *, patience: float = 0, until: int | None = None
    ) -> Lookup:
        """Ask the cluster's DNS, with the search list of the client's /etc/resolv.conf.

        For `patience` seconds an answer without records is not yet the answer, or one without
        `until` records of this kind: DNS follows Services and EndpointSlices a moment later.
        """
        options = ["+search", f"+time={SECONDS}", "+tries=1", "+noall", "+comments", "+answer"]
        echo(f"{self.where} dig +search {name} {kind}")
        for _ in again(patience):
            _, out, _ = self.run("dig", *options, "-t", kind, name)
            rcodes = re.findall(r"status: (\w+)", out)
            records = re.findall(r"^[^;\s]\S*\s+\d+\s+IN\s+(\S+)\s+(.+)$", out, re.MULTILINE)
            found = Lookup(rcodes[-1] if rcodes else "timed out", tuple(records))
            if len(found.of(kind)) == until or (until is None and records):
                break
        return found

    def wait_for_answer(self, address: str, *options: str, within: float = WITHIN) -> Answer:
        """Ask again and again until a Pod answers; WaitFailed with the last result if none does.

        kube-proxy writes its rules a moment after the endpoints change, an Ingress controller its
        own after its Ingresses, and no watch tells when. An address without a path is asked for
        `/hostname`; the answer of any other URL must be a Pod's name.
        """
        url = url_of(address)
        for _ in again(within):
            [answer] = self._curl([url], *options)
            if answer.by:
                return answer
        raise WaitFailed(f"no Pod answered at {address} for {within:g} s, last: {answer}")

    where: str
    """How a person runs a command there: `kubectl exec client -n … --`; empty for the host."""

    always: tuple[str, ...] = ()
    """curl's options for every HTTP request."""

    def run(self, *command: str) -> tuple[int, str, str]:
        """Run a command: exit code, stdout, stderr."""
        raise NotImplementedError

    def _echo(self, urls: Sequence[str], options: tuple[str, ...]) -> None:
        command = ["curl", "--connect-timeout", str(SECONDS), *self.always, *options, *urls]
        echo(f"{self.where} {shlex.join(command)}".lstrip())

    def _curl(self, urls: Sequence[str], *options: str) -> list[Answer]:
        limits = ["--connect-timeout", str(SECONDS), "--max-time", str(ANSWER_SECONDS)]
        fixed = ["--ipv4", "--silent", "--verbose", *limits, *self.always]
        _, out, err = self.run("curl", *fixed, *options, "--write-out", RECORD, *urls)
        refusals = {result for words, result in REASONS.items() if words in err}
        found = []
        for record in out.split(END_OF_RECORD)[:-1]:
            body, code, status, connects = record.rsplit(END_OF_FIELD, 3)
            result, by = _result(int(code), f"HTTP {status}", body, refusals)
            found.append(Answer(result, by, None, connects != "0", body))
        return found

    def _udp_answer(self, record: str) -> Answer:
        body, code, source, _, _ = record.split(END_OF_FIELD)
        failure = {0: 0, 124: 28}.get(int(code), 7)
        result, by = _result(failure, "answered by nobody known", body, {"refused"})
        return Answer(result, by, _host(source) if by else None, True, body)


class Inside(Client):
    """A Pod as a client, by its first container."""

    def __init__(self, pod: Pod) -> None:
        self.pod = pod
        self.where = f"kubectl exec {pod.name} -n {pod.namespace} --"

    def run(self, *command: str) -> tuple[int, str, str]:
        container = self.pod.object["spec"]["containers"][0]["name"]
        api = self.pod.lab.api
        code, out, err = api.exec(self.pod.namespace, self.pod.name, container, list(command))
        if code is None:
            raise TimeoutError(f"{shlex.join(command)} did not end in {self.pod}; ask fewer times")
        return code, out, err


class Through(Client):
    """Made by `client.through("controller")`: a browser to which DNS gives that address for every
    name. `get("http://example.com/bar")` asks it for the host example.com."""

    def __init__(self, client: Client, door: str) -> None:
        self.where, self.run = client.where, client.run
        self.always = ("--connect-to", f"::{door}:")


def url_of(address: str) -> str:
    """What to ask at an address: for `/hostname`, unless it has a path."""
    return address if "/" in address.removeprefix("http://") else f"{address}/hostname"


def asked(output: str) -> list[tuple[str, float]]:
    """What ASKING_SCRIPT printed, as stamps: who answered, or the failure, and when."""
    parts, found = output.split(END_OF_RECORD), []
    for record, at in zip(parts[::2], parts[1::2], strict=False):
        body, code, status, _ = record.rsplit(END_OF_FIELD, 3)
        result, by = _result(int(code), f"HTTP {status}", body, {"refused or unreachable"})
        found.append((by or result, float(at)))
    return found


def counts(answers: Iterable[Answer]) -> dict[str, int]:
    """How many requests each Pod answered; those that nobody answered are counted by result."""
    return dict(sorted(Counter(answer.by or answer.result for answer in answers).items()))


def chi_square(counts: Mapping[str, int], among: int) -> float:
    """How far counts are from an even distribution among so many Pods: 0 is perfectly even.

    If chance alone is at work, it exceeds 10.8, 13.8, 16.3 for 2, 3, 4 Pods once in 1,000 runs.
    """
    even = sum(counts.values()) / among
    missed = (among - len(counts)) * even
    return round(sum((count - even) ** 2 / even for count in counts.values()) + missed, 2)


def _result(code: int, otherwise: str, body: str, refusals: set[str]) -> tuple[str, str | None]:
    """A result in words, from curl's exit code, and who answered."""
    from kubelab.lab import is_known

    name = body.strip()
    if code == 0 and is_known(name):
        return "answered", name
    if code in (0, BY_FAIL):
        return otherwise, None
    failures = {6: "not resolved", 7: " or ".join(sorted(refusals)), 28: "timed out"}
    return failures.get(code, f"curl exit code {code}"), None


def _host(address: str) -> str:
    return address.strip().rpartition(":")[0].strip("[]")
