"""What one member costs in groups of growing size: one member added and taken away again, one change at a time.

Measured for each size: the time from the directory's answer until the tenant shows it, the CPU time of both processes,
and what both wrote to disk. Work that grows with the group shows as a figure that grows from line to line.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import tempfile
import time

import bench
import ldap

TIMES = 6


def written_mib(pid):
    with open(f"/proc/{pid}/io", encoding="ascii") as io:
        return next(int(line.split()[1]) for line in io if line.startswith("write_bytes")) / 1024**2


class Usage:
    """What a process used since the last look."""

    def __init__(self, process):
        self.pid = process.pid
        self.look()

    def look(self):
        now = bench.cpu_seconds(self.pid), written_mib(self.pid)
        before, self.before = getattr(self, "before", now), now
        return now[0] - before[0], now[1] - before[1]


def groups_ldif(path, names, sizes):
    with open(path, "a", encoding="utf-8") as file:
        for size in sizes:
            file.write(f"\ndn: cn=every-{size},ou=groups,{bench.SUFFIX}\nobjectClass: top\nobjectClass: groupOfNames\n")
            file.write(f"cn: every-{size}\n" + "".join(f"member{name}\n" for name in names[1 : size + 1]))


def names_of(path):
    """The DNs of people as the LDIF writes them, `: text` or `:: base64`."""
    names, dn = [], None
    with open(path, encoding="utf-8") as file:
        for line in file:
            if line.startswith("dn:"):
                dn = line[2:].rstrip("\n")
            elif line.rstrip("\n") == "objectClass: inetOrgPerson" and dn:
                names.append(dn)
                dn = None
            elif line == "\n":
                dn = None
    return names


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("largest", nargs="?", type=int, default=250_000)
    parser.add_argument("--json", default=os.path.join(bench.ROOT, "target", "bench-members.json"))
    options = parser.parse_args()
    sizes = [max(1, options.largest // by) for by in (1000, 100, 10, 1)]
    folder = tempfile.mkdtemp(prefix="lockstep-bench-", dir="/dev/shm")
    disk = tempfile.mkdtemp(prefix="lockstep-bench-")
    provider = None
    try:
        ldif, secret = os.path.join(folder, "org.ldif"), os.path.join(folder, "password")
        with open(secret, "w", encoding="ascii") as file:
            file.write(bench.PASSWORD)
        people = str(options.largest + options.largest // 50 + 100)
        subprocess.run([bench.LOCKSTEP, "sample", "--people", people, "--sync-password-file", secret, "--to", ldif],
                       check=True)  # fmt: skip
        names = names_of(ldif)
        groups_ldif(ldif, names, sizes)
        provider = bench.Slapd(os.path.join(folder, "provider"), bench.PROVIDER)
        provider.load(ldif)
        provider.start()
        lockstep = bench.Lockstep(os.path.join(disk, "lockstep"), provider)
        lockstep.start_server()
        before = time.time()
        lockstep.start_client()
        bench.wait_for("the first sync", lambda: lockstep.live_since(before))
        rows = [one_size(provider, lockstep, size) for size in sizes]
        print(f"{'members':>9} {'ms':>8} {'client CPU ms':>14} {'server CPU ms':>14} {'client wrote KiB':>17} {'server wrote KiB':>17}")
        for row in rows:
            print(f"{row['members']:>9,} {row['ms']:>8.1f} {row['client_cpu_ms']:>14.1f} {row['server_cpu_ms']:>14.1f}"
                  f" {row['client_kib']:>17.0f} {row['server_kib']:>17.0f}")  # fmt: skip
        with open(options.json, "w", encoding="utf-8") as file:
            json.dump(rows, file, indent=1)
        lockstep.client.stop()
        lockstep.server.stop()
    finally:
        if provider is not None and hasattr(provider, "process"):
            provider.process.stop()
        shutil.rmtree(folder, ignore_errors=True)
        shutil.rmtree(disk, ignore_errors=True)


def one_size(provider, lockstep, size):
    connection = provider.connect()
    # Those who are in none of the groups: the last of them all.
    group = f"cn=every-{size},ou=groups,{bench.SUFFIX}"
    person = f"uid=member-{size},ou=people,{bench.SUFFIX}"
    connection.add_s(person, [("objectClass", [b"inetOrgPerson"]), ("uid", [f"member-{size}".encode()]),
                              ("cn", [b"Member"]), ("sn", [b"Member"])])  # fmt: skip
    anchor = connection.search_s(person, ldap.SCOPE_BASE, attrlist=["entryUUID"])[0][1]["entryUUID"][0].decode()

    def found():
        page = lockstep.api.get(f"/v1.0/users?$filter=onPremisesImmutableId%20eq%20'{anchor}'&$select=id")["value"]
        return page and page[0]["id"]

    ident = bench.wait_for("the person", found)
    client, server = Usage(lockstep.client), Usage(lockstep.server)
    took = []
    for _ in range(TIMES):
        for verb, is_in in ((ldap.MOD_ADD, True), (ldap.MOD_DELETE, False)):
            connection.modify_s(group, [(verb, "member", [person.encode()])])
            begin = time.monotonic()
            bench.wait_for("the membership",
                           lambda: bool(lockstep.api.get(f"/v1.0/users/{ident}/memberOf?$select=id")["value"]) == is_in, step=0.005)  # fmt: skip
            took.append((time.monotonic() - begin) * 1000)
    # The client records the last answer after it is visible.
    runs = lockstep.api.runs
    known = {run["id"] for run in runs()}
    lockstep.api.order({"order": "syncNow", "full": False})
    bench.wait_for("the cycle", lambda: [run for run in runs() if run["id"] not in known and run["trigger"] == "order"])
    (client_cpu, client_mib), (server_cpu, server_mib) = client.look(), server.look()
    changes = 2 * TIMES
    return {
        "members": size, "ms": statistics.median(took),
        "client_cpu_ms": client_cpu * 1000 / changes, "server_cpu_ms": server_cpu * 1000 / changes,
        "client_kib": client_mib * 1024 / changes, "server_kib": server_mib * 1024 / changes,
    }  # fmt: skip


if __name__ == "__main__":
    main()
