"""Drivers with Python's DB-API, over what they have in common. Usage: dbapi.py MODULE"""

import importlib
import sys

from support import expect, host, password_port, port

name = sys.argv[1]
driver = importlib.import_module(name)


def connect(**more):
    if name == "pgdb":
        options = more.pop("options", None)
        return driver.connect(host=f"{host}:{more.pop('port', port)}", user="app", database="app", **({"options": options} if options else {}), **more)
    database = {"dbname" if name in ("psycopg2", "psycopg") else "database": "app"}
    return driver.connect(**{"host": host, "port": port, "user": "app", **database, **more})


def run(client, sql, *parameters):
    cursor = client.cursor()
    cursor.execute(sql, parameters) if parameters else cursor.execute(sql)
    row = cursor.fetchone() if cursor.description else None
    cursor.close()
    return row and row[0]


def state(work):
    try:
        work()
    except driver.Error as error:
        if isinstance(error.args[0] if error.args else None, dict):
            return error.args[0].get("C")
        return getattr(error, "sqlstate", None) or getattr(error, "pgcode", None) or str(error)
    return "none"


clients = [connect() for _ in range(5)]
for client in clients:
    client.autocommit = True
for number in range(8):
    for index, client in enumerate(clients):
        expect("sum", run(client, "select %s::int + %s::int", number, index), number + index)
for client in clients:
    client.autocommit = False
    for number in range(3):
        expect("in transaction", run(client, "select %s::int * 2", number), number * 2)
    expect("SQLSTATE", state(lambda: run(client, "select 1 / %s::int", 0)), "22012")
    client.rollback()
    expect("quotient", run(client, "select 1 / %s::int", 1), 1)
    client.commit()
    client.autocommit = True

first, second, *others = clients
run(first, "drop table if exists py_changing")
run(first, "create table py_changing as select 1 as a")
for client in clients:
    expect("before", run(client, "select * from py_changing where a = %s", 1), 1)
run(first, "alter table py_changing alter a type bigint")
for client in clients:
    expect("after", run(client, "select * from py_changing where a = %s", 1), 1)
run(first, "drop table py_changing")
run(first, "set session characteristics as transaction read only")
for client in clients[1:]:
    expect("another's", run(client, "show transaction_read_only"), "off")
expect("SQLSTATE", state(lambda: run(first, "create table py_nothing ()")), "25006")
run(first, "set session characteristics as transaction read write")
expect("lock", run(first, "select pg_try_advisory_lock(11)"), True)
for client in clients[1:]:
    expect("another's lock", run(client, "select pg_try_advisory_xact_lock(11)"), False)
expect("unlock", run(first, "select pg_advisory_unlock(11)"), True)
run(first, "declare held cursor with hold for select generate_series(1, 5)")
for number in range(1, 6):
    expect("cursor", run(first, "fetch held"), number)
    for client in clients[1:]:
        run(client, "select 1")
run(first, "close held")
if name == "psycopg2":
    named = second.cursor("walk", withhold=True)
    named.itersize = 3
    named.execute("select generate_series(1, 20)")
    for number, row in enumerate(named):
        expect("named cursor", row, (number + 1,))
        run(first, "select 1")
    named.close()
    expect("listening", run(first, "listen py_news"), None)
    run(second, "notify py_news, 'heard'")
    while not first.notifies:
        import select
        select.select([first], [], [], 10)
        first.poll()
    expect("heard", first.notifies[0].payload, "heard")
if name != "pg8000.dbapi":
    own = connect(options="-c search_path=mine -c statement_timeout=7s")
    own.autocommit = True
    for _ in range(3):
        expect("search_path", run(own, "show search_path"), "mine")
        expect("another's", run(second, "show statement_timeout"), "0")
wrong = state(lambda: connect(port=password_port, password="wrong"))
expect("wrong password", wrong == "28P01" or "authentication failed" in wrong, True)
