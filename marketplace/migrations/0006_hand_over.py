import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("marketplace", "0005_draft_keys")]

    operations = [
        migrations.CreateModel(
            name="ContinueCode",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "draft",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="continue_codes",
                        to="marketplace.draft",
                    ),
                ),
                ("digest", models.BinaryField()),
                (
                    "made_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "consent",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="marketplace.event"
                    ),
                ),
                ("made_at", models.DateTimeField()),
                ("expires_at", models.DateTimeField()),
                ("used_at", models.DateTimeField(null=True)),
                (
                    "used_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "withdrawn_at",
                    models.DateTimeField(help_text="a newer code took its place, or the help was stopped", null=True),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["expires_at"], name="continue_code_expires")],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("used_at", None), ("withdrawn_at", None)),
                        fields=("digest",),
                        name="continue_code_waits_once",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("used_at", None), ("withdrawn_at", None)),
                        fields=("draft",),
                        name="continue_code_one_a_draft",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="HelpGrant",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "draft",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="help_grants", to="marketplace.draft"
                    ),
                ),
                (
                    "helper",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "granted_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "consent",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="marketplace.event"
                    ),
                ),
                ("begins_at", models.DateTimeField()),
                ("until", models.DateTimeField()),
                ("ended_at", models.DateTimeField(null=True)),
                (
                    "ended_because",
                    models.CharField(
                        blank=True,
                        choices=[("discarded", "Discarded"), ("stopped", "Stopped"), ("renewed", "Renewed")],
                        max_length=10,
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("ended_at", None)), fields=["helper", "until"], name="help_grant_of_helper"
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("ended_at", None)),
                        fields=("draft", "helper"),
                        name="help_grant_one_a_helper",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("until__gt", models.F("begins_at"))), name="help_grant_ends_after_it_begins"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Mirror",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "draft",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="mirrors", to="marketplace.draft"
                    ),
                ),
                (
                    "opened_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                ("session_key", models.CharField(blank=True, editable=False, max_length=40)),
                ("code_digest", models.BinaryField()),
                ("code_expires_at", models.DateTimeField()),
                ("token_hash", models.BinaryField(null=True, unique=True)),
                ("made_at", models.DateTimeField()),
                ("joined_at", models.DateTimeField(null=True)),
                ("until", models.DateTimeField(null=True)),
                ("confirmed", models.JSONField(default=dict)),
                ("ended_at", models.DateTimeField(null=True)),
                (
                    "ended_because",
                    models.CharField(
                        blank=True,
                        choices=[("discarded", "Discarded"), ("closed", "Closed"), ("renewed", "Renewed")],
                        max_length=10,
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("ended_at", None)), fields=("draft",), name="mirror_one_a_draft"
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("ended_at", None), ("joined_at", None)),
                        fields=("code_digest",),
                        name="mirror_code_waits_once",
                    ),
                ],
            },
        ),
    ]
