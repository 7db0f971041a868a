"""What real drivers do with prepared statements, through pgvalet in transaction mode with fewer servers than clients.

Usage: prepared_statements.py NAME
"""

import asyncio
import sys

from support import host, port

login = dict(host=host, port=port, user="app")


def psycopg3():
    import psycopg

    def connect():
        return psycopg.connect(dbname="app", prepare_threshold=0, autocommit=True, **login)

    clients = [connect() for _ in range(4)]
    for number in range(40):
        for client in clients:
            assert client.execute("select %s::int + 1", [number]).fetchone() == (number + 1,)
    # Its cache holds 100 statements: what falls out is given up with DEALLOCATE, also inside a transaction.
    for number in range(250):
        for client in clients[:2]:
            with client.transaction():
                assert client.execute(f"select {number}, %s::text", ["x"]).fetchone() == (number, "x")
    with clients[0].pipeline():
        cursors = [clients[0].execute(f"select {number % 7}, %s::int", [number]) for number in range(300)]
        assert [cursor.fetchone() for cursor in cursors] == [(number % 7, number) for number in range(300)]
    try:
        with clients[1].transaction():
            clients[1].execute("select 1 / %s::int", [0])
        raise AssertionError("no error")
    except psycopg.errors.DivisionByZero:
        pass
    clients[2].execute("create table if not exists driver_changing (a int)")
    clients[2].execute("truncate driver_changing")
    clients[2].execute("insert into driver_changing values (1)")
    for client in clients:
        assert client.execute("select * from driver_changing").fetchall() == [(1,)]
    clients[2].execute("alter table driver_changing add b text default 'new'")
    for client in clients:
        assert client.execute("select * from driver_changing").fetchall() == [(1, "new")]
    clients[2].execute("drop table driver_changing")
    clients[3].execute("deallocate all")
    clients[0].execute("discard all")
    for client in clients:
        assert client.execute("select %s::int + 1", [1]).fetchone() == (2,)
        client.close()


def asyncpg():
    import asyncpg as driver

    async def work(client, number):
        for round in range(60):
            assert await client.fetchval("select $1::int * 2", round) == round * 2
            assert await client.fetchrow(f"select {round}, $1::text", "x") == (round, "x")
        async with client.transaction():
            statement = await client.prepare(f"select {number}, $1::int")
            assert await statement.fetchrow(5) == (number, 5)
        try:
            await client.fetchval("select 1 / $1::int", 0)
            raise AssertionError("no error")
        except driver.DivisionByZeroError:
            pass

    async def main():
        clients = [await driver.connect(database="app", statement_cache_size=20, **login) for _ in range(5)]
        await asyncio.gather(*(work(client, number) for number, client in enumerate(clients)))
        await clients[0].execute("create table if not exists async_changing (a int)")
        for client in clients:
            assert await client.fetch("select * from async_changing") == []
        await clients[0].execute("alter table async_changing add b int")
        await clients[0].execute("insert into async_changing values (1, 2)")
        for client in clients:
            assert [tuple(row) for row in await client.fetch("select * from async_changing")] == [(1, 2)]
        await clients[0].execute("drop table async_changing")
        for client in clients:
            await client.close()

    asyncio.run(main())


def pg8000():
    from pg8000 import native

    clients = [native.Connection("app", host=host, port=port, database="app") for _ in range(4)]
    statements = [client.prepare("select :v ::int + 1") for client in clients]
    for number in range(20):
        for client, statement in zip(clients, statements):
            assert client.run("select :v ::text", v="x") == [["x"]]
            assert statement.run(v=number) == [[number + 1]]
    for client, statement in zip(clients, statements):
        statement.close()
        client.close()


{work.__name__: work for work in (psycopg3, asyncpg, pg8000)}[sys.argv[1]]()
