"""Drivers with interfaces of their own. Usage: more_drivers.py NAME"""

import asyncio
import sys

from support import expect, host, password_port, port


def aiopg():
    import aiopg as driver

    async def main():
        clients = [await driver.connect(host=host, port=port, user="app", dbname="app") for _ in range(4)]
        for number in range(5):
            for index, client in enumerate(clients):
                async with client.cursor() as cursor:
                    await cursor.execute("select %s + %s", (number, index))
                    expect("sum", await cursor.fetchone(), (number + index,))
        for client in clients:
            await client.close()

    asyncio.run(main())


def py_postgresql():
    import postgresql
    from postgresql import versionstring

    # It cannot read the version of Debian's Postgres, with its package in parentheses.
    read = versionstring.split
    versionstring.split = lambda text: read(text.split()[0])
    address = f"pq://app@{host}:{port}/app"
    clients = [postgresql.open(address) for _ in range(4)]
    statements = [client.prepare(f"select $1::int + {index}") for index, client in enumerate(clients)]
    for number in range(5):
        for index, statement in enumerate(statements):
            expect("sum", statement.first(number), number + index)
    # It walks through rows by cursors WITH HOLD.
    rows = clients[0].prepare("select generate_series(1, 500)").rows()
    for number, row in enumerate(rows):
        expect("row", row[0], number + 1)
        if number % 100 == 0:
            for client in clients[1:]:
                client.query.first("select 1")
    for client in clients:
        with client.xact("serializable"):
            expect("isolation", client.query.first("show transaction_isolation"), "serializable")
        expect("isolation", client.query.first("show transaction_isolation"), "read committed")
        try:
            client.prepare("select 1 / $1::int").first(0)
            raise AssertionError("no error")
        except postgresql.exceptions.ZeroDivisionError:
            pass
    for client in clients:
        client.close()


def adbc():
    import adbc_driver_postgresql.dbapi as driver

    clients = [driver.connect(f"postgresql://app@{host}:{port}/app", autocommit=True) for _ in range(4)]
    for number in range(5):
        for index, client in enumerate(clients):
            with client.cursor() as cursor:
                cursor.execute(f"select $1::bigint + {index}", (number,))
                expect("sum", cursor.fetchone(), (number + index,))
    for client in clients:
        client.close()


def peewee():
    from peewee import CharField, Model, PostgresqlDatabase

    databases = [PostgresqlDatabase("app", host=host, port=port, user="app") for _ in range(4)]

    class Pewee(Model):
        name = CharField()

    for index, database in enumerate(databases):
        with database.bind_ctx([Pewee]):
            if index == 0:
                database.drop_tables([Pewee])
                database.create_tables([Pewee])
            with database.atomic():
                Pewee.insert_many([{"name": f"{index} {number}"} for number in range(20)]).execute()
                with database.atomic() as inner:
                    Pewee.create(name="gone")
                    inner.rollback()
            expect("count", Pewee.select().count(), (index + 1) * 20)
    with databases[0].bind_ctx([Pewee]):
        databases[0].drop_tables([Pewee])


def tortoise():
    from tortoise import Tortoise, fields
    from tortoise.models import Model
    from tortoise.transactions import in_transaction

    class Shell(Model):
        id = fields.IntField(primary_key=True)
        name = fields.TextField()

    sys.modules["shells"] = type(sys)("shells")
    sys.modules["shells"].Shell = Shell
    Shell.__module__ = "shells"

    async def main():
        await Tortoise.init(db_url=f"asyncpg://app@{host}:{port}/app?maxsize=5", modules={"models": ["shells"]})
        await Tortoise.get_connection("default").execute_script("drop table if exists shell")
        await Tortoise.generate_schemas()

        async def work(index):
            for number in range(20):
                thing = await Shell.create(name=f"{index} {number}")
                expect("found", (await Shell.get(id=thing.id)).name, thing.name)
                async with in_transaction():
                    expect("filtered", await Shell.filter(name=thing.name).count(), 1)

        await asyncio.gather(*(work(index) for index in range(5)))
        expect("all", await Shell.all().count(), 100)
        await Tortoise.get_connection("default").execute_script("drop table shell")
        await Tortoise.close_connections()

    asyncio.run(main())


def wrong_password():
    import asyncpg

    async def main():
        try:
            await asyncpg.connect(host=host, port=password_port, user="app", database="app", password="wrong", ssl=False)
            raise AssertionError("a wrong password was taken")
        except asyncpg.InvalidPasswordError as error:
            expect("SQLSTATE", error.sqlstate, "28P01")

    asyncio.run(main())


{work.__name__: work for work in (aiopg, py_postgresql, adbc, peewee, tortoise, wrong_password)}[sys.argv[1]]()
