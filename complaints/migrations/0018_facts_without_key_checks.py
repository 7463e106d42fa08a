import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("complaints", "0017_list_of_all"),
        ("marketplace", "0015_rules_without_a_reader"),
    ]

    operations = [
        migrations.AlterField(
            model_name="casemark",
            name="complaint",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to="complaints.complaint",
            ),
        ),
        migrations.AlterField(
            model_name="casemark",
            name="region",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="marketplace.region",
            ),
        ),
        migrations.AlterField(
            model_name="casestretch",
            name="complaint",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to="complaints.complaint",
            ),
        ),
        migrations.AlterField(
            model_name="casestretch",
            name="region",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="marketplace.region",
            ),
        ),
        migrations.AlterField(
            model_name="daytally",
            name="region",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="marketplace.region",
            ),
        ),
        migrations.AlterField(
            model_name="daytotal",
            name="region",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="marketplace.region",
            ),
        ),
    ]
