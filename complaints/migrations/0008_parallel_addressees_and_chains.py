import django.db.models.deletion
from django.db import migrations, models


def keep_who_was_told(apps, schema_editor):
    """Bodies that were told of a complaint become parallel addressees without a date."""
    told = apps.get_model("complaints", "Complaint").informed.through.objects.values_list(
        "complaint_id", "authority_id"
    )
    parallel = apps.get_model("complaints", "ComplaintParallel")
    parallel.objects.bulk_create(
        [parallel(complaint_id=complaint, authority_id=body, why="informed") for complaint, body in told.iterator()],
        batch_size=1000,
    )


class Migration(migrations.Migration):
    dependencies = [
        ("complaints", "0007_complaint_facts_of_suppliers"),
        ("marketplace", "0007_draft_files"),
        ("partner", "0001_initial"),
    ]

    operations = [
        migrations.AddField(
            model_name="complaint",
            name="joins",
            field=models.JSONField(blank=True, default=list, verbose_name="joins afterwards"),
        ),
        migrations.CreateModel(
            name="ComplaintParallel",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "why",
                    models.CharField(
                        choices=[
                            ("informed", "Told at once"),
                            ("safety", "Acts the same day, because somebody is in danger"),
                            ("rule", "Answers as well, by the rule"),
                            ("target", "Chosen by the person"),
                        ],
                        max_length=10,
                        verbose_name="why",
                    ),
                ),
                ("respond_by", models.DateField(blank=True, null=True, verbose_name="respond by")),
                ("due_at", models.DateTimeField(blank=True, null=True, verbose_name="due")),
                ("due_explained", models.JSONField(blank=True, default=dict, verbose_name="how the date was computed")),
                ("late_at", models.DateTimeField(blank=True, null=True, verbose_name="late since")),
                ("done_at", models.DateTimeField(blank=True, null=True, verbose_name="done at")),
                ("done", models.TextField(blank=True, verbose_name="what was done")),
                (
                    "authority",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="parallel_complaints",
                        to="marketplace.authority",
                    ),
                ),
                (
                    "complaint",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="parallels", to="complaints.complaint"
                    ),
                ),
                (
                    "supplier",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="parallel_complaints",
                        to="partner.partner",
                    ),
                ),
            ],
            options={
                "verbose_name": "parallel addressee",
                "verbose_name_plural": "parallel addressees",
                "indexes": [
                    models.Index(
                        condition=models.Q(("done_at__isnull", True), ("late_at__isnull", True)),
                        fields=["respond_by"],
                        name="parallel_due",
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("complaint", "authority"), name="parallel_body_once"),
                    models.UniqueConstraint(fields=("complaint", "supplier"), name="parallel_supplier_once"),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("authority__isnull", False), ("supplier__isnull", True)),
                            models.Q(("authority__isnull", True), ("supplier__isnull", False)),
                            _connector="OR",
                        ),
                        name="parallel_one_addressee",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("respond_by__isnull", True), ("why", "informed")),
                            models.Q(models.Q(("why", "informed"), _negated=True), ("respond_by__isnull", False)),
                            _connector="OR",
                        ),
                        name="parallel_dated_unless_informed",
                    ),
                ],
            },
        ),
        migrations.RunPython(keep_who_was_told, migrations.RunPython.noop),
        migrations.RemoveField(
            model_name="complaint",
            name="informed",
        ),
    ]
