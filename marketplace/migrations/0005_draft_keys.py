import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("marketplace", "0004_outbox_open_and_dead"),
    ]

    operations = [
        migrations.AddField(
            model_name="draftsave",
            name="via",
            field=models.CharField(
                blank=True, db_default="", default="", help_text="key: without a session", max_length=10
            ),
        ),
        migrations.CreateModel(
            name="DraftKey",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("device", models.CharField(max_length=64)),
                ("key_hash", models.BinaryField(unique=True)),
                ("session_hash", models.BinaryField(db_index=True)),
                ("password_mark", models.CharField(editable=False, max_length=64)),
                ("strikes", models.PositiveSmallIntegerField(default=0)),
                ("created_at", models.DateTimeField()),
                ("expires_at", models.DateTimeField(db_index=True)),
                ("revoked_at", models.DateTimeField(null=True)),
                (
                    "draft",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="keys", to="marketplace.draft"
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="draft_keys",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("revoked_at", None)),
                        fields=("draft", "user", "device"),
                        name="draft_key_one_per_device",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="DraftReminder",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("moment", models.DateTimeField(help_text="the last touch, or when it was put aside")),
                ("days", models.PositiveSmallIntegerField()),
                ("made_on", models.DateField()),
                (
                    "draft",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="reminders", to="marketplace.draft"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("draft", "moment", "days"), name="draft_reminder_once")
                ],
            },
        ),
    ]
