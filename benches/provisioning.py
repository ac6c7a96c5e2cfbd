#!/usr/bin/env python3
"""How fast the tenant takes new users, beside what the database itself takes, in one run.

/usr/bin/python3 benches/provisioning.py [USERS] [--repeat N] [--program FILE] [--json FILE]

Round by round: bare rows of 1 KB with three indexes into SQLite in one transaction; new users into a tenant on SQLite;
COPY of the same rows into PostgreSQL with a primary key and three indexes; new users into a tenant on PostgreSQL. Both
tenants answer a batch when it is durable; both databases are on the disk of the temporary folder. Medians and their ratios
are printed. Nothing passes or fails on time. As root, for PostgreSQL runs as the account `postgres`.
"""
import argparse, glob, json, os, pathlib, pwd, re, shutil, socket, sqlite3, statistics, subprocess, tempfile, time, uuid

HERE = pathlib.Path(__file__).resolve().parent.parent
BODY = "x" * 900


def rows(count):
    for n in range(count):
        yield n, uuid.uuid4().hex, f"user{n:07}@contoso.com", f"Person {n % 997} {n}", BODY


def sqlite_floor(folder, count):
    """Rows a second: executemany, WAL, one transaction."""
    file = folder / "floor.db"
    db = sqlite3.connect(file, isolation_level=None)
    db.execute("PRAGMA journal_mode=WAL")
    db.execute("PRAGMA synchronous=NORMAL")
    db.execute("CREATE TABLE t (n INTEGER PRIMARY KEY, guid TEXT, mail TEXT, name TEXT, body TEXT)")
    db.execute("CREATE UNIQUE INDEX t_guid ON t (guid)")
    db.execute("CREATE INDEX t_mail ON t (mail)")
    db.execute("CREATE INDEX t_name ON t (name)")
    data = list(rows(count))
    began = time.perf_counter()
    db.execute("BEGIN")
    db.executemany("INSERT INTO t VALUES (?, ?, ?, ?, ?)", data)
    db.execute("COMMIT")
    took = time.perf_counter() - began
    db.close()
    for part in glob.glob(f"{file}*"):
        os.remove(part)
    return count / took


class Postgres:
    """A cluster of its own, with the settings that the book names for a first load."""

    def __init__(self, folder):
        self.bin = max(glob.glob("/usr/lib/postgresql/*/bin"), key=lambda path: int(path.split("/")[-2]))
        self.data = folder / "pg"
        self.data.mkdir()
        account = pwd.getpwnam("postgres")
        self.run_as = {"user": account.pw_uid, "group": account.pw_gid, "cwd": "/"} if os.getuid() == 0 else {}
        if self.run_as:
            folder.chmod(0o755)
            os.chown(self.data, account.pw_uid, account.pw_gid)
        self.call("initdb", "-U", "postgres", "-A", "trust", "--locale=C.UTF-8", "-E", "UTF8", "-D", self.data)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        settings = f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={self.data} -c max_wal_size=4GB -c shared_buffers=512MB"
        self.call("pg_ctl", "-D", self.data, "-w", "-l", self.data / "log", "-o", settings, "start")
        self.sql("CREATE ROLE lockstep LOGIN")

    def call(self, program, *words, **more):
        return subprocess.run([f"{self.bin}/{program}", *map(str, words)], check=True, stdout=subprocess.DEVNULL, **self.run_as, **more)

    def sql(self, text, database="postgres", **more):
        self.call("psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-h", self.data, "-p", self.port, "-U", "postgres", "-d", database, "-c", text, **more)

    def floor(self, folder, count):
        """Rows a second: COPY."""
        self.sql("DROP TABLE IF EXISTS t; CREATE TABLE t (n bigint PRIMARY KEY, guid text UNIQUE, mail text, name text, body text);"
                 "CREATE INDEX ON t (mail); CREATE INDEX ON t (name)")
        file = folder / "rows"
        file.write_text("".join("\t".join(map(str, row)) + "\n" for row in rows(count)))
        with file.open("rb") as data:
            began = time.perf_counter()
            self.sql("COPY t FROM STDIN", stdin=data)
            took = time.perf_counter() - began
        file.unlink()
        self.sql("DROP TABLE t")
        return count / took

    def tenant(self):
        self.sql("DROP DATABASE IF EXISTS bench WITH (FORCE)")
        self.sql("CREATE DATABASE bench OWNER lockstep")
        return f"postgresql://lockstep@127.0.0.1:{self.port}/bench?sslmode=disable"

    def stop(self):
        self.call("pg_ctl", "-D", self.data, "-m", "immediate", "stop")


def provisioned(program, count, place):
    """New users a second, of what the program says of each part of the load. What it would measure after that is left out."""
    running = subprocess.Popen([program, str(count), "1000", str(place)], stdout=subprocess.PIPE, text=True)
    users, seconds = 0, 0.0
    for line in running.stdout:
        if part := re.match(r"users from \d+: (\d+) operations, ([0-9.]+) s", line):
            users, seconds = users + int(part[1]), seconds + float(part[2])
        if users >= count:
            break
    running.kill()
    running.wait()
    shutil.rmtree(pathlib.Path(str(place)) / "lockstep-provision-speed", ignore_errors=True)
    if users != count:
        raise SystemExit("the program did not say what it did")
    return count / seconds


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("users", nargs="?", type=int, default=100_000)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--program", help="a provision_speed that was built; else it is built for release")
    parser.add_argument("--json")
    asked = parser.parse_args()
    program = asked.program
    if not program:
        subprocess.run(["cargo", "build", "--release", "--quiet", "-p", "lockstep-storage", "--example", "provision_speed"], cwd=HERE, check=True)
        program = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", HERE / "target")) / "release/examples/provision_speed"
    folder = pathlib.Path(tempfile.mkdtemp(prefix="lockstep-bench-"))
    postgres = None
    figures = {"sqlite": [], "tenant on sqlite": [], "copy": [], "tenant on postgresql": []}
    try:
        postgres = Postgres(folder)
        for number in range(asked.repeat):
            figures["sqlite"].append(sqlite_floor(folder, asked.users))
            figures["tenant on sqlite"].append(provisioned(program, asked.users, folder))
            figures["copy"].append(postgres.floor(folder, asked.users))
            figures["tenant on postgresql"].append(provisioned(program, asked.users, postgres.tenant()))
            print(f"round {number + 1}: " + ", ".join(f"{name} {values[-1]:,.0f}/s" for name, values in figures.items()), flush=True)
    finally:
        if postgres:
            postgres.stop()
        shutil.rmtree(folder, ignore_errors=True)
    middle = {name: statistics.median(values) for name, values in figures.items()}
    ratios = {"sqlite": middle["tenant on sqlite"] / middle["sqlite"], "postgresql": middle["tenant on postgresql"] / middle["copy"]}
    print(f"{asked.users:,} users, medians of {asked.repeat}: SQLite {middle['tenant on sqlite']:,.0f} of {middle['sqlite']:,.0f} rows a second "
          f"({ratios['sqlite']:.2f}), PostgreSQL {middle['tenant on postgresql']:,.0f} of {middle['copy']:,.0f} ({ratios['postgresql']:.2f})")
    if asked.json:
        pathlib.Path(asked.json).write_text(json.dumps({"users": asked.users, "rounds": figures, "medians": middle, "ratios": ratios}, indent=2) + "\n")


if __name__ == "__main__":
    main()
