"""Reads the cases run.mjs kept and gives each to the official library for Python."""

import json
import sys

from standardwebhooks import Webhook, WebhookVerificationError

with open(sys.argv[1], encoding="utf-8") as file:
    cases = json.load(file)

for case in cases:
    try:
        told = Webhook(case["secret"]).verify(case["body"], case["headers"])
        taken = told is not None
    except WebhookVerificationError:
        taken = False
    word = "ok      " if taken == case["valid"] else "FAILED  "
    print(f"{word}python: {case['name']}")
