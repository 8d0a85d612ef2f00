#!/usr/bin/env python3
"""NATS For Networks, Unlock Customer.

usage: n4n-unlock.py [CUSTOMER]

Uses the library `requests` like the vendor's sample if it is there, else Python's own.
"""
import json
import os
import pathlib
import shlex
import sys
import urllib.error
import urllib.parse
import urllib.request

try:
    import requests
except ImportError:
    requests = None

root = pathlib.Path(__file__).resolve().parents[2]
file = root / os.environ.get('STATUSGATE_ENV', 'var/quickstart.env')
try:
    env = dict(word.split('=', 1) for word in shlex.split(file.read_text()))
except OSError:
    print(f"{file} cannot be read: start the gateway with 'make run' first,",
          'or name its file in STATUSGATE_ENV', file=sys.stderr)
    sys.exit(2)

# What listens on this machine is not to be sought behind a proxy.
os.environ['no_proxy'] = urllib.parse.urlsplit(env['STATUSGATE_URL']).hostname


class Answer:
    """The part of an answer of `requests` that is used below."""

    def __init__(self, body):
        self.body = body

    def json(self):
        return json.loads(self.body)


def patch(url, data, headers):
    if requests:
        return requests.patch(url, data=data, headers=headers)
    form = urllib.parse.urlencode(data).encode()
    request = urllib.request.Request(url, form, headers, method='PATCH')
    try:
        with urllib.request.urlopen(request) as answer:
            return Answer(answer.read())
    except urllib.error.HTTPError as refusal:
        return Answer(refusal.read())


url = env['STATUSGATE_URL'] + '/api/customer/unlock'

payload = {
    'customer_id': sys.argv[1] if len(sys.argv) > 1 else 191,
}

headers = {
    'api-key': env['N4N_API_KEY'],
    'api-username': env['N4N_API_USERNAME'],
}

res = patch(url, data=payload, headers=headers)

print(res.json())
sys.exit(0 if res.json() is True else 1)
