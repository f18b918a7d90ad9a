"""An endpoint on this machine that says what it is told to say."""

from __future__ import annotations

import json
import re
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Said:
    """One response; `drop` says whether the connection ends "before" it or "within" it."""

    def __init__(self, body=None, status=200, headers=None, wait_s=0.0, drop=""):
        self.body, self.status, self.headers, self.wait_s, self.drop = body, status, headers or {}, wait_s, drop


def chat(text, *, finish="stop", usage=(100, 10), refusal=None):
    """The body of a chat completion."""
    message = {"role": "assistant", "content": text, "refusal": refusal}
    body = {"id": "x", "object": "chat.completion", "created": 0, "model": "m"}
    body["choices"] = [{"index": 0, "message": message, "finish_reason": finish}]
    if usage:
        body["usage"] = {"prompt_tokens": usage[0], "completion_tokens": usage[1], "total_tokens": sum(usage)}
    return Said(body)


def error(status, message="", **fields):
    """The body of an error."""
    headers = fields.pop("headers", {})
    return Said({"error": {"message": message, "code": None, "type": None, "param": None} | fields}, status, headers)


def asked(request):
    """The item in a judge's request."""
    return json.loads(request["messages"][1]["content"].split("\n")[1])


def names(request):
    """The constructs that a judge's request asks for."""
    shape = request["messages"][0]["content"].strip().splitlines()[-1]
    return re.findall(r'"(\w+)": \{"quote"', shape)


def verdicts(request, percent=5, quote="", **named):
    """What a good language model says."""
    found = {name: {"quote": quote, "probability": percent} for name in names(request)}
    for name, (p, words) in named.items():
        found[name] = {"quote": words, "probability": p}
    return {"id": asked(request)["id"], "verdicts": found}


def fair(request, n):
    """A verdict that depends on the text alone."""
    text = asked(request)["text"]
    return chat(json.dumps(verdicts(request, percent=len(text) % 21 * 5, quote=text[:7])))


class Pretended:
    """The endpoint. `script` says what is said to the n-th request, from 0; the first of `before` are said first."""

    def __init__(self, script=fair, before=()):
        self.script, self.before = script, list(before)
        self.requests, self.headers, self.at, self.most_at_once, self._now = [], [], [], 0, 0
        self._lock = threading.Lock()
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.pretended = self
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/v1"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()

    def respond(self, request, headers):
        with self._lock:
            n = len(self.requests)
            self.requests.append(request)
            self.headers.append(headers)
            self.at.append(time.monotonic())
            self._now += 1
            self.most_at_once = max(self.most_at_once, self._now)
            first = self.before.pop(0) if self.before else None
        said = first or self.script(request, n)
        time.sleep(said.wait_s)
        with self._lock:
            self._now -= 1
        return said

    def close(self):
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def handle_error(self, request, address):
        pass  # who asked has gone away


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # one packet for a response, or the next one waits

    def do_POST(self):
        raw = self.rfile.read(int(self.headers["Content-Length"]))
        said = self.server.pretended.respond(
            json.loads(raw), {name.lower(): value for name, value in self.headers.items()} | {"path": self.path}
        )
        body = said.body if isinstance(said.body, bytes) else json.dumps(said.body).encode()
        if said.drop == "before":
            self.close_connection = True
            return
        self.send_response(said.status)
        for name, value in {"Content-Type": "application/json", **said.headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[: len(body) // 2] if said.drop else body)
        self.close_connection = self.close_connection or bool(said.drop)

    def log_message(self, *_):
        pass
