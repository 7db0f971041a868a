"""SQLAlchemy over its drivers for Postgres, with server-side cursors and isolation levels. Usage: sqlalchemy_orm.py DRIVER"""

import sys
import threading

from sqlalchemy import Column, Integer, String, create_engine, select, text
from sqlalchemy.orm import Session, declarative_base

from support import expect, host, port

driver = sys.argv[1]
engine = create_engine(f"postgresql+{driver}://app@{host}:{port}/app", pool_size=5, max_overflow=0)
Base = declarative_base()


class Thing(Base):
    __tablename__ = f"alchemy_{driver}"
    id = Column(Integer, primary_key=True)
    name = Column(String)


Base.metadata.drop_all(engine)
Base.metadata.create_all(engine)
failures = []


def work(index):
    try:
        for number in range(15):
            with Session(engine) as session:
                session.add_all([Thing(name=f"{index} {number} {part}") for part in range(3)])
                session.commit()
                expect("found", len(session.scalars(select(Thing).where(Thing.name.like(f"{index} {number} %"))).all()), 3)
            with engine.connect().execution_options(isolation_level="SERIALIZABLE") as connection:
                expect("isolation", connection.scalar(text("show transaction_isolation")), "serializable")
            with engine.connect() as connection:
                expect("isolation", connection.scalar(text("show transaction_isolation")), "read committed")
                try:
                    connection.execute(text("select 1 / :n"), {"n": 0})
                    raise AssertionError("no error")
                except Exception as error:
                    expect("error", "division by zero" in str(error), True)
    except BaseException as error:  # For the main thread.
        failures.append(error)


threads = [threading.Thread(target=work, args=(index,)) for index in range(5)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
if failures:
    raise failures[0]
with engine.connect().execution_options(yield_per=7) as connection:
    expect("stream", sum(1 for _ in connection.execute(select(Thing))), 225)
with engine.begin() as connection:
    connection.execute(text(f"alter table {Thing.__tablename__} add age int default 3"))
with engine.connect() as connection:
    for _ in range(8):
        expect("age", connection.execute(text(f"select * from {Thing.__tablename__} limit 1")).one()[-1], 3)
Base.metadata.drop_all(engine)
