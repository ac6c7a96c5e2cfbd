"""How quickly a large tenant answers Microsoft Graph clients.

/usr/bin/python3 benches/graph.py [USERS] [--keep FOLDER] [--json FILE]

A sample organization of USERS (1,000,000) is synced into a tenant of its own; the server is started anew, and one client
on one kept connection asks each question many times, of objects that it picks by chance. Printed for each: the median,
the 99th of a hundred and the longest time until the whole answer was read, in milliseconds, and how many objects it
held; then the server's memory at its largest. A folder that is kept is used again. Nothing passes or fails on time.
"""

import argparse
import json
import os
import random
import shutil
import subprocess
import tempfile
import time
from urllib.parse import quote

import bench


class Directory:
    """A place for the configuration to name; the sample is read from its file."""

    url = "ldap://127.0.0.1:1"


def fill(folder, users):
    """A tenant with a synced sample; answers it with its server stopped."""
    lockstep = bench.Lockstep(os.path.join(folder, "lockstep"), Directory)
    ldif, secret = os.path.join(folder, "organization.ldif"), os.path.join(folder, "secret")
    with open(secret, "w", encoding="ascii") as file:
        file.write(bench.PASSWORD)
    subprocess.run([bench.LOCKSTEP, "sample", "--people", str(users), "--sync-password-file", secret, "--to", ldif], check=True)
    with open(lockstep.config, encoding="utf-8") as file:
        settings = file.read().split("[source]")[0]
    with open(lockstep.config, "w", encoding="utf-8") as file:
        file.write(f'{settings}[source]\nkind = "ldif"\nfile = "{ldif}"\nbase_dn = "{bench.SUFFIX}"\n')
    lockstep.start_server()
    begin = time.monotonic()
    lockstep.command("sync", "once")
    print(f"synced in {time.monotonic() - begin:.1f} s")
    memory, _ = lockstep.server.stop()
    print(f"memory of the server meanwhile, at its largest: {memory:.0f} MiB")
    with open(os.path.join(folder, "token"), "w", encoding="ascii") as file:
        file.write(lockstep.token)
    return lockstep


def again(folder):
    """The tenant of a folder that was kept, where it lies."""
    lockstep = bench.Lockstep.__new__(bench.Lockstep)
    lockstep.folder = os.path.join(folder, "lockstep")
    lockstep.config = os.path.join(lockstep.folder, "lockstep.toml")
    with open(lockstep.config, encoding="utf-8") as file:
        lockstep.port = int(file.read().split('listen = "127.0.0.1:')[1].split('"')[0])
    with open(os.path.join(folder, "token"), encoding="ascii") as file:
        lockstep.token = file.read()
    return lockstep


def ask(api, name, times, question):
    took, held = [], 0
    for _ in range(times):
        path = question()
        begin = time.perf_counter()
        answer = api.get(path)
        took.append((time.perf_counter() - begin) * 1000)
        held = max(held, len(answer["value"]) if "value" in answer else 1)
    figures = {"p50": bench.percentile(took, 0.5), "p99": bench.percentile(took, 0.99), "longest": max(took), "objects": held}
    print(f"{name:44} {figures['p50']:8.2f} {figures['p99']:8.2f} {figures['longest']:8.2f} {held:6}", flush=True)
    return figures


def questions(api):
    """What is asked, by name: how often, and the path."""
    chance = random.Random(1)
    people = []
    # Pages far apart, so that not only the newest objects are asked for.
    for prefix in "abcdefghijklmnoprstuvwz":
        found = api.get(f"/v1.0/users?$top=200&$select=id,userPrincipalName,mail,displayName&$filter=startswith(userPrincipalName,'{prefix}')")
        people += found["value"]
    groups = api.get("/v1.0/groups?$top=200&$select=id")["value"]
    have = {field: [person[field] for person in people if "'" not in (person[field] or "'")] for field in ("id", "userPrincipalName", "mail", "displayName")}
    one = lambda field: chance.choice(have[field])
    pick = lambda field: quote(one(field))
    return {
        "GET /users/{id}": (1000, lambda: f"/v1.0/users/{pick('id')}"),
        "GET /users/{userPrincipalName}": (500, lambda: f"/v1.0/users/{pick('userPrincipalName')}"),
        "GET /users?$top=100": (200, lambda: "/v1.0/users?$top=100"),
        "GET /users?$top=100&$orderby=displayName": (200, lambda: "/v1.0/users?$top=100&$orderby=displayName"),
        "GET /users?$top=100&$count=true": (200, lambda: "/v1.0/users?$top=100&$count=true"),
        "userPrincipalName eq": (300, lambda: f"/v1.0/users?$filter=userPrincipalName%20eq%20'{pick('userPrincipalName')}'"),
        "mail eq": (300, lambda: f"/v1.0/users?$filter=mail%20eq%20'{pick('mail')}'"),
        "proxyAddresses/any": (300, lambda: f"/v1.0/users?$count=true&$filter=proxyAddresses/any(p:p%20eq%20'smtp:{pick('mail')}')"),
        "displayName eq": (300, lambda: f"/v1.0/users?$filter=displayName%20eq%20'{pick('displayName')}'"),
        "startswith(displayName)": (200, lambda: f"/v1.0/users?$top=100&$filter=startswith(displayName,'{quote(one('displayName')[:3])}')"),
        "$search displayName": (200, lambda: f"/v1.0/users?$top=100&$search=%22displayName:{quote(one('displayName').split()[-1])}%22"),
        "GET /users/{id}/memberOf": (200, lambda: f"/v1.0/users/{pick('id')}/memberOf"),
        "GET /groups/{id}/members?$top=100": (200, lambda: f"/v1.0/groups/{chance.choice(groups)['id']}/members?$top=100"),
        "the list of errors": (200, lambda: "/api/v1/errors?top=100"),
        "users with errors": (200, lambda: "/v1.0/users?$top=100&$filter=onPremisesProvisioningErrors/any(e:e/category%20eq%20'PropertyConflict')"),
        "the status": (200, lambda: "/api/v1/status"),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("users", nargs="?", type=int, default=1_000_000)
    parser.add_argument("--keep")
    parser.add_argument("--json")
    asked = parser.parse_args()
    folder = asked.keep or tempfile.mkdtemp(prefix="lockstep-graph-")
    os.makedirs(folder, exist_ok=True)
    lockstep = again(folder) if os.path.exists(os.path.join(folder, "token")) else fill(folder, asked.users)
    lockstep.server = bench.Process([bench.LOCKSTEP, "--config", lockstep.config, "server"], os.path.join(folder, "log"))
    try:
        bench.wait_for("the server", lockstep.answers)
        api = bench.Api(lockstep.port, lockstep.token)
        print(f"{'':44} {'p50':>8} {'p99':>8} {'longest':>8} {'objects':>6}")
        figures = {}
        for name, (times, question) in questions(api).items():
            figures[name] = ask(api, name, times, question)
    finally:
        memory, _ = lockstep.server.stop()
    print(f"memory of the server, at its largest: {memory:.0f} MiB")
    if asked.json:
        with open(asked.json, "w", encoding="ascii") as file:
            json.dump({"users": asked.users, "milliseconds": figures, "memory": memory}, file, indent=2)
    if not asked.keep:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
