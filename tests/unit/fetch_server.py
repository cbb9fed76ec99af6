"""Serves a folder on 127.0.0.1, well or badly: the first part of a path says how.

fetch_server.py FOLDER: prints its port, and that of its TLS twin (0 where no certificate can be made), and ends with
its standard input. Each request adds a line "PATH RANGE" to FOLDER/requests.
"""
import http.server
import os
import ssl
import subprocess
import sys
import tempfile
import threading
import time

FOLDER = sys.argv[1]


class Handler(http.server.BaseHTTPRequestHandler):
    tls_port = 0

    def log_message(self, *_):
        pass

    def do_GET(self):
        wanted = self.headers.get("Range", "")
        with open(os.path.join(FOLDER, "requests"), "a") as log:
            log.write(f"{self.path} {wanted}\n")
        _, manner, name = self.path.split("/", 2)
        first = int(wanted.removeprefix("bytes=").removesuffix("-")) if wanted else 0
        try:
            with open(os.path.join(FOLDER, name), "rb") as file:
                data = file.read()
        except FileNotFoundError:
            return self.send_error(404)
        try:
            getattr(self, manner)(name, data, first)
        except (BrokenPipeError, ConnectionResetError):
            pass

    def head(self, status, **headers):
        self.send_response(status)
        for key, value in headers.items():
            self.send_header(key.replace("_", "-"), str(value))
        self.end_headers()

    def part(self, data, first):
        if first == 0:
            self.head(200, Content_Length=len(data))
        else:
            self.head(206, Content_Length=len(data) - first,
                      Content_Range=f"bytes {first}-{len(data) - 1}/{len(data)}")

    def good(self, name, data, first):
        self.part(data, first)
        self.wfile.write(data[first:])

    def no_range(self, name, data, first):
        self.good(name, data, 0)

    def cut(self, name, data, first):  # half of what is left, and no more
        self.part(data, first)
        self.wfile.write(data[first:(first + len(data) + 1) // 2])

    def cut_at_half(self, name, data, first):  # never the second half
        self.part(data, first)
        self.wfile.write(data[first:len(data) // 2])

    def cut_without_length(self, name, data, first):
        if first:
            return self.good(name, data, first)
        self.head(200)
        self.wfile.write(data[:len(data) // 2])

    def cut_and_no_range(self, name, data, first):
        self.part(data, 0)
        self.wfile.write(data[:len(data) // 2])

    def busy(self, name, data, first):
        self.send_error(503)

    def forbidden(self, name, data, first):
        self.send_error(403)

    def wrong(self, name, data, first):
        self.good(name, bytes([data[0] ^ 1]) + data[1:], first)

    def shorter(self, name, data, first):
        self.good(name, b"<html>Please log in.</html>", 0)

    def endless(self, name, data, first):
        self.head(200)
        while True:
            self.wfile.write(data)

    def other_part(self, name, data, first):
        self.head(206, Content_Length=10, Content_Range=f"bytes {first + 7}-{first + 16}/{len(data)}")
        self.wfile.write(data[:10])

    def no_place(self, name, data, first):
        self.head(206, Content_Length=len(data) - first)
        self.wfile.write(data[first:])

    def slow(self, name, data, first):
        self.part(data, first)
        for byte in data[first:]:
            self.wfile.write(bytes([byte]))
            self.wfile.flush()
            time.sleep(0.3)

    def to_http(self, name, data, first):
        self.head(302, Location=f"http://127.0.0.1:{self.server.server_port}/good/{name}", Content_Length=0)

    def to_file(self, name, data, first):
        self.head(302, Location=f"file://{os.path.join(FOLDER, name)}", Content_Length=0)

    def to_https(self, name, data, first):
        self.head(302, Location=f"https://127.0.0.1:{self.tls_port}/good/{name}", Content_Length=0)


def serve(context=None):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if context:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server.server_port


def self_signed():
    with tempfile.TemporaryDirectory() as folder:
        key, certificate = os.path.join(folder, "key"), os.path.join(folder, "certificate")
        try:
            subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1",
                            "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1",
                            "-keyout", key, "-out", certificate], check=True, capture_output=True)
        except (OSError, subprocess.CalledProcessError):
            return None
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        return context


context = self_signed()
if context:
    Handler.tls_port = serve(context)
print(serve(), Handler.tls_port, flush=True)
sys.stdin.read()
