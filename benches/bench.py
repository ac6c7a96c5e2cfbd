"""The benchmark harness: real slapd in /dev/shm, a real Lockstep server and sync client, and as peers
OpenLDAP's own dump (ldapsearch) and consumer (syncrepl), all in the same run on the same directory.

What is measured, and how, is in README.md beside this file.
"""

import argparse
import http.client
import json
import os
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time

import ldap
import ldap.modlist

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
LOCKSTEP = os.path.join(ROOT, "target", "release", "lockstep")
SLAPD = shutil.which("slapd", path=os.environ["PATH"] + ":/usr/sbin")
SLAPADD = shutil.which("slapadd", path=os.environ["PATH"] + ":/usr/sbin")
SUFFIX = "dc=contoso,dc=com"
ADMIN = f"cn=admin,{SUFFIX}"
SYNC = f"cn=sync,ou=system,{SUFFIX}"
PASSWORD = "bench"
MODULES = """
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
include /etc/ldap/schema/nis.schema
pidfile {folder}/slapd.pid
modulepath /usr/lib/ldap
moduleload back_mdb
moduleload syncprov
sizelimit unlimited
threads 4
loglevel none
"""
PROVIDER = MODULES + """
database mdb
suffix "{suffix}"
rootdn "{admin}"
rootpw {password}
directory {folder}/db
maxsize 17179869184
index objectClass,entryUUID,entryCSN eq
multival member 100,10
limits dn.exact="{sync}" size=unlimited time=unlimited
access to * by dn.exact="{sync}" read by users read by anonymous auth
overlay syncprov
syncprov-checkpoint 1000 5
syncprov-sessionlog 100000
"""
CONSUMER = MODULES + """
database mdb
suffix "{suffix}"
rootdn "{admin}"
rootpw {password}
directory {folder}/db
maxsize 17179869184
envflags nosync
index objectClass,entryUUID,entryCSN eq
multival member 100,10
access to * by users read by anonymous auth
syncrepl rid=001 provider={provider} type=refreshAndPersist retry="1 +"
  searchbase="{suffix}" scope=sub attrs="*,+" schemachecking=off
  bindmethod=simple binddn="{sync}" credentials={password}
updateref {provider}
"""


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_for(what, condition, limit=900.0, step=0.02):
    """Waits until condition() is true and answers its value; a limit that runs out ends the bench."""
    end = time.monotonic() + limit
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(step)
    raise SystemExit(f"bench: waited {limit:.0f} s for {what} in vain")


def peak_mib(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        for line in status:
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    return float("nan")


def cpu_seconds(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii") as stat:
        fields = stat.read().rsplit(") ", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def percentile(values, share):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


class Process:
    """A server of ours, ended by its pid."""

    def __init__(self, argv, log, **kwargs):
        self.log = open(log, "ab")
        self.process = subprocess.Popen(argv, stdout=self.log, stderr=self.log, stdin=subprocess.DEVNULL, **kwargs)
        self.pid = self.process.pid

    def stop(self):
        """Answers the peak of its memory in MiB and its CPU seconds."""
        if self.process.poll() is not None:
            raise SystemExit(f"bench: {self.process.args[0]} ended by itself; see {self.log.name}")
        used = peak_mib(self.pid), cpu_seconds(self.pid)
        self.process.send_signal(signal.SIGINT)
        try:
            self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.log.close()
        return used


class Slapd:
    def __init__(self, folder, config, **values):
        os.makedirs(os.path.join(folder, "db"))
        self.folder, self.port = folder, free_port()
        self.url = f"ldap://127.0.0.1:{self.port}/"
        self.config = os.path.join(folder, "slapd.conf")
        with open(self.config, "w", encoding="utf-8") as file:
            file.write(config.format(folder=folder, suffix=SUFFIX, admin=ADMIN, sync=SYNC, password=PASSWORD, **values))

    def load(self, ldif):
        subprocess.run([SLAPADD, "-q", "-w", "-f", self.config, "-b", SUFFIX, "-l", ldif], check=True)

    def start(self):
        self.process = Process([SLAPD, "-d", "0", "-h", self.url, "-f", self.config], os.path.join(self.folder, "log"))
        wait_for("slapd", self.connect)

    def connect(self):
        try:
            connection = ldap.initialize(self.url)
            connection.simple_bind_s(ADMIN, PASSWORD)
            return connection
        except ldap.SERVER_DOWN:
            return None

    def context_csn(self):
        try:
            with_csn = self.connect()
            return with_csn and with_csn.search_s(SUFFIX, ldap.SCOPE_BASE, attrlist=["contextCSN"])[0][1].get("contextCSN")
        except ldap.LDAPError:
            return None


class Api:
    """One kept connection to the server, as the portal holds one."""

    def __init__(self, port, token):
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
        self.connection.connect()
        self.connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.headers = {"Authorization": f"Bearer {token}"}

    def get(self, path):
        self.connection.request("GET", path, headers=self.headers)
        answer = self.connection.getresponse()
        body = answer.read()
        if answer.status != 200:
            raise SystemExit(f"bench: GET {path} answered {answer.status}: {body[:300]!r}")
        return json.loads(body)

    def order(self, body):
        self.connection.request(
            "POST", "/api/v1/orders", json.dumps(body), {**self.headers, "Content-Type": "application/json"}
        )
        answer = self.connection.getresponse()
        text = answer.read()
        if answer.status != 200:
            raise SystemExit(f"bench: order {body} answered {answer.status}: {text[:300]!r}")
        return json.loads(text)

    def status(self):
        return self.get("/api/v1/status")

    def runs(self):
        return self.get("/api/v1/runs?top=20")["value"]


class Lockstep:
    """A server and a sync client, as two processes."""

    def __init__(self, folder, provider):
        os.makedirs(folder)
        self.folder, self.port = folder, free_port()
        with open(os.path.join(folder, "password"), "w", encoding="ascii") as file:
            file.write(PASSWORD)
        os.chmod(os.path.join(folder, "password"), 0o600)
        self.config = os.path.join(folder, "lockstep.toml")
        with open(self.config, "w", encoding="utf-8") as file:
            file.write(f"""
[server]
listen = "127.0.0.1:{self.port}"
data_dir = "{folder}/server"

[tenant]
display_name = "Contoso"
initial_domain = "contoso.onlockstep.example"
domains = [{{ name = "contoso.com", verified = true }}, {{ name = "contoso.local", verified = false }}]

[sync]
server = "http://127.0.0.1:{self.port}"
token_file = "{folder}/token"
state_dir = "{folder}/client"

[source]
kind = "openldap"
url = "{provider.url}"
base_dn = "{SUFFIX}"
bind_dn = "{SYNC}"
password_file = "{folder}/password"
""")

    def command(self, *argv):
        return subprocess.run(
            [LOCKSTEP, "--config", self.config, *argv], check=True, capture_output=True, text=True
        ).stdout

    def start_server(self):
        self.token = json.loads(self.command("token", "create", "bench", "--role", "admin", "--output", "json"))["token"]
        token = json.loads(self.command("token", "create", "Sync_bench", "--role", "sync-client", "--output", "json"))["token"]
        with open(os.path.join(self.folder, "token"), "w", encoding="ascii") as file:
            file.write(token)
        os.chmod(os.path.join(self.folder, "token"), 0o600)
        self.server = Process([LOCKSTEP, "--config", self.config, "server"], os.path.join(self.folder, "server.log"))
        wait_for("the server", self.answers)
        self.api = Api(self.port, self.token)

    def answers(self):
        try:
            with socket.create_connection(("127.0.0.1", self.port), 1):
                return True
        except OSError:
            return False

    def start_client(self):
        self.client = Process([LOCKSTEP, "--config", self.config, "sync", "run"], os.path.join(self.folder, "client.log"))

    def live_since(self, moment):
        """Whether the client has confirmed a whole export since `moment` (epoch seconds) and follows live."""
        sync = self.api.status()["sync"]
        return sync["clientState"] == "live" and sync["lastExport"] and to_epoch(sync["lastExport"]) >= moment


def to_epoch(text):
    from datetime import datetime

    return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def timed(work):
    begin = time.monotonic()
    work()
    return time.monotonic() - begin


def dump(provider, out):
    with open(out, "wb") as file:
        subprocess.run(
            ["ldapsearch", "-x", "-LLL", "-H", provider.url, "-D", SYNC, "-w", PASSWORD, "-b", SUFFIX,
             "(objectClass=*)", "objectClass", "entryUUID", "uid", "cn", "sn", "givenName", "displayName", "mail",
             "telephoneNumber", "mobile", "title", "departmentNumber", "ou", "o", "l", "street", "st", "postalCode",
             "physicalDeliveryOfficeName", "employeeNumber", "employeeType", "preferredLanguage", "manager",
             "member", "uniqueMember", "memberUid", "description"],
            check=True, stdout=file)  # fmt: skip


def latency(provider, people, visible):
    """Milliseconds from the directory's answer until visible(dn, value): one change at a time."""
    connection, took = provider.connect(), []
    for n in range(200):
        dn, ident = people[n % len(people)]
        value = f"bench {time.monotonic_ns()}"
        connection.modify_s(dn, [(ldap.MOD_REPLACE, "title", [value.encode()])])
        begin = time.monotonic()
        while not visible(dn, ident, value):
            if time.monotonic() - begin > 30:
                raise SystemExit(f"bench: a change of {dn} did not arrive within 30 s")
        took.append((time.monotonic() - begin) * 1000)
    return {"p50": percentile(took, 0.5), "p95": percentile(took, 0.95), "p99": percentile(took, 0.99)}


def some_people(provider, count):
    connection = provider.connect()
    control = ldap.controls.SimplePagedResultsControl(True, size=count * 2, cookie="")
    ident = connection.search_ext(
        SUFFIX, ldap.SCOPE_SUBTREE, "(&(objectClass=inetOrgPerson)(mail=*@contoso.com))", ["entryUUID"], serverctrls=[control]
    )
    entries = connection.result3(ident)[1]
    return [(dn, a["entryUUID"][0].decode()) for dn, a in entries if dn.lower().startswith("uid=")][:count]


def modify_many(provider, people, attribute, value):
    """Sends one modify a person without waiting between them; answers when the last was answered."""
    connection = provider.connect()
    pending = [connection.modify_ext(dn, [(ldap.MOD_REPLACE, attribute, [value.encode()])]) for dn, _ in people]
    for ident in pending:
        connection.result(ident)


def storm(provider, lockstep, people, ids):
    value = f"storm {time.monotonic_ns()}"
    begin = time.monotonic()
    modify_many(provider, people, "title", value)
    answered = time.monotonic()
    for dn, anchor in people:
        wait_for(
            f"the storm to reach {dn}",
            lambda: lockstep.api.get(f"/v1.0/users/{ids[anchor]}?$select=jobTitle")["jobTitle"] == value, step=0.001,
        )  # fmt: skip
    return {"directory_s": answered - begin, "through_s": time.monotonic() - begin}


def one_round(number, folder, provider, counts):
    result = {}
    result["dump_s"] = timed(lambda: dump(provider, os.path.join(folder, "dump.ldif")))
    os.remove(os.path.join(folder, "dump.ldif"))

    # OpenLDAP's own consumer, without fsync.
    where = os.path.join(folder, f"consumer{number}")
    os.makedirs(where)
    consumer = Slapd(where + "/c", CONSUMER, provider=provider.url)
    target = provider.context_csn()
    begin = time.monotonic()
    consumer.start()
    wait_for("the consumer", lambda: consumer.context_csn() == target, step=0.05)
    result["consumer_initial_s"] = time.monotonic() - begin

    # Lockstep, from nothing until the tenant holds everything durably.
    lockstep = Lockstep(os.path.join(DISK, f"lockstep{number}"), provider)
    lockstep.start_server()
    before, begin = time.time(), time.monotonic()
    lockstep.start_client()
    wait_for("the initial sync", lambda: lockstep.live_since(before))
    result["lockstep_initial_s"] = time.monotonic() - begin
    status = lockstep.api.status()
    held = {"users": status["objects"]["users"], "groups": status["objects"]["groups"]}
    if held != {"users": counts["people"], "groups": counts["groups"]}:
        raise SystemExit(f"bench: the tenant holds {held}, the directory {counts}")
    result["tenant"] = {**status["objects"], "errors": status["errors"]["total"]}
    first = lockstep.api.runs()[-1]
    result["lockstep_steps_ms"] = {step["name"]: step["millis"] for step in first["steps"]}

    # A cycle without a change.
    known = {run["id"] for run in lockstep.api.runs()}
    cycles = []
    for _ in range(5):
        lockstep.api.order({"order": "syncNow", "full": False})
        run = wait_for("a cycle's record", lambda: [r for r in lockstep.api.runs() if r["id"] not in known and r["trigger"] == "order"])[0]
        known.add(run["id"])
        cycles.append((to_epoch(run["endedAt"]) - to_epoch(run["startedAt"])) * 1000)
    result["no_change_ms"] = statistics.median(cycles)

    # Latency, one change at a time: Lockstep's API, and the consumer's own answer.
    people = some_people(provider, 1000)
    ids = {}
    for at in range(0, len(people), 15):
        names = ",".join(f"'{anchor}'" for _, anchor in people[at : at + 15])
        page = lockstep.api.get(f"/v1.0/users?$filter=onPremisesImmutableId%20in%20({names})&$select=id,onPremisesImmutableId&$top=100")
        ids.update({u["onPremisesImmutableId"]: u["id"] for u in page["value"]})
    people = [p for p in people if p[1] in ids]
    result["latency_lockstep_ms"] = latency(
        provider, people,
        lambda _dn, anchor, value: lockstep.api.get(f"/v1.0/users/{ids[anchor]}?$select=jobTitle")["jobTitle"] == value,
    )  # fmt: skip
    reader = consumer.connect()
    result["latency_consumer_ms"] = latency(
        provider, people,
        lambda dn, _anchor, value: reader.search_s(dn, ldap.SCOPE_BASE, attrlist=["title"])[0][1].get("title") == [value.encode()],
    )  # fmt: skip
    result["storm_1000"] = storm(provider, lockstep, people, ids)

    # The status page's calls.
    calls = {}
    for name, path in {
        "status": "/api/v1/status", "errors": "/api/v1/errors?top=100", "runs": "/api/v1/runs?top=50",
        "organization": "/v1.0/organization", "domains": "/v1.0/domains",
        "users page": "/v1.0/users?$top=100&$count=true", "users search": "/v1.0/users?$search=%22displayName:an%22&$top=100",
    }.items():  # fmt: skip
        took = [timed(lambda: lockstep.api.get(path)) * 1000 for _ in range(300)]
        calls[name] = {"p50": percentile(took, 0.5), "p99": percentile(took, 0.99)}
    result["api_ms"] = calls

    # 1 % changed while the client was down.
    client_memory, client_cpu = lockstep.client.stop()
    changed = some_people(provider, max(1, counts["people"] // 100))
    modify_many(provider, changed, "title", f"one percent {time.monotonic_ns()}")
    before, begin = time.time(), time.monotonic()
    lockstep.start_client()
    wait_for("the 1 %", lambda: lockstep.live_since(before))
    result["one_percent_s"] = time.monotonic() - begin
    second_memory, _ = lockstep.client.stop()
    server_memory, server_cpu = lockstep.server.stop()
    consumer_memory, consumer_cpu = consumer.process.stop()
    result["peak_mib"] = {
        "sync client": max(client_memory, second_memory), "server": server_memory, "consumer slapd": consumer_memory,
        "provider slapd": peak_mib(provider.process.pid),
    }  # fmt: skip
    result["cpu_s"] = {"sync client": client_cpu, "server": server_cpu, "consumer slapd": consumer_cpu}
    shutil.rmtree(where)
    shutil.rmtree(lockstep.folder)
    return result


def median_of(rounds):
    """The median of each number, through dictionaries."""
    first = rounds[0]
    if isinstance(first, dict):
        return {key: median_of([r[key] for r in rounds if key in r]) for key in first}
    return statistics.median(rounds)


def table(people, medians):
    consumer = medians["consumer_initial_s"]
    rows = [
        ("ldapsearch dump, same attributes", f"{medians['dump_s']:.2f} s", f"{medians['dump_s'] / consumer:.2f}"),
        ("syncrepl consumer, initial, no fsync", f"{consumer:.2f} s", "1.00"),
        ("Lockstep, initial, durable", f"{medians['lockstep_initial_s']:.2f} s", f"{medians['lockstep_initial_s'] / consumer:.2f}"),
        ("Lockstep, cycle without a change", f"{medians['no_change_ms']:.1f} ms", ""),
        ("Lockstep, 1 % changed, from start of the client", f"{medians['one_percent_s']:.2f} s", f"{medians['one_percent_s'] / consumer:.2f}"),
    ]
    for who in ("lockstep", "consumer"):
        ms = medians[f"latency_{who}_ms"]
        rows.append((f"change visible, {who}: p50 / p95 / p99", f"{ms['p50']:.1f} / {ms['p95']:.1f} / {ms['p99']:.1f} ms",
                     f"{ms['p50'] / medians['latency_consumer_ms']['p50']:.2f}"))  # fmt: skip
    rows.append(("1,000 changes at once: directory / through", f"{medians['storm_1000']['directory_s']:.2f} / {medians['storm_1000']['through_s']:.2f} s", ""))
    for name, ms in medians["api_ms"].items():
        rows.append((f"API {name}: p50 / p99", f"{ms['p50']:.1f} / {ms['p99']:.1f} ms", ""))
    for name, mib in medians["peak_mib"].items():
        rows.append((f"peak memory, {name}", f"{mib:.0f} MiB", ""))
    width = max(len(r[0]) for r in rows)
    print(f"\n{people} people; medians; ratio to the consumer's figure in the same run")
    for name, value, ratio in rows:
        print(f"  {name:<{width}}  {value:>24}  {ratio:>6}")


def main():
    global DISK
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("people", nargs="?", type=int, default=10_000)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--json", default=os.path.join(ROOT, "target", "bench.json"))
    options = parser.parse_args()
    folder = tempfile.mkdtemp(prefix="lockstep-bench-", dir="/dev/shm")
    DISK = tempfile.mkdtemp(prefix="lockstep-bench-")  # the tenant is durable: on a real disk
    provider = None
    try:
        ldif = os.path.join(folder, "org.ldif")
        manifest = os.path.join(folder, "manifest.json")
        secret = os.path.join(folder, "password")
        with open(secret, "w", encoding="ascii") as file:
            file.write(PASSWORD)
        subprocess.run([LOCKSTEP, "sample", "--people", str(options.people), "--sync-password-file", secret,
                        "--manifest", manifest, "--to", ldif], check=True)  # fmt: skip
        with open(manifest, encoding="utf-8") as file:
            counts = json.load(file)["counts"]
        provider = Slapd(os.path.join(folder, "provider"), PROVIDER)
        print(f"slapadd: {timed(lambda: provider.load(ldif)):.1f} s", file=sys.stderr)
        provider.start()
        rounds = []
        for number in range(options.repeat):
            rounds.append(one_round(number, folder, provider, counts))
            print(f"round {number + 1}: {json.dumps(rounds[-1])}", file=sys.stderr)
        medians = median_of(rounds)
        table(options.people, medians)
        os.makedirs(os.path.dirname(options.json), exist_ok=True)
        with open(options.json, "w", encoding="utf-8") as file:
            json.dump({"people": options.people, "counts": counts, "medians": medians, "rounds": rounds}, file, indent=1)
        print(f"\nwritten: {options.json}")
    finally:
        if provider is not None and hasattr(provider, "process"):
            provider.process.stop()
        shutil.rmtree(folder, ignore_errors=True)
        shutil.rmtree(DISK, ignore_errors=True)


if __name__ == "__main__":
    main()
