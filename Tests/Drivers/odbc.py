"""psqlODBC, by pyodbc: its server-side prepares with DEALLOCATE inside transactions, and cursors by Declare/Fetch."""

import os
import sys

import pyodbc

driver = sys.argv[1]
address = f"Driver={driver};Servername={os.environ['PGHOST']};Port={os.environ['PGPORT']};Database=app;Uid=app;"


def connect(more="", **options):
    return pyodbc.connect(address + more, autocommit=True, **options)


def state(work):
    try:
        work()
    except pyodbc.Error as error:
        return error.args[0]
    return "none"


for more in ("", "UseServerSidePrepare=1;", "UseServerSidePrepare=0;", "Protocol=7.4-2;UseServerSidePrepare=1;", "UseDeclareFetch=1;Fetch=3;"):
    clients = [connect(more) for _ in range(4)]
    for number in range(15):
        for index, client in enumerate(clients):
            assert client.execute("select ?::int + ?::int", number, index).fetchone()[0] == number + index
            rows = client.execute(f"select ?::int + g from generate_series(1, 8) g where g > -{number % 3}", number).fetchall()
            assert [row[0] for row in rows] == [number + g for g in range(1, 9)]
    for client in clients:
        client.autocommit = False
        for number in range(5):
            cursor = client.cursor()
            cursor.execute(f"select {number}, ?::text", "x")
            assert tuple(cursor.fetchone()) == (number, "x")
            cursor.close()
        found = state(lambda: client.execute("select 1 / ?::int", 0).fetchall())
        assert found == "22012", found
        client.rollback()
        assert client.execute("select 1 / ?::int", 1).fetchone()[0] == 1
        client.commit()
        client.autocommit = True
    clients[0].execute("set session characteristics as transaction read only")
    assert all(client.execute("show transaction_read_only").fetchone()[0] == "off" for client in clients[1:])
    clients[0].execute("set session characteristics as transaction read write")
    clients[0].execute("drop table if exists odbc_changing")
    clients[0].execute("create table odbc_changing as select 1 as a")
    for client in clients:
        assert client.execute("select * from odbc_changing").fetchall()
    clients[0].execute("alter table odbc_changing add b int default 2")
    for client in clients:
        assert tuple(client.execute("select * from odbc_changing").fetchone()) == (1, 2)
    clients[0].execute("drop table odbc_changing")
    for client in clients:
        client.close()
client = connect("ConnSettings=set search_path to mine;")
other = connect()
for _ in range(3):
    assert client.execute("show search_path").fetchone()[0] == "mine"
    assert other.execute("show search_path").fetchone()[0] != "mine"
wrong = address.replace(f"Port={os.environ['PGPORT']}", f"Port={os.environ['PASSWORD_PORT']}") + "Pwd=wrong;"
found = state(lambda: pyodbc.connect(wrong))
assert found in ("28P01", "28000", "08001"), found
