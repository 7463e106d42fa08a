from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("complaints", "0010_several_demands_and_callers")]

    operations = [
        migrations.AddField(
            model_name="complaint",
            name="received_on",
            field=models.DateField(blank=True, null=True, verbose_name="day of receipt"),
        ),
    ]
