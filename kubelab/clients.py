"""Clients that send requests: a Pod, the host, and what they have in common.

`lab.client(...)` creates them; `kubelab.external` has the one outside the cluster.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from kubelab.answers import END_OF_FIELD, END_OF_RECORD, RECORD, Answer, Lookup, result_of
from kubelab.connection import COMMAND_SECONDS
from kubelab.display import echo
from kubelab.polling import poll
from kubelab.waiting import WITHIN, WaitFailed

if TYPE_CHECKING:
    from kubelab.objects import Pod

SECONDS = 4
"""How long nobody may say anything before a request has timed out. On an idle cluster an answer
takes 2 ms; TCP asks again for a connection after 1 s and after 3 s."""

ANSWER_SECONDS = 30
"""What an answer may take from somebody who has taken the connection. On a busy machine that can be
seconds, and it is no silence."""

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

DNS_TARGET = "kubernetes.default.svc.cluster.local"

DNS_SCRIPT = """for n in {1..25}; do
    until [[ $(dig +short +search "$0") == *.svc.* ]]; do sleep 0.2; done
done"""
"""The cluster has several DNS servers, and each query reaches one of them at random: 25 answered
queries leave out neither of two."""

REASONS = {
    "Connection refused": "refused",
    "Network is unreachable": "unreachable",
    "No route to host": "unreachable",
}


class Client:
    """A place that can run curl, dig and bash: a Pod, the host, or a container.

    A client belongs to a lab. A response counts as `answered` only if its body is the name of a
    Pod or of an external client of that lab.
    """

    def get(
        self, address: str, *options: str, within: float = 0, until: str | None = None
    ) -> Answer:
        """One HTTP request; `options` are curl's.

        An address without a path (`echo`, `10.96.0.10:80`) is asked for `/hostname` and then, over
        the same connection, for `/clientip`: the Answer has a source. The answer of any other URL
        must be a Pod's name to count. For `within` seconds a result other than `until` is not yet
        the answer, or a refusal where `until` is not given: a node refuses until kube-proxy has
        written the rules of a new Service, and goes on for a moment when a Service has changed.
        """
        has_path = "/" in address.removeprefix("http://")
        urls = [address] if has_path else [f"{address}/hostname", f"{address}/clientip"]
        self._echo(urls, options)
        for _ in poll(within, f"waiting for an answer from {address}"):
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

    def results(self, urls: Sequence[str], *options: str) -> dict[str, str]:
        """Send one request to each URL; print and return what became of each.

        Returns:
            By URL, the name of the Pod that answered, or the result: `HTTP 404`, `refused`, ….
        """
        answers = self.get_each(urls, *options)
        found = {url: answer.by or answer.result for url, answer in answers.items()}
        width = max(map(len, found), default=0)
        for url, result in found.items():
            print(f"{url:{width}}  {result}")
        return found

    def via(self, address: str) -> AddressClient:
        """The same client, whose HTTP requests all go to one address, whatever host they name."""
        return AddressClient(self, address)

    def udp(self, address: str, times: int = 1) -> list[Answer]:
        """Requests by UDP to `host:port`, each from a new socket."""
        socket = f"/dev/udp/{address.replace(':', '/')}"
        echo(f"{self.where} bash -c 'printf hostname > {socket}'")
        _, out, err = self.run("bash", "-c", UDP_SCRIPT, "udp", address, str(times), str(SECONDS))
        if "/dev/udp" in err and not out:
            return [Answer("not resolved")] * times
        return [self._udp_answer(record) for record in out.split(END_OF_RECORD)[:-1]]

    def lookup(
        self, name: str, kind: str = "A", *, within: float = 0, until: int | None = None
    ) -> Lookup:
        """Ask the cluster's DNS, with the search list of the client's /etc/resolv.conf.

        For `within` seconds an answer without records is not yet the answer, or one without
        `until` records of this kind: DNS follows Services and EndpointSlices a moment later.
        """
        options = ["+search", f"+time={SECONDS}", "+tries=1", "+noall", "+comments", "+answer"]
        echo(f"{self.where} dig +search {name} {kind}")
        for _ in poll(within, f"waiting for the {kind} records of {name}"):
            _, out, _ = self.run("dig", *options, "-t", kind, name)
            rcodes = re.findall(r"status: (\w+)", out)
            lines = re.findall(r"^[^;\s]\S*\s+(\d+)\s+IN\s+(\S+)\s+(.+)$", out, re.MULTILINE)
            records = tuple((type_, value) for _, type_, value in lines)
            ttl = max((int(seconds) for seconds, _, _ in lines), default=None)
            found = Lookup(rcodes[-1] if rcodes else "timed out", records, ttl)
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
        for _ in poll(within, f"waiting for an answer from {address}"):
            [answer] = self._curl([url], *options)
            if answer.by:
                return answer
        raise WaitFailed(f"no Pod answered at {address} for {within:g} s, last: {answer}")

    answers_as: Callable[[str], bool]
    """Whether a Pod or an external client of the client's lab has this name."""

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
            result, by = result_of(int(code), f"HTTP {status}", body, refusals, self.answers_as)
            found.append(Answer(result, by, None, connects != "0", body))
        return found

    def _udp_answer(self, record: str) -> Answer:
        body, code, source, _, _ = record.split(END_OF_FIELD)
        failure = {0: 0, 124: 28}.get(int(code), 7)
        result, by = result_of(
            failure, "answered by nobody known", body, {"refused"}, self.answers_as
        )
        return Answer(result, by, _host(source) if by else None, True, body)


class PodClient(Client):
    """Created by `lab.client(pod)`: a Pod as a client, by its first container.

    The Pod may be another lab's: the answers that count are those of `lab`.
    """

    def __init__(self, pod: Pod, answers_as: Callable[[str], bool]) -> None:
        self.pod, self.answers_as = pod, answers_as
        self.where = f"kubectl exec {pod.name} -n {pod.namespace} --"

    def run(self, *command: str) -> tuple[int, str, str]:
        """Run a command in the Pod: exit code, stdout, stderr."""
        return self.pod.run(*command)

    def wait_for_dns(self) -> None:
        """Return once all DNS servers of the cluster know the Services that exist now.

        Each server watches the Services, so it knows a new one a moment after its creation. The
        method creates one more Service and returns when every server resolves that one.

        Raises:
            WaitFailed: A server didn't resolve it in time.
        """
        api, namespace = self.pod.lab.api, self.pod.namespace
        marker = {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"generateName": "dns-marker-"},
            "spec": {"type": "ExternalName", "externalName": DNS_TARGET},
        }
        created = api.request("post", api.path("v1", "Service", namespace), marker)
        name = created["metadata"]["name"]
        echo(f"kubectl create service externalname {name} --external-name {DNS_TARGET}")
        seconds = COMMAND_SECONDS / 2
        code, _, _ = self.run("timeout", f"{seconds:g}", "bash", "-c", DNS_SCRIPT, name)
        if code != 0:
            raise WaitFailed(f"the cluster's DNS didn't resolve {name} for {seconds:g} s")


class HostClient(Client):
    """The machine that the lab runs on. It reaches the ports mapped to 127.0.0.1.

    On Linux it reaches the nodes' addresses too. Docker Desktop keeps the nodes in a virtual
    machine, where only mapped ports can be reached.
    """

    where = ""

    def __init__(self, answers_as: Callable[[str], bool]) -> None:
        self.answers_as = answers_as

    def run(self, *command: str) -> tuple[int, str, str]:
        """Run a command on the host: exit code, stdout, stderr."""
        if not shutil.which(command[0]):
            raise FileNotFoundError(
                f"this machine has no {command[0]}\n  Next: install {command[0]} and try again"
            )
        # Without the user's variables: a proxy or a ~/.curlrc would answer for the cluster.
        ran = subprocess.run(
            command,
            env={"PATH": os.environ["PATH"]},
            capture_output=True,
            text=True,
            timeout=COMMAND_SECONDS,
        )
        return ran.returncode, ran.stdout, ran.stderr


class AddressClient(Client):
    """A client whose requests all go to one address, created by `client.via("controller")`.

    It works like a browser for which DNS resolves every name to that address:
    `get("http://example.com/bar")` sends a request with the host example.com to it.
    """

    def __init__(self, client: Client, address: str) -> None:
        self.where, self.answers_as, self._client = client.where, client.answers_as, client
        self.always = ("--connect-to", f"::{address}:")

    def run(self, *command: str) -> tuple[int, str, str]:
        """Run a command where the client runs it."""
        return self._client.run(*command)


def url_of(address: str) -> str:
    """What to ask at an address: for `/hostname`, unless it has a path."""
    return address if "/" in address.removeprefix("http://") else f"{address}/hostname"


def _host(address: str) -> str:
    return address.strip().rpartition(":")[0].strip("[]")
