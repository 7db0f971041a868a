"""prometheus-pgbouncer-exporter reads the console as it reads PgBouncer's: what it publishes is what was done."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request

import psycopg2


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def scrape(port):
    for _ in range(200):
        try:
            return urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10).read().decode()
        except OSError:
            time.sleep(0.1)
    raise SystemExit("the exporter does not listen")


def value(text, name, **labels):
    for line in text.splitlines():
        sample, _, number = line.rpartition(" ")
        if sample.partition("{")[0] == name and all(f'{key}="{wanted}"' in sample for key, wanted in labels.items()):
            return float(number)
    raise SystemExit(f"no {name} {labels} in what the exporter publishes:\n{text}")


host, pooler = os.environ["PGHOST"], os.environ["PGPORT"]
client = psycopg2.connect(host=host, port=pooler, user="app", dbname="app")
client.autocommit = True
for _ in range(3):
    client.cursor().execute("select 1")
client.autocommit = False
client.cursor().execute("select 1")

port = free_port()
with tempfile.NamedTemporaryFile("w", suffix=".yml") as config:
    config.write(
        f"exporter_host: 127.0.0.1\nexporter_port: {port}\npgbouncers:\n"
        f"  - dsn: postgresql://admin:@{host}:{pooler}/pgbouncer\n    connect_timeout: 5\n"
    )
    config.flush()
    exporter = subprocess.Popen([os.path.join(os.path.dirname(sys.executable), "pgbouncer-exporter"), "--config", config.name])
    try:
        text = scrape(port)
    finally:
        exporter.send_signal(signal.SIGTERM)
        exporter.wait(20)

own = {"database": "app"}
assert value(text, "pgbouncer_up") == 1, text
assert value(text, "pgbouncer_stats_queries_total", **own) >= 4, text
assert value(text, "pgbouncer_stats_transactions_total", **own) >= 3, text
assert value(text, "pgbouncer_stats_received_bytes_total", **own) > 0, text
assert value(text, "pgbouncer_pools_client_active_connections", user="app", **own) >= 1, text
assert value(text, "pgbouncer_pools_server_active_connections", user="app", **own) >= 1, text
assert value(text, "pgbouncer_databases_database_current_connections", **own) >= 1, text
assert value(text, "pgbouncer_config_max_client_conn") == 100, text
client.rollback()
client.close()
