from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("order", "0004_planned_until")]

    operations = [
        migrations.AddField(
            model_name="entitlement",
            name="repeats",
            field=models.BooleanField(default=True, db_default=True, verbose_name="next applications are prepared"),
        ),
    ]
