"""Django: iterator() by cursors WITH HOLD, with and without server-side binding, migrations, isolation levels. Usage: django_orm.py"""

import django
from django.conf import settings
from support import expect, host, port

database = dict(ENGINE="django.db.backends.postgresql", NAME="app", USER="app", HOST=host, PORT=port)
settings.configure(
    DATABASES={
        "default": database,
        "binding": {**database, "OPTIONS": {"server_side_binding": True}},
        "serializable": {**database, "OPTIONS": {"isolation_level": 4, "options": "-c search_path=public"}},
        **{f"other{number}": database for number in range(3)},
    },
    INSTALLED_APPS=["django.contrib.contenttypes"],
    USE_TZ=True,
    TIME_ZONE="Asia/Tokyo",
)
django.setup()

from django.contrib.contenttypes.models import ContentType
from django.core.management import call_command
from django.db import DataError, connections, transaction

call_command("migrate", verbosity=0)
ContentType.objects.bulk_create([ContentType(app_label="a", model=str(number)) for number in range(300)])
count = ContentType.objects.count()
others = ["other0", "other1", "other2"]
for using in ("default", "binding", "serializable"):
    seen = 0
    for thing in ContentType.objects.using(using).iterator(chunk_size=20):
        seen += 1
        if seen % 50 == 0:
            for other in others:
                expect("another's", ContentType.objects.using(other).filter(pk=thing.pk).count(), 1)
    expect("iterator", seen, count)
    for _ in range(3):
        with transaction.atomic(using=using), connections[using].cursor() as cursor:
            cursor.execute("select %s::int + 1", [1])
            expect("sum", cursor.fetchone(), (2,))
            cursor.execute("show timezone")
            expect("time zone", cursor.fetchone()[0] in ("UTC", "Asia/Tokyo"), True)
            try:
                with transaction.atomic(using=using):
                    cursor.execute("select 1 / %s::int", [0])
            except DataError:
                pass
            cursor.execute("show transaction_isolation")
            expect("isolation", cursor.fetchone()[0], "serializable" if using == "serializable" else "read committed")
with connections["default"].cursor() as cursor:
    cursor.execute("drop table django_content_type, django_migrations")
