"""Asks a server through Python's drivers and compares what they read. Usage: drivers.py HOST PORT"""

import asyncio
import datetime as dt
import decimal
import io
import sys
import uuid

import asyncpg
import pg8000.dbapi
import psycopg
import psycopg2
import psycopg2.errors
import psycopg.errors
import sqlalchemy
from psycopg.types.json import Jsonb

WHERE = {"host": sys.argv[1], "port": int(sys.argv[2]), "user": "materialize"}
URL = "{}://materialize@{}:{}/materialize"
COLUMNS = "id, name, price, at, day, told, tags, raw, own, span, ok, ratio"
ROW = (
    7,
    "a'b\n",
    decimal.Decimal("-12.5"),
    dt.datetime(2020, 1, 2, 3, 4, 5, 6000, tzinfo=dt.timezone.utc),
    dt.date(1999, 12, 31),
    {"a": [1, None]},
    [1, 2],
    b"\x00\xff",
    uuid.UUID(int=5),
    dt.timedelta(days=-1, seconds=3, microseconds=5),
    True,
    1.5,
)
NULLS = (8, *[None] * (len(ROW) - 1))


def same(got, expected):
    assert got == expected, f"expected {expected}, got {got}"


def psycopg_3():
    with psycopg.connect(dbname="materialize", autocommit=True, **WHERE) as c:
        c.execute(
            "CREATE TABLE kinds (id int8, name text, price numeric, at timestamptz, day date, told jsonb, tags int4[],"
            " raw bytea, own uuid, span interval, ok bool, ratio float8)"
        )
        for row in (ROW, NULLS):
            values = [Jsonb(value) if isinstance(value, dict) else value for value in row]
            for form in ("%s", "%t", "%b"):
                places = ", ".join([form] * len(row))
                c.execute(f"INSERT INTO kinds VALUES ({places})", values)
        for binary in (False, True):
            cursor = c.cursor(binary=binary)
            for row in (ROW, NULLS):
                cursor.execute(f"SELECT {COLUMNS} FROM kinds WHERE id = %s", (row[0],), prepare=True)
                same(cursor.fetchall(), [row] * 3)
        with c.pipeline():
            a, b = c.execute("SELECT 1"), c.execute("SELECT %s::int", (2,))
        same((a.fetchone(), b.fetchone()), ((1,), (2,)))
        try:
            c.cursor(binary=True).execute("SELECT LIST[1]")
            raise AssertionError("a list has a binary format")
        except psycopg.errors.ProtocolViolation:
            pass
        c.execute("CREATE TABLE copied (id int4, name text)")
        with c.cursor().copy("COPY copied FROM STDIN") as copy:
            copy.write_row((1, "tab\t\\"))
            copy.write_row((2, None))
        with c.cursor().copy("COPY (SELECT * FROM copied ORDER BY id) TO STDOUT (FORMAT binary)") as copy:
            copy.set_types(["int4", "text"])
            same(list(copy.rows()), [(1, "tab\t\\"), (2, None)])
    with psycopg.connect(dbname="materialize", **WHERE) as c, c.cursor(name="cursor") as cursor:
        cursor.execute("SELECT generate_series(1, %s)", (5,))
        same((cursor.fetchmany(2), cursor.fetchall()), ([(1,), (2,)], [(3,), (4,), (5,)]))


def psycopg_2():
    c = psycopg2.connect(dbname="materialize", options="-c cluster=quickstart -c search_path=public,b", **WHERE)
    c.autocommit = True
    cursor = c.cursor()
    cursor.execute("SHOW search_path")
    same(cursor.fetchone(), ("public, b",))
    cursor.execute("SELECT id, name, price, at, told FROM kinds WHERE id = %s AND name = %s", (ROW[0], ROW[1]))
    same(cursor.fetchall(), [(ROW[0], ROW[1], ROW[2], ROW[3], ROW[5])] * 3)
    out = io.StringIO()
    cursor.copy_expert("COPY (SELECT * FROM copied ORDER BY id) TO STDOUT WITH (FORMAT csv)", out)
    same(out.getvalue(), "1,tab\t\\\n2,\n")
    cursor.copy_expert("COPY copied (id) FROM STDIN WITH (FORMAT csv)", io.StringIO("3\n"))
    try:
        cursor.execute("SELECT missing")
        raise AssertionError("a column is there")
    except psycopg2.errors.InternalError as error:
        same(error.pgcode, "XX000")
    c.autocommit = False
    with c.cursor("cursor") as cursor:
        cursor.itersize = 2
        cursor.execute("SELECT generate_series(1, 5)")
        same([row[0] for row in cursor], [1, 2, 3, 4, 5])


def pg8000_and_sqlalchemy():
    c = pg8000.dbapi.connect(database="materialize", **WHERE)
    c.autocommit = True
    cursor = c.cursor()
    cursor.execute("SELECT id, name, price, at, day, told, tags, raw, own FROM kinds WHERE id = %s", (7,))
    same(tuple(cursor.fetchone()), ROW[:9])
    for driver in ("postgresql+psycopg2", "postgresql+pg8000"):
        engine = sqlalchemy.create_engine(URL.format(driver, WHERE["host"], WHERE["port"]))
        with engine.connect() as c:
            query = sqlalchemy.text("SELECT name FROM kinds WHERE id = :id LIMIT 1")
            same(c.execute(query, {"id": 7}).scalar(), ROW[1])
    assert "kinds" in sqlalchemy.inspect(engine).get_table_names()


async def asyncpg_():
    c = await asyncpg.connect(database="materialize", **WHERE)
    row = await c.fetchrow("SELECT id, name, price, at, day, raw, own, span, ok FROM kinds WHERE id = $1 LIMIT 1", 7)
    same(tuple(row), (*ROW[:5], *ROW[7:11]))
    async with c.transaction():
        same([row[0] async for row in c.cursor("SELECT generate_series(1, 5)", prefetch=2)], [1, 2, 3, 4, 5])
    out = io.BytesIO()
    same(await c.copy_from_query("SELECT id FROM copied WHERE id < 3", output=out), "COPY 2")
    await c.close()


psycopg_3()
psycopg_2()
pg8000_and_sqlalchemy()
asyncio.run(asyncpg_())
print("the drivers read what they wrote")
