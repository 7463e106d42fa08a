"""Tell which product changed, and in which transaction: a reader finds what is new without counting everything."""

from django.db import migrations, models
from django.db.models.functions import Cast

TRANSACTION = Cast(
    Cast(models.Func(function="pg_current_xact_id", output_field=models.TextField()), models.TextField()),
    models.BigIntegerField(),
)


class Migration(migrations.Migration):
    dependencies = [("marketplace", "0025_given_passwords")]

    operations = [
        migrations.AddField("pagechange", "product_id", models.BigIntegerField(null=True)),
        migrations.AddField("pagechange", "transaction", models.BigIntegerField(db_default=TRANSACTION)),
        migrations.AddIndex("pagechange", models.Index(fields=["transaction"], name="page_change_transaction")),
    ]
