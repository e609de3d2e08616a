"""What curl, dig and bash say, told apart."""

from __future__ import annotations

import subprocess
from types import SimpleNamespace

import pytest

from kubelab import WaitFailed, polling
from kubelab.answers import RECORD, chi_square, counts
from kubelab.background import REPEATED_REQUESTS, results_in
from kubelab.clients import Client, PodClient


class Scripted(Client):
    """A client whose commands print what the test says."""

    where = "scripted"
    answers_as = staticmethod({"echo-1", "echo-2"}.__contains__)

    def __init__(self, out: str, err: str = "") -> None:
        self.out, self.err = out, err

    def run(self, *command: str) -> tuple[int, str, str]:
        self.command = command
        return 0, self.out, self.err


def said(body: str, code: int = 0, status: int = 200, connects: int = 1) -> str:
    """What curl prints for one transfer."""
    return f"{body}\x1f{code}\x1f{status:03}\x1f{connects}\x1e"


def test_an_answer_names_its_pod_and_the_source_it_saw():
    answer = Scripted(said("echo-1") + said("10.244.1.7:40000", connects=0)).get("echo")
    assert (answer.result, answer.by, answer.source) == ("answered", "echo-1", "10.244.1.7")


def test_a_source_seen_over_another_connection_does_not_count():
    answer = Scripted(said("echo-1") + said("10.244.1.7:40000", connects=1)).get("echo")
    assert (answer.by, answer.source) == ("echo-1", None)


def test_an_answer_that_names_no_pod_is_called_by_its_status():
    assert (
        Scripted(said("404 page not found", status=404)).get("http://echo/x").result == "HTTP 404"
    )
    assert Scripted(said("echo-9")).get("http://echo/hostname").result == "HTTP 200"


def test_a_status_at_which_curl_was_told_to_fail_is_still_called_by_it():
    assert Scripted(said("", 22, 404)).get("echo", "--fail").result == "HTTP 404"


@pytest.mark.parametrize(
    ("code", "words", "result"),
    [
        (6, "Could not resolve host: echo", "not resolved"),
        (7, "connect to 10.96.0.9 port 80 failed: Connection refused", "refused"),
        (7, "Immediate connect fail for 10.96.0.9: Network is unreachable", "unreachable"),
        (7, "connect to 10.96.0.9 port 80 failed: No route to host", "unreachable"),
        (28, "Connection timed out after 2000 milliseconds", "timed out"),
        (52, "Empty reply from server", "curl exit code 52"),
    ],
)
def test_failures_are_told_apart(code, words, result):
    answer = Scripted(said("", code, 0, 0), words).get("echo")
    assert (answer.result, answer.by) == (result, None)


def test_get_retries_after_a_refusal_until_its_time_limit(monkeypatch):
    refused = (0, said("", 7, 0, 0), "Connection refused")
    answers = iter([refused, refused, (0, said("echo-1"), "")])
    client = Scripted("")
    monkeypatch.setattr(client, "run", lambda *command: next(answers))
    assert client.get("echo", within=5).by == "echo-1"
    answers = iter([refused])
    assert client.get("echo").result == "refused"
    answers = iter([(0, said("echo-1"), ""), refused])
    assert client.get("echo", within=5, until="refused").result == "refused"


def test_many_requests_are_one_command():
    client = Scripted(said("echo-1") * 2 + said("echo-2") + said("", 28, 0))
    answers = client.get_many("echo", 4)
    assert client.command[-1] == "echo/hostname#[1-4]"
    assert counts(answers) == {"echo-1": 2, "echo-2": 1, "timed out": 1}


def test_kept_alive_means_one_connection():
    client = Scripted(said("echo-1") + said("echo-1", connects=0))
    answers = client.get_many("echo", 2, keep_alive=True)
    assert "Connection: close" not in client.command
    assert [answer.new_connection for answer in answers] == [True, False]


def test_one_request_for_each_url_in_one_command():
    client = Scripted(said("echo-1") + said("404 page not found", status=404))
    answers = client.get_each(["http://a/x", "http://b/"])
    assert client.command[-2:] == ("http://a/x", "http://b/")
    assert {url: str(answer) for url, answer in answers.items()} == {
        "http://a/x": "answered by echo-1",
        "http://b/": "HTTP 404",
    }


def test_results_name_the_pod_that_answered_or_what_became_of_the_request(capsys):
    client = Scripted(said("echo-1") + said("404 page not found", status=404))
    assert client.results(["a.example/x", "b.example/"]) == {
        "a.example/x": "echo-1",
        "b.example/": "HTTP 404",
    }
    assert capsys.readouterr().out.splitlines()[-2:] == [
        "a.example/x  echo-1",
        "b.example/   HTTP 404",
    ]


def test_via_an_address_a_client_sends_requests_for_every_host_to_it(capsys):
    client = Scripted(said("echo-1"))
    browser = client.via("controller")
    assert browser.wait_for_answer("http://foo.example.com", within=1).by == "echo-1"
    assert "--connect-to ::controller:" in " ".join(client.command)
    assert browser.get("http://foo.example.com/").by == "echo-1"
    command = "scripted curl --connect-timeout 4 --connect-to ::controller: http://foo.example.com/"
    assert capsys.readouterr().out == f"$ {command}\n"


def test_udp_answers_and_failures():
    answered = "echo-2\x1f0\x1f10.244.1.7:40000\x1f0\x1f\x1e"
    refused, silent = "\x1f1\x1f\x1f1\x1f\x1e", "\x1f124\x1f\x1f124\x1f\x1e"
    answers = Scripted(answered + refused + silent).udp("echo:80", 3)
    assert [a.result for a in answers] == ["answered", "refused", "timed out"]
    assert (answers[0].by, answers[0].source) == ("echo-2", "10.244.1.7")


def test_udp_to_a_name_without_address():
    client = Scripted("", "environment: line 2: /dev/udp/nobody/80: Invalid argument")
    assert [answer.result for answer in client.udp("nobody:80")] == ["not resolved"]


def test_lookup_reads_the_code_and_the_records():
    out = """;; Got answer:
;; ->>HEADER<<- opcode: QUERY, status: NOERROR, id: 28992
;; ANSWER SECTION:
shop.a.svc.cluster.local. 30 IN CNAME echo.a.svc.cluster.local.
echo.a.svc.cluster.local. 30 IN A 10.96.169.193
"""
    found = Scripted(out).lookup("shop")
    assert found.rcode == "NOERROR"
    assert found.of("A") == ["10.96.169.193"]
    assert found.of("CNAME") == ["echo.a.svc.cluster.local."]
    assert found.ttl == 30


def test_lookup_retries_without_records_until_its_time_limit(monkeypatch):
    outs = iter([";; status: NXDOMAIN", ";; status: NOERROR\nshop. 30 IN A 10.96.0.9\n"])
    client = Scripted("")
    monkeypatch.setattr(client, "run", lambda *command: (0, next(outs), ""))
    assert client.lookup("shop", within=5).of("A") == ["10.96.0.9"]


def test_a_lookup_is_repeated_until_it_has_so_many_records(monkeypatch):
    monkeypatch.setattr(polling.time, "sleep", lambda seconds: None)
    record = "echo.a.svc.cluster.local. 30 IN A 10.244.1.{}\n"
    outs = [record.format(2), record.format(2) + record.format(3)]
    client = Scripted("")
    client.run = lambda *command: (0, outs.pop(0), "")
    assert client.lookup("echo", within=60, until=2).of("A") == ["10.244.1.2", "10.244.1.3"]


def test_lookup_that_nobody_answers():
    found = Scripted(";; communications error to 10.96.0.10#53: timed out\n").lookup("echo")
    assert (found.rcode, found.records, found.ttl) == ("timed out", (), None)


def dns_client(code):
    """A Pod as a client whose commands exit with a code, and the requests to its API server."""
    requests = []

    def request(verb, path, body):
        requests.append((verb, path, body["spec"]["type"]))
        return {"metadata": {"name": "dns-marker-x1"}}

    api = SimpleNamespace(path=lambda *parts: "/".join(parts), request=request)
    pod = SimpleNamespace(name="client", namespace="lab", lab=SimpleNamespace(api=api))
    pod.run = lambda *command: (code, "", "")
    return PodClient(pod, lambda name: False), requests


def test_waiting_for_dns_creates_a_service_that_every_server_must_resolve(capsys):
    client, requests = dns_client(0)
    client.wait_for_dns()
    assert requests == [("post", "v1/Service/lab", "ExternalName")]
    assert "kubectl create service externalname dns-marker-x1" in capsys.readouterr().out


def test_waiting_for_dns_fails_if_a_server_does_not_resolve_the_service():
    client, _ = dns_client(124)
    with pytest.raises(WaitFailed, match="didn't resolve dns-marker-x1"):
        client.wait_for_dns()


def test_chi_square_of_even_and_of_lopsided_counts():
    assert chi_square({"a": 100, "b": 100, "c": 100}, among=3) == 0
    assert chi_square({"a": 300}, among=3) == 600
    assert chi_square({"a": 94, "b": 105, "c": 101}, among=3) == pytest.approx(0.62)


def test_waiting_for_an_answer_ends_with_the_last_result():
    silent = Scripted(said("", 7, 0, 0), "Connection refused")
    with pytest.raises(WaitFailed, match="no Pod answered at echo for 0 s, last: refused"):
        silent.wait_for_answer("echo", within=0)
    assert Scripted(said("echo-1")).wait_for_answer("echo", within=0).by == "echo-1"


def test_one_waits_for_the_answer_of_the_very_url_that_has_a_path():
    client = Scripted(said("echo-1"))
    client.wait_for_answer("http://example.com/bar", "--insecure", within=0)
    assert client.command[-1] == "http://example.com/bar"
    assert "--insecure" in client.command
    client.wait_for_answer("echo", within=0)
    assert client.command[-1] == "echo/hostname"


def test_repeated_requests_become_results_with_their_times():
    replies = [said("echo-1"), said("", code=28, status=0), said("down", status=503)]
    output = "".join(f"{reply}{at}.5\x1e" for at, reply in enumerate(replies))
    assert results_in(output, Scripted.answers_as) == [
        ("echo-1", 0.5),
        ("timed out", 1.5),
        ("HTTP 503", 2.5),
    ]


def test_a_client_repeats_requests_until_its_input_ends():
    arguments = ["keep-asking", "http://127.0.0.1:1/", "1", RECORD, "0.1"]
    command = ["bash", "-c", REPEATED_REQUESTS, *arguments]
    pipe = subprocess.PIPE
    # Without a buffer, whose rest communicate() would not see.
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, bufsize=0) as asking:
        first = b"".join(iter(lambda: asking.stdout.read(1), b"\x1e"))
        rest = asking.communicate(timeout=60)[0]
    results = results_in((first + b"\x1e" + rest).decode(), Scripted.answers_as)
    assert {result for result, _ in results} == {"refused or unreachable"}
    assert [at for _, at in results] == sorted(at for _, at in results)
